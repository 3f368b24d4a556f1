#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/json_fwd.hpp"
#include "schema/value/quantity.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace actord::schema {
struct resource_type;
}

/// What an object costs, in the words of a ResourceQuota.

namespace actord::actors {

/// Amounts by the names a quota uses: "pods", "requests.cpu", "count/deployments.apps".
using usage_map = std::map<std::string, schema::quantity, std::less<>>;

/// An object as quotas look at it.
struct counted_object {
  usage_map usage;
  bool is_pod = false;
  bool is_claim = false;
  /// Of a pod that is being deleted: when it should have been gone for as long as its grace period. From then
  /// on it is one of "count/pods" and takes nothing else, for its node may be lost.
  std::optional<wall_time> released_at;
  // What the scopes of a quota ask of pods and claims.
  bool has_deadline = false;
  bool best_effort = false;
  bool crosses_namespaces = false; ///< affinity to pods of other namespaces
  std::string priority_class;
  std::set<std::string> volume_classes; ///< volume attributes classes of a claim
  /// Containers of a pod and the names each says something about; empty when the pod itself does.
  std::vector<std::pair<std::string, std::set<std::string>>> containers;

  bool operator==(const counted_object&) const = default;
};

/// A kind by its name alone: what is decided when a batch is sealed may outlive the row of a custom kind.
struct counted_kind {
  std::string group;
  std::string plural;

  static counted_kind of(const schema::resource_type& type);
};

/// False for what quotas never count: events, reviews, and what belongs to no namespace.
bool quotas_count(const schema::resource_type& type);
/// Whether a quota's name speaks of objects of this kind.
bool speaks_of(std::string_view name, const counted_kind& kind);
/// "count/pods", "count/deployments.apps".
std::string count_name(const counted_kind& kind);
/// The older name of that count, for the kinds that have one ("configmaps"); else empty.
std::string_view old_count_name(const counted_kind& kind);

counted_object count_object(const counted_kind& kind, const json& object);
/// How much of that name the object takes at that time.
schema::quantity amount_of(const counted_object& object, std::string_view name, wall_time now);

} // namespace actord::actors
