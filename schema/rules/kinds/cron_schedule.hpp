#pragma once

#include <string>
#include <string_view>

namespace actord::schema::rules {

/// What is wrong with a cron schedule ("*/5 * * * *", "@hourly", "@every 1h30m"); empty when it is well
/// formed.
std::string schedule_complaint(std::string_view schedule);
/// A zone of the IANA database, as far as its first part tells: what a zone means is looked up when the
/// schedule runs.
bool time_zone_exists(std::string_view name);

} // namespace actord::schema::rules
