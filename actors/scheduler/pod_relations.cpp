#include "actors/scheduler/pod_relations.hpp"

#include "actors/scheduler/node_filters.hpp"

#include <algorithm>
#include <cmath>

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

pod_relations::pod_relations(const placement_state& cluster, const scheduling_pod& pod)
    : cluster_(cluster), pod_(pod) {
  if (!pod.affinity.required.empty() || !pod.anti_affinity.required.empty()) count_affinity();
  if (!cluster.anti_affinity_nodes().empty()) count_others_anti_affinity();
  if (!pod.spread.empty()) count_spread();
  if (!pod.affinity.preferred.empty() || !pod.anti_affinity.preferred.empty()) count_wishes();
  if (!cluster.wishing_nodes().empty()) count_others_wishes();
}

const std::int64_t* pod_relations::domain_counts::at(const node_detail& node) const {
  const std::string* const value = label_of(node, topology_key);
  const auto found = value == nullptr ? by_value.end() : by_value.find(*value);
  return found == by_value.end() ? nullptr : &found->second;
}

void pod_relations::domain_counts::add(const node_detail& node, std::int64_t sign) {
  const std::string* const value = label_of(node, topology_key);
  if (value == nullptr) return;
  const auto found = by_value.try_emplace(*value, 0).first;
  found->second += sign;
  if (found->second == 0) by_value.erase(found);
}

std::int64_t pod_relations::spread_rule::least() const {
  const bool enough = !constraint->min_domains ||
                      static_cast<std::int64_t>(domains.by_value.size()) >= *constraint->min_domains;
  return enough && !sizes.empty() ? sizes.begin()->first : 0;
}

bool pod_relations::heeds_pods_of(node_slot slot) const {
  const auto& hermits = cluster_.anti_affinity_nodes();
  return !affinity_.empty() || !anti_affinity_.empty() || !spread_.empty() ||
         hermits.find(slot) != hermits.end();
}

void pod_relations::suppose(const node_detail& node, const scheduling_pod& other, std::int64_t sign) {
  if (!affinity_.empty() || !anti_affinity_.empty()) suppose_affinity(node, other, sign);
  if (!other.anti_affinity.required.empty()) suppose_others_anti_affinity(node, other, sign);
  if (!spread_.empty()) suppose_spread(node, other, sign);
}

bool pod_relations::means_all(const scheduling_pod& other) const {
  const auto& required = pod_.affinity.required;
  return std::all_of(required.begin(), required.end(),
                     [&](const auto& term) { return means(cluster_, term, pod_, other); });
}

void pod_relations::suppose_affinity(const node_detail& node, const scheduling_pod& other,
                                     std::int64_t sign) {
  if (!affinity_.empty() && means_all(other))
    for (domain_counts& domain : affinity_) domain.add(node, sign);
  for (std::size_t i = 0; i < anti_affinity_.size(); ++i)
    if (means(cluster_, pod_.anti_affinity.required[i], pod_, other)) anti_affinity_[i].add(node, sign);
}

void pod_relations::suppose_others_anti_affinity(const node_detail& node, const scheduling_pod& other,
                                                 std::int64_t sign) {
  for (const auto& term : other.anti_affinity.required) {
    if (label_of(node, term.topology_key) == nullptr || !means(cluster_, term, other, pod_)) continue;
    auto domain = std::find_if(others_anti_affinity_.begin(), others_anti_affinity_.end(),
                               [&](const auto& known) { return known.topology_key == term.topology_key; });
    if (domain == others_anti_affinity_.end())
      domain = others_anti_affinity_.insert(domain, {term.topology_key, {}});
    domain->add(node, sign);
  }
}

void pod_relations::suppose_spread(const node_detail& node, const scheduling_pod& other, std::int64_t sign) {
  for (spread_rule& rule : spread_) {
    if (!counts_in(rule.selector, other) || !takes_part(*rule.constraint, node)) continue;
    std::int64_t& count = rule.domains.by_value[*label_of(node, rule.constraint->topology_key)];
    if (--rule.sizes[count] == 0) rule.sizes.erase(count);
    count += sign;
    ++rule.sizes[count];
  }
}

void pod_relations::count_affinity() {
  for (const auto& term : pod_.affinity.required) affinity_.push_back({term.topology_key, {}});
  for (const auto& term : pod_.anti_affinity.required) anti_affinity_.push_back({term.topology_key, {}});
  each_pod(cluster_,
           [&](const node_detail& node, const scheduling_pod& other) { suppose_affinity(node, other, 1); });
  means_itself_ = means_all(pod_);
}

void pod_relations::count_others_anti_affinity() {
  for (const auto& [slot, count] : cluster_.anti_affinity_nodes()) {
    const node_detail& node = cluster_.detail(slot);
    for (const auto& other : node.pods) suppose_others_anti_affinity(node, *other, 1);
  }
}

bool pod_relations::takes_part(const schema::topology_spread_view& constraint,
                               const node_detail& node) const {
  return std::all_of(pod_.spread.begin(), pod_.spread.end(),
                     [&](const auto& each) {
                       return each.required != constraint.required ||
                              label_of(node, each.topology_key) != nullptr;
                     }) &&
         (!constraint.honor_affinity || selects(pod_, node)) &&
         (!constraint.honor_taints || tolerates_hard_taints(pod_, node));
}

