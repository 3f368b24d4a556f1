#pragma once

#include <string>
#include <string_view>

namespace actord::actors {

/// Stored bytes as they are before encryption at rest: for whoever has other keys, or none. Empty when they
/// do not open.
std::string plain_object(std::string_view bytes);

} // namespace actord::actors
