#pragma once

#include "actors/scheduler/node_refusal.hpp"
#include "actors/scheduler/placement_state.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::actors {

/// What the pods already placed mean for one pod: inter-pod affinity and topology spread, counted once per
/// decision by the value of a topology label and then asked for each node. Costs nothing when no pod has such
/// wishes. Keeps references to what it was made from: for the length of one decision.
class pod_relations {
public:
  pod_relations(const placement_state& cluster, const scheduling_pod& pod);

  /// False: `refuses` says nothing of any node.
  [[nodiscard]] bool restricts() const {
    return !affinity_.empty() || !anti_affinity_.empty() || !others_anti_affinity_.empty() ||
           !spread_.empty();
  }
  /// Why the pod may not run on the node; unset when it may.
  [[nodiscard]] std::optional<refusal> refuses(const node_detail& node) const;
  /// What if `other` ran on the node too (sign 1), or no longer (-1)? Only what restricts is counted, not
  /// what is preferred. Each question is taken back by its opposite.
  void suppose(const node_detail& node, const scheduling_pod& other, std::int64_t sign);
  /// False: taking pods off the node, whichever, changes no answer.
  [[nodiscard]] bool heeds_pods_of(node_slot slot) const;
  /// False: `preference` is 0 for every node.
  [[nodiscard]] bool prefers() const { return !wishes_.empty() || !spread_wishes_.empty(); }
  /// Sum of the weights of preferred affinity (negative for anti-affinity) that the node fulfils: what the
  /// pod prefers, and what the pods that are placed prefer of it. That one requires it counts as a weight
  /// of 1.
  [[nodiscard]] std::int64_t preference(const node_detail& node) const;
  /// How many matching pods are in the node's domains already, by constraints that only wish to spread; one
  /// with many domains or a large skew counts more. Less is better; unset where a topology label is missing.
  [[nodiscard]] std::optional<double> crowding(const node_detail& node) const;

private:
  using counts = std::map<std::string, std::int64_t, std::less<>>; ///< by value of one topology label

  struct domain_counts {
    std::string topology_key;
    counts by_value;
    [[nodiscard]] const std::int64_t* at(const node_detail& node) const;
    /// A value that counts nothing any more is forgotten.
    void add(const node_detail& node, std::int64_t sign);
  };
  struct spread_rule {
    const schema::topology_spread_view* constraint = nullptr;
    schema::selector_view selector;
    domain_counts domains;
    std::map<std::int64_t, std::size_t> sizes; ///< how many domains hold that many matching pods
    std::int64_t self = 0;                     ///< 1 when the pod counts in its own constraint
    /// Matching pods in the emptiest domain; 0 while there are fewer domains than wanted.
    [[nodiscard]] std::int64_t least() const;
  };
  struct wish {
    domain_counts domains;
    std::int64_t weight = 0;
  };

  void count_affinity();
  void count_others_anti_affinity();
  void count_spread();
  void count_wishes();
  void count_others_wishes();
  void suppose_affinity(const node_detail& node, const scheduling_pod& other, std::int64_t sign);
  void suppose_others_anti_affinity(const node_detail& node, const scheduling_pod& other, std::int64_t sign);
  void suppose_spread(const node_detail& node, const scheduling_pod& other, std::int64_t sign);
  [[nodiscard]] bool means_all(const scheduling_pod& other) const;
  /// The node's domain counts in the constraint.
  [[nodiscard]] bool takes_part(const schema::topology_spread_view& constraint,
                                const node_detail& node) const;
  [[nodiscard]] bool counts_in(const schema::selector_view& selector, const scheduling_pod& other) const;

  const placement_state& cluster_;
  const scheduling_pod& pod_;
  std::vector<domain_counts> affinity_;
  bool means_itself_ = false; ///< matches its own affinity: it may start the group when nobody else does
  std::vector<domain_counts> anti_affinity_;
  std::vector<domain_counts> others_anti_affinity_;
  std::vector<spread_rule> spread_;
  std::vector<wish> wishes_;
  struct spread_wish {
    domain_counts domains;
    double weight = 0;
    double least = 0;
  };
  std::vector<spread_wish> spread_wishes_;
};

} // namespace actord::actors
