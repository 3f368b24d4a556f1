#pragma once

#include "schema/base/clock.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace actord::schema {

/// "2026-01-02T15:04:05Z": the form of every metav1.Time.
std::string format_time(wall_time when);
/// "2026-01-02T15:04:05.000123Z": the form of a metav1.MicroTime.
std::string format_micro_time(wall_time when);
/// RFC 3339, any offset, fractions to the nanosecond. None when it is not one.
std::optional<wall_time> parse_time(std::string_view text);

} // namespace actord::schema
