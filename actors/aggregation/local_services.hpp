#pragma once

#include "actors/controllers/plan.hpp"
#include "schema/discovery/api_service_view.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// APIServices of what this server serves itself: each built-in version of a group has one, and each that
/// custom resource definitions add. Pure.
///
///   wanted  stored                 plan
///   yes     no                     create
///   yes     automanaged            as wanted again, where it differs
///   no      automanaged, local     remove
///   any     made by somebody else  left alone; if it names no Service, it is available because this server
///   is

namespace actord::actors {

/// Where a group stands among groups, and a version among those of its group: the highest comes first.
struct service_priority {
  std::int64_t group = 0;
  std::int64_t version = 0;

  bool operator==(const service_priority&) const = default;
};

struct local_service {
  std::string group;
  std::string version;
  service_priority priority;
  bool custom = false; ///< added by definitions, and gone with the last of them

  bool operator==(const local_service&) const = default;
};

inline constexpr const char* automanaged_label = "kube-aggregator.kubernetes.io/automanaged";
inline constexpr const char* api_service_group = "apiregistration.k8s.io";

/// "v1.apps"; "v1." for the core group.
std::string api_service_name(std::string_view group, std::string_view version);

/// The priority of what this server serves: a number of its own for each built-in group, one for all custom
/// ones.
service_priority local_priority(std::string_view group, std::string_view version);
/// Of the built-in groups, but for the group of APIServices itself, which is served whatever they say.
const std::vector<local_service>& builtin_services();
local_service custom_service(std::string group, std::string version);

/// The whole APIService, with apiVersion and kind.
json api_service_object(const local_service& what);

struct local_service_state {
  object_key key;
  std::optional<seen<schema::api_service_view>> stored;
  std::optional<local_service> wanted;
};

plan reconcile(const local_service_state& state, wall_time now);

} // namespace actord::actors
