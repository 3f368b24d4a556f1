#include "actors/scheduler/pod_relations.hpp"

#include "actors/scheduler/node_filters.hpp"

#include <algorithm>

namespace actord::actors {

namespace {

const std::string* label_of(const node_detail& node, std::string_view key) {
  const auto found = node.labels.find(key);
  return found == node.labels.end() ? nullptr : &found->second;
}

/// Does a term of `owner` (which gives the default namespace) mean `other`?
bool means(const placement_state& cluster, const schema::pod_affinity_term& term, const scheduling_pod& owner,
           const scheduling_pod& other) {
  bool in_space = term.spaces.empty() && !term.space_selector.present && other.space == owner.space;
  in_space = in_space || std::find(term.spaces.begin(), term.spaces.end(), other.space) != term.spaces.end();
  if (!in_space && term.space_selector.present) {
    const schema::text_map* const labels = cluster.namespace_labels(other.space);
    in_space = term.space_selector.requirements.empty() ||
               (labels != nullptr && term.space_selector.matches(*labels));
  }
  return in_space && term.selector.matches(other.labels);
}

/// `visit(node, pod)` for each pod on each node.
template <class Visit>
void each_pod(const placement_state& cluster, Visit visit) {
  for (node_slot slot = 0; slot < cluster.columns().size(); ++slot) {
    if (cluster.columns().alive[slot] == 0) continue;
    const node_detail& node = cluster.detail(slot);
    for (const auto& pod : node.pods) visit(node, *pod);
  }
}

schema::selector_view with_keys(const schema::topology_spread_view& constraint, const scheduling_pod& pod) {
  schema::selector_view out = constraint.selector;
  for (const auto& key : constraint.match_label_keys)
    if (const auto found = pod.labels.find(key); found != pod.labels.end())
      out.requirements.push_back({key, schema::selector_operator::in, {found->second}});
  return out;
}

} // namespace

pod_relations::pod_relations(const placement_state& cluster, const scheduling_pod& pod) {
  if (!pod.affinity.required.empty() || !pod.anti_affinity.required.empty()) count_affinity(cluster, pod);
  if (!cluster.anti_affinity_nodes().empty()) count_others_anti_affinity(cluster, pod);
  if (!pod.spread.empty()) count_spread(cluster, pod);
  if (!pod.affinity.preferred.empty() || !pod.anti_affinity.preferred.empty()) count_wishes(cluster, pod);
  restricts_ =
      !affinity_.empty() || !anti_affinity_.empty() || !others_anti_affinity_.empty() || !spread_.empty();
}

const std::int64_t* pod_relations::domain_counts::at(const node_detail& node) const {
  const std::string* const value = label_of(node, topology_key);
  const auto found = value == nullptr ? by_value.end() : by_value.find(*value);
  return found == by_value.end() ? nullptr : &found->second;
}

void pod_relations::count_affinity(const placement_state& cluster, const scheduling_pod& pod) {
  const auto& required = pod.affinity.required;
  const auto means_all = [&](const scheduling_pod& other) {
    return std::all_of(required.begin(), required.end(),
                       [&](const auto& term) { return means(cluster, term, pod, other); });
  };
  for (const auto& term : required) affinity_.push_back({term.topology_key, {}});
  for (const auto& term : pod.anti_affinity.required) anti_affinity_.push_back({term.topology_key, {}});
  each_pod(cluster, [&](const node_detail& node, const scheduling_pod& other) {
    if (!required.empty() && means_all(other))
      for (domain_counts& domain : affinity_)
        if (const auto* const value = label_of(node, domain.topology_key)) ++domain.by_value[*value];
    for (std::size_t i = 0; i < anti_affinity_.size(); ++i)
      if (means(cluster, pod.anti_affinity.required[i], pod, other))
        if (const auto* const value = label_of(node, anti_affinity_[i].topology_key))
          ++anti_affinity_[i].by_value[*value];
  });
  first_of_its_kind_ =
      means_all(pod) && std::all_of(affinity_.begin(), affinity_.end(),
                                    [](const auto& domain) { return domain.by_value.empty(); });
}

void pod_relations::count_others_anti_affinity(const placement_state& cluster, const scheduling_pod& pod) {
  std::map<std::string, counts> by_key;
  for (const auto& [slot, count] : cluster.anti_affinity_nodes()) {
    const node_detail& node = cluster.detail(slot);
    for (const auto& other : node.pods)
      for (const auto& term : other->anti_affinity.required)
        if (const auto* const value = label_of(node, term.topology_key);
            value != nullptr && means(cluster, term, *other, pod))
          ++by_key[term.topology_key][*value];
  }
  for (auto& [key, values] : by_key) others_anti_affinity_.push_back({key, std::move(values)});
}

void pod_relations::count_spread(const placement_state& cluster, const scheduling_pod& pod) {
  for (const auto& constraint : pod.spread) {
    const schema::selector_view selector = with_keys(constraint, pod);
    domain_counts domains{constraint.topology_key, {}};
    for (node_slot slot = 0; slot < cluster.columns().size(); ++slot) {
      if (cluster.columns().alive[slot] == 0) continue;
      const node_detail& node = cluster.detail(slot);
      const std::string* const value = label_of(node, constraint.topology_key);
      if (value == nullptr || (constraint.honor_affinity && !selects(pod, node)) ||
          (constraint.honor_taints && !tolerates_hard_taints(pod, node)))
        continue;
      std::int64_t& count = domains.by_value[*value];
      for (const auto& other : node.pods)
        if (other->space == pod.space && !other->being_deleted && selector.matches(other->labels)) ++count;
    }
    if (!constraint.required) {
      spread_wishes_.push_back(std::move(domains));
      continue;
    }
    spread_rule rule{std::move(domains), constraint.max_skew, 0, selector.matches(pod.labels) ? 1 : 0};
    const auto& values = rule.domains.by_value;
    const bool enough =
        !constraint.min_domains || static_cast<std::int64_t>(values.size()) >= *constraint.min_domains;
    if (enough && !values.empty())
      rule.least = std::min_element(values.begin(), values.end(), [](const auto& left, const auto& right) {
                     return left.second < right.second;
                   })->second;
    spread_.push_back(std::move(rule));
  }
}

void pod_relations::count_wishes(const placement_state& cluster, const scheduling_pod& pod) {
  struct wanted {
    const schema::pod_affinity_term* term;
    wish made;
  };
  std::vector<wanted> all;
  for (const auto& preferred : pod.affinity.preferred)
    all.push_back({&preferred.term, {{preferred.term.topology_key, {}}, preferred.weight}});
  for (const auto& preferred : pod.anti_affinity.preferred)
    all.push_back({&preferred.term, {{preferred.term.topology_key, {}}, -preferred.weight}});
  each_pod(cluster, [&](const node_detail& node, const scheduling_pod& other) {
    for (wanted& item : all)
      if (const auto* const value = label_of(node, item.term->topology_key);
          value != nullptr && means(cluster, *item.term, pod, other))
        ++item.made.domains.by_value[*value];
  });
  for (wanted& item : all) wishes_.push_back(std::move(item.made));
}

std::string pod_relations::refusal(const node_detail& node) const {
  for (const spread_rule& rule : spread_) {
    if (label_of(node, rule.domains.topology_key) == nullptr)
      return "node(s) didn't match pod topology spread constraints (missing required label)";
    const std::int64_t* const here = rule.domains.at(node);
    if ((here == nullptr ? 0 : *here) + rule.self - rule.least > rule.max_skew)
      return "node(s) didn't match pod topology spread constraints";
  }
  for (const domain_counts& domain : affinity_) {
    const bool labelled = label_of(node, domain.topology_key) != nullptr;
    if (!labelled || (domain.at(node) == nullptr && !first_of_its_kind_))
      return "node(s) didn't match pod affinity rules";
  }
  for (const domain_counts& domain : anti_affinity_)
    if (domain.at(node) != nullptr) return "node(s) didn't match pod anti-affinity rules";
  for (const domain_counts& domain : others_anti_affinity_)
    if (domain.at(node) != nullptr) return "node(s) didn't satisfy existing pods anti-affinity rules";
  return {};
}

std::int64_t pod_relations::preference(const node_detail& node) const {
  std::int64_t sum = 0;
  for (const wish& made : wishes_)
    if (const std::int64_t* const count = made.domains.at(node)) sum += made.weight * *count;
  return sum;
}

std::int64_t pod_relations::crowding(const node_detail& node) const {
  std::int64_t sum = 0;
  for (const domain_counts& domain : spread_wishes_)
    if (const std::int64_t* const count = domain.at(node)) sum += *count;
  return sum;
}

} // namespace actord::actors
