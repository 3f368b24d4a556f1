#include "actors/scheduler/preemption.hpp"

#include "schema/base/clock.hpp"
#include "schema/base/rng.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>
#include <tuple>

/// Preemption in small clusters against the definitions themselves: every set of pods that could stay is
/// tried, every rule is counted anew from a list of who runs where.

using namespace actord;
using namespace actord::actors;

namespace {

using pod_ptr = std::shared_ptr<const scheduling_pod>;

struct machine {
  std::string name;
  std::string zone;
  std::int64_t milli_cpu = 0, gpus = 0, pods = 0;
};

struct world {
  std::vector<machine> machines;
  std::vector<std::pair<pod_ptr, std::size_t>> running;   ///< and on which machine
  std::vector<std::pair<pod_ptr, std::size_t>> nominated; ///< likewise
  std::map<std::string, std::int64_t> allowed;            ///< disruptions, by label "app"
};

using placed = std::vector<std::pair<pod_ptr, std::size_t>>;

std::string domain(const machine& where, const std::string& key) {
  return key == "zone" ? where.zone : where.name;
}

std::int64_t gpus_of(const scheduling_pod& pod) {
  return pod.request.others.empty() ? 0 : pod.request.others.front().second;
}

bool avoids(const world& all, const scheduling_pod& hermit, std::size_t where, const scheduling_pod& other,
            std::size_t there) {
  return std::any_of(
      hermit.anti_affinity.required.begin(), hermit.anti_affinity.required.end(), [&](const auto& term) {
        return term.selector.matches(other.labels) && domain(all.machines[where], term.topology_key) ==
                                                          domain(all.machines[there], term.topology_key);
      });
}

bool spreads(const world& all, const scheduling_pod& pod, std::size_t where, const placed& present) {
  for (const auto& rule : pod.spread) {
    std::map<std::string, std::int64_t> counts;
    for (const machine& each : all.machines) counts[domain(each, rule.topology_key)] += 0;
    for (const auto& [other, there] : present)
      if (!other->being_deleted && rule.selector.matches(other->labels))
        ++counts[domain(all.machines[there], rule.topology_key)];
    std::int64_t least = counts.begin()->second;
    for (const auto& [value, count] : counts) least = std::min(least, count);
    const std::int64_t self = rule.selector.matches(pod.labels) ? 1 : 0;
    if (counts[domain(all.machines[where], rule.topology_key)] + self - least > rule.max_skew) return false;
  }
  return true;
}

/// The pod may run on the machine beside those present.
bool fits_beside(const world& all, const scheduling_pod& pod, std::size_t where, const placed& present) {
  std::int64_t milli_cpu = 0, gpus = 0, pods = 0;
  for (const auto& [other, there] : present) {
    if (avoids(all, pod, where, *other, there) || avoids(all, *other, there, pod, where)) return false;
    if (there != where) continue;
    milli_cpu += other->request.milli_cpu;
    gpus += gpus_of(*other);
    ++pods;
    for (const host_port& port : pod.host_ports)
      for (const host_port& used : other->host_ports)
        if (port.clashes_with(used)) return false;
  }
  const machine& here = all.machines[where];
  const auto room = [](std::int64_t wanted, std::int64_t used, std::int64_t there) {
    return wanted == 0 || wanted + used <= there;
  };
  return room(pod.request.milli_cpu, milli_cpu, here.milli_cpu) && room(gpus_of(pod), gpus, here.gpus) &&
         pods + 1 <= here.pods && spreads(all, pod, where, present);
}

bool fits(const world& all, const scheduling_pod& pod, std::size_t where, const placed& present) {
  placed with = present;
  for (const auto& each : all.nominated)
    if (each.second == where && each.first->priority >= pod.priority && each.first->uid != pod.uid)
      with.push_back(each);
  return fits_beside(all, pod, where, present) &&
         (with.size() == present.size() || fits_beside(all, pod, where, with));
}

struct answer {
  std::int64_t violations = 0;
  std::vector<std::string> victims; ///< the most important first
  std::tuple<std::int64_t, std::int64_t, std::int64_t, std::size_t, std::int64_t> cost;
};

/// Kept of the lower pods, in the order in which they may come back.
using kept_pods = std::vector<bool>;

kept_pods best_kept(const world& all, const scheduling_pod& pod, std::size_t where, const placed& others,
                    const pod_list& order, bool& possible) {
  const auto fits_with = [&](const kept_pods& kept) {
    placed present = others;
    for (std::size_t i = 0; i < order.size(); ++i)
      if (kept[i]) present.emplace_back(order[i], where);
    return fits(all, pod, where, present);
  };
  kept_pods best(order.size(), false);
  possible = fits_with(best);
  if (!possible) return best;
  if (!pod.spread.empty()) { // one by one: pods that stay may help too
    for (std::size_t i = 0; i < order.size(); ++i) {
      best[i] = true;
      best[i] = fits_with(best);
    }
    return best;
  }
  for (unsigned set = 0; set < 1U << order.size(); ++set) {
    kept_pods kept(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) kept[i] = (set >> i & 1U) != 0;
    if (kept > best && fits_with(kept)) best = kept;
  }
  return best;
}

std::optional<answer> expected_on(const world& all, const scheduling_pod& pod, std::size_t where) {
  pod_list lower;
  placed others;
  for (const auto& each : all.running)
    if (each.second == where && each.first->priority < pod.priority)
      lower.push_back(each.first);
    else
      others.push_back(each);
  if (lower.empty() || fits(all, pod, where, all.running)) return std::nullopt;
  const auto rank = [](const pod_ptr& each) {
    const auto start =
        each->started ? each->started->time_since_epoch().count() : std::numeric_limits<std::int64_t>::max();
    return std::tuple(-each->priority, start, each->uid);
  };
  const auto by_rank = [&](const pod_ptr& left, const pod_ptr& right) { return rank(left) < rank(right); };
  std::sort(lower.begin(), lower.end(), by_rank);
  std::map<std::string, std::int64_t> used;
  std::set<std::string> violating;
  for (const auto& each : lower) {
    const std::string& app = each->labels.at("app");
    if (const auto allowed = all.allowed.find(app); allowed != all.allowed.end())
      if (++used[app] > allowed->second) violating.insert(each->uid);
  }
  pod_list order = lower;
  std::stable_partition(order.begin(), order.end(),
                        [&](const pod_ptr& each) { return violating.count(each->uid) > 0; });
  bool possible = false;
  const kept_pods kept = best_kept(all, pod, where, others, order, possible);
  if (!possible) return std::nullopt;
  answer out;
  pod_list gone;
  for (std::size_t i = 0; i < order.size(); ++i)
    if (!kept[i]) gone.push_back(order[i]);
  if (gone.empty()) return std::nullopt;
  std::sort(gone.begin(), gone.end(), by_rank);
  std::int64_t sum = 0, earliest = std::numeric_limits<std::int64_t>::max();
  for (const auto& each : gone) {
    out.victims.push_back(each->name);
    out.violations += static_cast<std::int64_t>(violating.count(each->uid));
    sum += each->priority + (1LL << 31);
    if (each->priority == gone.front()->priority && each->started)
      earliest = std::min<std::int64_t>(earliest, each->started->time_since_epoch().count());
  }
  out.cost = {out.violations, gone.front()->priority, sum, gone.size(), -earliest};
  return out;
}

class dice {
public:
  explicit dice(std::uint64_t seed) : random_(seed) {}
  std::int64_t below(std::int64_t limit) {
    return static_cast<std::int64_t>(random_.next() % static_cast<std::uint64_t>(limit));
  }
  bool one_in(std::int64_t of) { return below(of) == 0; }

private:
  seeded_random_source random_;
};

std::string some_app(dice& roll) { return std::string(1, static_cast<char>('a' + roll.below(3))); }
std::string some_key(dice& roll) { return roll.one_in(2) ? "zone" : "name"; }

scheduling_pod some_pod(dice& roll, const std::string& name) {
  scheduling_pod out;
  out.space = "shop";
  out.name = out.uid = name;
  out.labels = {{"app", some_app(roll)}};
  out.priority = roll.below(4);
  out.request.milli_cpu = 100 * roll.below(6);
  if (roll.one_in(3)) out.request.others = {{"example.com/gpu", 1 + roll.below(3)}};
  if (roll.one_in(5)) out.host_ports = {{"0.0.0.0", "TCP", 80}};
  if (roll.one_in(5))
    out.anti_affinity.required = {{schema::selector_of({{"app", some_app(roll)}}), {}, {}, some_key(roll)}};
  if (!roll.one_in(4)) out.started = wall_time(std::chrono::seconds(roll.below(5)));
  if (roll.one_in(8)) out.being_deleted = true;
  return out;
}

world some_world(dice& roll) {
  world out;
  const std::int64_t machines = 1 + roll.below(4);
  for (std::int64_t i = 0; i < machines; ++i)
    out.machines.push_back({"n" + std::to_string(i), "z" + std::to_string(roll.below(2)),
                            500 + 100 * roll.below(6), roll.below(5), 2 + roll.below(5)});
  const auto somewhere = [&] { return static_cast<std::size_t>(roll.below(machines)); };
  const std::int64_t pods = roll.below(5 * machines);
  for (std::int64_t i = 0; i < pods; ++i)
    out.running.emplace_back(std::make_shared<scheduling_pod>(some_pod(roll, "r" + std::to_string(i))),
                             somewhere());
  if (roll.one_in(2))
    out.nominated.emplace_back(std::make_shared<scheduling_pod>(some_pod(roll, "nominee")), somewhere());
  for (const char* app : {"a", "b"})
    if (roll.one_in(2)) out.allowed[app] = roll.below(3);
  return out;
}

placement_state state_of(const world& all) {
  placement_state out;
  for (const machine& each : all.machines) {
    schema::node_view made;
    made.meta.name = each.name;
    made.meta.labels = {{"name", each.name}, {"zone", each.zone}};
    made.allocatable = {each.milli_cpu, 1LL << 30, 1LL << 30, each.pods, {{"example.com/gpu", each.gpus}}};
    out.put_node(made);
  }
  for (const auto& [pod, where] : all.running) out.put_pod(pod, all.machines[where].name);
  for (const auto& [pod, where] : all.nominated) out.nominated().put(pod, all.machines[where].name);
  return out;
}

budget_book budgets_of(const world& all) {
  budget_book out;
  for (const auto& [app, allowed] : all.allowed) {
    schema::budget_view budget;
    budget.selector = schema::selector_of({{"app", app}});
    budget.status.disruptions_allowed = allowed;
    out.put("shop", app, budget);
  }
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(preemption_by_definition)

BOOST_AUTO_TEST_CASE(small_clusters_agree_with_trying_everything) {
  std::size_t made_room = 0, found_none = 0, placed_at_once = 0;
  for (std::uint64_t seed = 1; seed <= 6000; ++seed) {
    dice roll(seed);
    const world all = some_world(roll);
    scheduling_pod pod = some_pod(roll, "p");
    pod.priority = 1 + roll.below(4);
    pod.being_deleted = false;
    if (roll.one_in(4)) {
      schema::topology_spread_view rule;
      rule.topology_key = some_key(roll);
      rule.selector = schema::selector_of({{"app", some_app(roll)}});
      pod.spread = {rule};
    }
    const placement_state cluster = state_of(all);
    pod_relations relations(cluster, pod);
    const placement where = place(cluster, pod, 0, relations);
    bool anywhere = false;
    for (std::size_t i = 0; i < all.machines.size(); ++i)
      anywhere = anywhere || fits(all, pod, i, all.running);
    BOOST_REQUIRE_MESSAGE(anywhere == where.node.has_value(), "seed " << seed << ": " << where.message());
    if (anywhere) {
      ++placed_at_once;
      continue;
    }
    std::optional<answer> best;
    std::string best_node;
    for (std::size_t i = 0; i < all.machines.size(); ++i) {
      const auto here = expected_on(all, pod, i);
      if (!here || (best && best->cost <= here->cost)) continue;
      best = here;
      best_node = all.machines[i].name;
    }
    const preemption found = preempt(cluster, pod, where, budgets_of(all), 0, relations);
    BOOST_REQUIRE_MESSAGE(found.node.value_or("") == best_node, "seed " << seed << ": "
                                                                        << found.node.value_or(found.reason)
                                                                        << " and not " << best_node);
    ++(best ? made_room : found_none);
    if (!best) continue;
    std::vector<std::string> names;
    for (const auto& victim : found.leave) names.push_back(victim->name);
    BOOST_REQUIRE_MESSAGE(names == best->victims, "seed " << seed);
  }
  BOOST_TEST(made_room > 500U);
  BOOST_TEST(found_none > 500U);
  BOOST_TEST(placed_at_once > 500U);
}

BOOST_AUTO_TEST_SUITE_END()
