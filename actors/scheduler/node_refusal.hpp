#pragma once

#include "actors/scheduler/scheduling_pod.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// Why a node does not take a pod. Thousands of nodes refuse one pod at a time, so a reason is a bit and
/// becomes words once it is counted.

namespace actord::actors {

enum class refusal : std::uint8_t {
  unschedulable,
  node_name,
  node_name_demanded, ///< of the pod's matchFields, for each other node
  taints,
  selector,
  host_ports,
  too_many_pods,
  cpu,
  memory,
  ephemeral_storage,
  other_resource, ///< see `node_refusals::lacking`
  spread_label,
  spread,
  affinity,
  anti_affinity,
  others_anti_affinity,
  no_victims,  ///< preemption: nobody of a lower priority is there
  no_help_here ///< preemption: nobody's end would help
};
inline constexpr std::size_t refusal_kinds = 18;

/// What the first filter that refused had to say; only that of resources says more than one thing.
struct node_refusals {
  std::uint32_t kinds = 0;            ///< one bit per `refusal`
  std::vector<std::uint16_t> lacking; ///< indexes into the pod's request.others
  bool resolvable = true;             ///< the end of other pods on the node could change it

  [[nodiscard]] bool empty() const { return kinds == 0; }
  void add(refusal why) { kinds |= 1U << static_cast<unsigned>(why); }

  static node_refusals of(refusal why);
  bool operator==(const node_refusals&) const = default;
};

/// How many nodes refused one pod for which reason.
class refusal_tally {
public:
  void add(const node_refusals& why);
  void add(refusal why, std::size_t nodes = 1) { kinds_[static_cast<std::size_t>(why)] += nodes; }
  /// In the words of Kubernetes' default scheduler: people and tools match on them.
  [[nodiscard]] std::map<std::string, std::size_t> reasons(const pod_request& request) const;

private:
  std::array<std::size_t, refusal_kinds> kinds_{};
  std::map<std::uint16_t, std::size_t> lacking_;
};

/// "0/3 nodes are available: 1 Insufficient memory, 2 Insufficient cpu."
std::string nodes_message(std::size_t nodes, const std::map<std::string, std::size_t>& reasons);

} // namespace actord::actors
