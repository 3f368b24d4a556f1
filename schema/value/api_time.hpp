#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/result.hpp"

#include <string>
#include <string_view>

/// Times and durations as people and clients write them. schema/base/timestamp.hpp formats and reads times
/// where the reason of a failure does not matter.

namespace actord::schema {

/// A metav1.Time. The error's message is that of Go's time.Parse:
/// `parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"`.
result<wall_time> read_time(std::string_view text);
/// A metav1.MicroTime: exactly six digits of fraction.
result<wall_time> read_micro_time(std::string_view text);

/// An age as kubectl prints it: 5s, 3m12s, 4h, 2d3h, 45d, 3y.
std::string human_duration(std::chrono::nanoseconds duration);

} // namespace actord::schema
