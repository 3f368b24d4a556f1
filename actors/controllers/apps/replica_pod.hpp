#pragma once

#include "schema/object/stored_object.hpp"
#include "schema/view/meta_view.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// A pod as the workload that owns it counts it.

namespace actord::actors {

/// Facts of the envelope, and details of the text only where a decision needs them (`has_details`): when pods
/// must be ranked for deletion or have to stay ready for a while.
struct replica_pod {
  schema::meta_view meta; ///< name, uid, labels, owners, created, deletion; the rest only with details
  revision at;
  std::string node_name;
  std::string phase;
  bool ready = false;
  bool has_details = false;
  std::optional<wall_time> ready_since;
  std::int64_t deletion_cost = 0; ///< annotation controller.kubernetes.io/pod-deletion-cost
  std::int64_t restarts = 0;      ///< most restarts of one container

  [[nodiscard]] bool finished() const { return phase == "Succeeded" || phase == "Failed"; }
  [[nodiscard]] bool active() const { return !finished() && !meta.being_deleted(); }
};

/// What the envelope tells. Of its owners only `controller`, when it is that.
replica_pod facts_of(const schema::object_view& pod, const schema::owner_view& controller);
/// What the envelope does not tell. `meta` becomes whole, with all owners.
void add_details(replica_pod& out, const schema::object_view& pod);

/// Ready, and has been for that long; a pod without details only for no time at all.
bool available(const replica_pod& pod, std::int64_t min_ready_s, wall_time now);
/// When a ready pod will have been so for long enough; unset where it has, or nothing is known.
std::optional<wall_time> available_at(const replica_pod& pod, std::int64_t min_ready_s, wall_time now);

} // namespace actord::actors
