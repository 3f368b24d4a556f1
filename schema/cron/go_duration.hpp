#pragma once

#include "schema/base/result.hpp"

#include <chrono>
#include <string_view>

namespace actord::schema {

/// "1h30m", "1.5h", "-90s", "250ms". `invalid` in Go's words ("time: invalid duration ..."); spans of more
/// than 2^63 ns, 292 years, are.
result<std::chrono::nanoseconds> parse_go_duration(std::string_view text);

} // namespace actord::schema
