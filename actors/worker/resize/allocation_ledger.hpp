#pragma once

#include "actors/scheduler/scheduling_pod.hpp"
#include "actors/worker/resize/pod_resizer.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

/// Which amounts a node has set aside for its pods, and which resizes fit. Pure.

namespace actord::actors {

struct resize_verdict {
  std::string reason; ///< empty: it fits
  std::string message;
};

/// Only what a resize asks for on top of what the pod has can be too much.
resize_verdict judge_resize(const pod_request& asked, const pod_request& allocated, const pod_request& others,
                            const schema::resource_list_view& allocatable);

/// Owned by the node's worker. A pod that is new here gets what it asks for (the scheduler saw to that); from
/// then on what is asked for is set aside when it fits, in this order: those that ask for no more than they
/// have, then by priority, guaranteed ones first, then by how long they have waited.
class allocation_ledger {
public:
  void set_allocatable(schema::resource_list_view allocatable) { allocatable_ = std::move(allocatable); }
  /// The pod as the API has it. `before`: what an earlier daemon had set aside for it.
  void put(schema::pod_view pod, pod_resources asked, const std::optional<pod_resources>& before);
  void remove(const std::string& uid) { pods_.erase(uid); }
  [[nodiscard]] bool knows(const std::string& uid) const { return pods_.contains(uid); }

  /// Decides what waits. Uids of pods whose allotment changed.
  std::set<std::string> settle(wall_time now);

  [[nodiscard]] const allotment& given(const std::string& uid) const { return pods_.at(uid).given; }
  /// With the amounts that are set aside, as its worker is to run it.
  [[nodiscard]] const schema::pod_view& pod(const std::string& uid) const { return pods_.at(uid).pod; }

private:
  struct kept_pod {
    schema::pod_view pod;
    pod_resources asked;
    pod_request asked_sum;
    pod_request allocated_sum;
    pod_request held; ///< set aside or still in force
    allotment given;
    std::optional<wall_time> waiting_since;
  };

  static void allocate(kept_pod& entry, pod_resources resources);
  [[nodiscard]] pod_request held_by_others(const std::string& uid) const;
  [[nodiscard]] std::vector<std::string> in_turn() const;

  schema::resource_list_view allocatable_; ///< unset amounts are not counted
  std::map<std::string, kept_pod> pods_;   ///< by uid
};

} // namespace actord::actors
