#pragma once

#include "actors/scheduler/placement_state.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace actord::actors {

/// What the pods already placed mean for one pod: inter-pod affinity and topology spread, counted once per
/// decision by the value of a topology label and then asked for each node. Costs nothing when no pod has such
/// wishes.
class pod_relations {
public:
  pod_relations(const placement_state& cluster, const scheduling_pod& pod);

  /// False: `refusal` is empty for every node.
  [[nodiscard]] bool restricts() const { return restricts_; }
  /// Why the pod may not run on the node, in the scheduler's words; empty when it may.
  [[nodiscard]] std::string refusal(const node_detail& node) const;
  /// False: `preference` is 0 for every node.
  [[nodiscard]] bool prefers() const { return !wishes_.empty() || !spread_wishes_.empty(); }
  /// Sum of the weights of preferred affinity (negative for anti-affinity) that the node fulfils.
  [[nodiscard]] std::int64_t preference(const node_detail& node) const;
  /// Matching pods already in the node's domains, of constraints that only wish to spread: fewer is better.
  [[nodiscard]] std::int64_t crowding(const node_detail& node) const;

private:
  using counts = std::map<std::string, std::int64_t, std::less<>>; ///< by value of one topology label

  struct domain_counts {
    std::string topology_key;
    counts by_value;
    [[nodiscard]] const std::int64_t* at(const node_detail& node) const;
  };
  struct spread_rule {
    domain_counts domains;
    std::int64_t max_skew = 1;
    std::int64_t least = 0; ///< matching pods in the emptiest domain
    std::int64_t self = 0;  ///< 1 when the pod counts in its own constraint
  };
  struct wish {
    domain_counts domains;
    std::int64_t weight = 0;
  };

  void count_affinity(const placement_state& cluster, const scheduling_pod& pod);
  void count_others_anti_affinity(const placement_state& cluster, const scheduling_pod& pod);
  void count_spread(const placement_state& cluster, const scheduling_pod& pod);
  void count_wishes(const placement_state& cluster, const scheduling_pod& pod);

  std::vector<domain_counts> affinity_;
  bool first_of_its_kind_ = false; ///< nobody matches its affinity yet but itself: it may start the group
  std::vector<domain_counts> anti_affinity_;
  std::vector<domain_counts> others_anti_affinity_;
  std::vector<spread_rule> spread_;
  std::vector<wish> wishes_;
  std::vector<domain_counts> spread_wishes_;
  bool restricts_ = false;
};

} // namespace actord::actors
