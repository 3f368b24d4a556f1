#pragma once

#include "schema/base/clock.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace actord::schema {

/// A duration for people, in two units at most: "45s", "2m5s", "3h", "5d2h", "2y10d". "<invalid>" when it is
/// negative by more than clocks may differ.
std::string human_duration(std::chrono::nanoseconds duration);

/// How long ago the API time was; "<unknown>" when it is empty.
std::string age_of(std::string_view time, wall_time now);

} // namespace actord::schema
