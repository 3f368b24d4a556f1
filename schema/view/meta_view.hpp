#pragma once

#include "schema/base/clock.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What every object has. The views of all kinds are plain structs, parsed once from canonical text:
/// decisions see them and never raw JSON. A field the text lacks has its zero value; times are wall clock.

namespace actord::schema {

namespace read {
class value;
}

using text_map = std::map<std::string, std::string, std::less<>>;

/// One entry of metadata.ownerReferences, as its author wrote it.
struct owner_view {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  bool controller = false;
  bool blocks_deletion = false;

  bool operator==(const owner_view&) const = default;
};

struct meta_view {
  std::string name;
  std::string generate_name;
  std::string space; ///< namespace
  std::string uid;
  text_map labels;
  text_map annotations;
  std::vector<owner_view> owners;
  std::vector<std::string> finalizers;
  std::int64_t generation = 0;
  std::optional<wall_time> created;
  std::optional<wall_time> deletion; ///< metadata.deletionTimestamp: set means being deleted
  std::optional<std::int64_t> deletion_grace_s;

  [[nodiscard]] bool being_deleted() const { return deletion.has_value(); }
  /// The owner with controller=true, or null.
  [[nodiscard]] const owner_view* controller() const;
  [[nodiscard]] bool has_finalizer(std::string_view finalizer) const;
};

/// A row of status.conditions, for every kind that has them.
struct condition_view {
  std::string type;
  std::string status; ///< "True", "False" or "Unknown"
  std::string reason;
  std::string message;
  std::optional<wall_time> transitioned; ///< lastTransitionTime
  std::optional<wall_time> updated;      ///< lastUpdateTime (deployments) or lastHeartbeatTime (nodes)
  std::int64_t observed_generation = 0;

  bool operator==(const condition_view&) const = default;
};

/// The condition of that type, or null.
const condition_view* find_condition(const std::vector<condition_view>& conditions, std::string_view type);

/// An absolute number or a percentage (maxSurge, maxUnavailable).
struct count_or_percent {
  std::int64_t number = 0;
  bool percent = false;

  bool operator==(const count_or_percent&) const = default;
};

/// A port by number or by name (targetPort, probe ports); `name` empty means by number.
struct port_reference {
  std::int64_t number = 0;
  std::string name;

  bool operator==(const port_reference&) const = default;
};

/// For parsers of views (the argument is the whole object).
meta_view parse_meta(const read::value& object);
condition_view parse_condition(read::value condition);
std::optional<count_or_percent> parse_count_or_percent(const read::value& in);
port_reference parse_port_reference(const read::value& in);

} // namespace actord::schema
