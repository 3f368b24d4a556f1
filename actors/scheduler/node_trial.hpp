#pragma once

#include "actors/scheduler/node_refusal.hpp"
#include "actors/scheduler/placement_state.hpp"
#include "actors/scheduler/pod_relations.hpp"

#include <cstdint>
#include <vector>

namespace actord::actors {

/// What a node holds for one pod and how much of that is taken; only of what the pod asks for.
struct node_room {
  node_room(const placement_state& cluster, const scheduling_pod& pod, node_slot slot);

  std::int64_t milli_cpu, memory_bytes, ephemeral_bytes, pods; ///< allocatable
  std::int64_t used_milli_cpu, used_memory_bytes, used_ephemeral_bytes, used_pods;
  std::vector<std::int64_t> others, used_others; ///< parallel to the pod's request.others
  std::vector<host_port> used_ports;             ///< empty when the pod wants none

  /// Sign 1: `other` runs here too; -1: it does no longer.
  void count(const scheduling_pod& pod, const scheduling_pod& other, std::int64_t sign);
  /// All resources that lack; empty when the pod fits in.
  [[nodiscard]] node_refusals lacks(const pod_request& request) const;
  [[nodiscard]] bool has_free_ports(const scheduling_pod& pod) const;
};

/// One node as it would be with some of its pods gone: may the pod run there then? Pods nominated to the node
/// that go before it count as if they ran; and as if they did not, since nobody knows whether they will. The
/// picture of the cluster stays as it is, and so, once this ends, does `relations`.
class node_trial {
public:
  /// The pod has to be allowed on the node as such: taints, selectors and the like are not asked again.
  node_trial(const placement_state& cluster, const scheduling_pod& pod, node_slot slot,
             pod_relations& relations);
  ~node_trial();
  node_trial(const node_trial&) = delete;
  node_trial& operator=(const node_trial&) = delete;

  /// All pods of the node of a lower priority than the pod's go. First, and at most once. How many there are.
  std::int64_t remove_lower();
  void remove(const scheduling_pod& other);
  /// One of those that had gone.
  void put_back(const scheduling_pod& other);

  /// Why the pod does not fit in; empty when it does.
  [[nodiscard]] node_refusals refusals();

private:
  node_refusals judge() const;

  const placement_state& cluster_;
  const scheduling_pod& pod_;
  const node_slot slot_;
  const node_detail& node_;
  pod_relations& relations_;
  const nominations::pods nominees_;
  const bool heeds_pods_; ///< pods that go change what `relations_` says
  node_room room_;
  std::vector<const scheduling_pod*> gone_; ///< as far as `relations_` knows
};

} // namespace actord::actors
