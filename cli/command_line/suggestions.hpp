#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace actord::cli {

/// The candidate closest to what was typed, when it is close enough to be meant; else empty.
std::string closest(std::string_view typed, const std::vector<std::string>& candidates);

/// ", did you mean \"x\"?" or nothing.
std::string suggestion(std::string_view typed, const std::vector<std::string>& candidates);

} // namespace actord::cli
