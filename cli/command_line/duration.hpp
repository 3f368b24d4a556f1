#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace actord::cli {

/// "90s", "5m", "1h30m", "7d": seconds. None for anything else, and for more than a hundred years.
std::optional<std::int64_t> duration_s(std::string_view text);

} // namespace actord::cli