bool pod_relations::counts_in(const schema::selector_view& selector, const scheduling_pod& other) const {
  return other.space == pod_.space && !other.being_deleted && selector.matches(other.labels);
}

void pod_relations::count_spread() {
  for (const auto& constraint : pod_.spread) {
    schema::selector_view selector = with_keys(constraint, pod_);
    domain_counts domains{constraint.topology_key, {}};
    for (node_slot slot = 0; slot < cluster_.columns().size(); ++slot) {
      if (cluster_.columns().alive[slot] == 0) continue;
      const node_detail& node = cluster_.detail(slot);
      if (!takes_part(constraint, node)) continue;
      std::int64_t& count = domains.by_value[*label_of(node, constraint.topology_key)];
      for (const auto& other : node.pods)
        if (counts_in(selector, *other)) ++count;
    }
    if (!constraint.required) {
      const double weight = std::log(static_cast<double>(domains.by_value.size()) + 2);
      spread_wishes_.push_back({std::move(domains), weight, static_cast<double>(constraint.max_skew) - 1});
      continue;
    }
    const std::int64_t self = selector.matches(pod_.labels) ? 1 : 0;
    spread_rule rule{&constraint, std::move(selector), std::move(domains), {}, self};
    for (const auto& [value, count] : rule.domains.by_value) ++rule.sizes[count];
    spread_.push_back(std::move(rule));
  }
}

void pod_relations::count_wishes() {
  struct wanted {
    const schema::pod_affinity_term* term;
    wish made;
  };
  std::vector<wanted> all;
  for (const auto& preferred : pod_.affinity.preferred)
    all.push_back({&preferred.term, {{preferred.term.topology_key, {}}, preferred.weight}});
  for (const auto& preferred : pod_.anti_affinity.preferred)
    all.push_back({&preferred.term, {{preferred.term.topology_key, {}}, -preferred.weight}});
  each_pod(cluster_, [&](const node_detail& node, const scheduling_pod& other) {
    for (wanted& item : all)
      if (const auto* const value = label_of(node, item.term->topology_key);
          value != nullptr && means(cluster_, *item.term, pod_, other))
        ++item.made.domains.by_value[*value];
  });
  for (wanted& item : all) wishes_.push_back(std::move(item.made));
}

void pod_relations::count_others_wishes() {
  std::map<std::string, counts> by_key;
  for (const node_slot slot : cluster_.wishing_nodes()) {
    const node_detail& node = cluster_.detail(slot);
    for (const auto& other : node.wishing) {
      const auto count = [&](const schema::pod_affinity_term& term, std::int64_t weight) {
        if (const auto* const value = label_of(node, term.topology_key);
            value != nullptr && means(cluster_, term, *other, pod_))
          by_key[term.topology_key][*value] += weight;
      };
      for (const auto& term : other->affinity.required) count(term, 1);
      for (const auto& preferred : other->affinity.preferred) count(preferred.term, preferred.weight);
      for (const auto& preferred : other->anti_affinity.preferred) count(preferred.term, -preferred.weight);
    }
  }
  for (auto& [key, values] : by_key) wishes_.push_back({{key, std::move(values)}, 1});
}

std::optional<refusal> pod_relations::refuses(const node_detail& node) const {
  for (const spread_rule& rule : spread_) {
    if (label_of(node, rule.domains.topology_key) == nullptr) return refusal::spread_label;
    const std::int64_t* const here = rule.domains.at(node);
    if ((here == nullptr ? 0 : *here) + rule.self - rule.least() > rule.constraint->max_skew)
      return refusal::spread;
  }
  const bool first_of_its_kind =
      means_itself_ && std::all_of(affinity_.begin(), affinity_.end(),
                                   [](const auto& domain) { return domain.by_value.empty(); });
  for (const domain_counts& domain : affinity_) {
    const bool labelled = label_of(node, domain.topology_key) != nullptr;
    if (!labelled || (domain.at(node) == nullptr && !first_of_its_kind)) return refusal::affinity;
  }
  for (const domain_counts& domain : anti_affinity_)
    if (domain.at(node) != nullptr) return refusal::anti_affinity;
  for (const domain_counts& domain : others_anti_affinity_)
    if (domain.at(node) != nullptr) return refusal::others_anti_affinity;
  return std::nullopt;
}

std::int64_t pod_relations::preference(const node_detail& node) const {
  std::int64_t sum = 0;
  for (const wish& made : wishes_)
    if (const std::int64_t* const count = made.domains.at(node)) sum += made.weight * *count;
  return sum;
}

std::optional<double> pod_relations::crowding(const node_detail& node) const {
  double sum = 0;
  for (const spread_wish& made : spread_wishes_) {
    if (label_of(node, made.domains.topology_key) == nullptr) return std::nullopt;
    const std::int64_t* const count = made.domains.at(node);
    sum += (count == nullptr ? 0.0 : static_cast<double>(*count)) * made.weight + made.least;
  }
  return sum;
}

} // namespace actord::actors
