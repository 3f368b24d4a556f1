#pragma once

#include <cctz/time_zone.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace actord::schema {

/// A time zone of the machine's IANA database. A value; a zone once found is kept as it was until the process
/// ends, so newer data of the machine is seen after a restart.
class time_zone {
public:
  /// UTC.
  time_zone() : zone_(cctz::utc_time_zone()) {}
  /// "Europe/Berlin"; none for a name that the database does not have, or that is no name of a zone.
  static std::optional<time_zone> find(std::string_view name);

  /// For how long clocks in the zone are how far ahead of UTC.
  struct stretch {
    std::chrono::seconds ahead;
    std::chrono::sys_seconds end; ///< when clocks are set; far away when they never are
  };
  [[nodiscard]] stretch around(std::chrono::sys_seconds when) const;

  /// "2026-07-01T12:00:00+02:00"; "Z" where clocks show UTC.
  [[nodiscard]] std::string format(std::chrono::sys_seconds when) const;

private:
  explicit time_zone(cctz::time_zone zone) : zone_(zone) {}

  cctz::time_zone zone_;
};

} // namespace actord::schema
