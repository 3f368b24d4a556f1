#include "actors/scheduler/preemption.hpp"

#include "schema/base/clock.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

struct fixture {
  placement_state cluster;
  budget_book budgets;

  void node(const std::string& name, std::int64_t milli_cpu = 1000, schema::text_map labels = {}) {
    schema::node_view made;
    made.meta.name = name;
    made.meta.labels = std::move(labels);
    made.meta.labels.emplace("kubernetes.io/hostname", name);
    made.allocatable = {milli_cpu, 8LL << 30, 100LL << 30, 110, {{"example.com/gpu", 4}}};
    cluster.put_node(made);
  }

  static scheduling_pod pod(const std::string& name, std::int64_t priority, std::int64_t milli_cpu) {
    scheduling_pod out;
    out.space = "shop";
    out.name = name;
    out.uid = name;
    out.labels = {{"app", name}};
    out.priority = priority;
    out.request.milli_cpu = out.request.scored_milli_cpu = milli_cpu;
    return out;
  }

  void put(scheduling_pod what, const std::string& where) {
    cluster.put_pod(std::make_shared<scheduling_pod>(std::move(what)), where);
  }
  void put_started(scheduling_pod what, const std::string& where, int second) {
    what.started = wall_time(std::chrono::seconds(second));
    put(std::move(what), where);
  }
  void nominate(scheduling_pod what, const std::string& where) {
    cluster.nominated().put(std::make_shared<scheduling_pod>(std::move(what)), where);
  }
  void protect(const std::string& app, std::int64_t allowed, const char* granted = nullptr) {
    schema::budget_view budget;
    budget.selector = schema::selector_of({{"app", app}});
    budget.status.disruptions_allowed = allowed;
    if (granted != nullptr) budget.status.disrupted[granted] = {};
    budgets.put("shop", app, budget);
  }

  preemption tried(const scheduling_pod& what) const {
    pod_relations relations(cluster, what);
    const placement where = place(cluster, what, 0, relations);
    return preempt(cluster, what, where, budgets, 0, relations);
  }
  /// "node: victim victim", or why not.
  std::string outcome(const scheduling_pod& what) const {
    const preemption found = tried(what);
    if (!found.node) return found.reason;
    std::string out = *found.node + ':';
    for (const auto& victim : found.leave) out += ' ' + victim->name;
    return out;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(making_room, fixture)

BOOST_AUTO_TEST_CASE(a_pod_of_a_lower_priority_leaves) {
  node("a");
  put(pod("low", 1, 800), "a");
  BOOST_TEST(outcome(pod("p", 2, 500)) == "a: low");
  BOOST_TEST(outcome(pod("p", 1, 500)) ==
             "0/1 nodes are available: 1 No preemption victims found for incoming pod.");
}

BOOST_AUTO_TEST_CASE(why_preemption_does_not_help_has_kubernetes_words) {
  node("a");
  node("b", 100);                     // too small whoever leaves
  node("c", 1000);                    // too little leaves
  node("d", 1000, {{"disk", "hdd"}}); // not selected
  put(pod("high", 9, 800), "a");
  put(pod("keeps", 9, 600), "c");
  put(pod("low", 1, 200), "c");
  scheduling_pod picky = pod("p", 5, 500);
  schema::selector_requirement no_hdd{"disk", schema::selector_operator::does_not_exist, {}};
  picky.node_affinity.required = {{{no_hdd}, {}}};
  const placement where = place(cluster, picky, 0);
  BOOST_TEST(where.message() == "0/4 nodes are available: 1 node(s) didn't match Pod's node "
                                "affinity/selector, 3 Insufficient cpu.");
  BOOST_TEST(where.resolvable.size() == 2U);
  BOOST_TEST(outcome(picky) == "0/4 nodes are available: 1 Insufficient cpu, 1 No preemption victims found "
                               "for incoming pod, 2 Preemption is not helpful for scheduling.");
  BOOST_TEST(!tried(picky).keeps_nomination);
}

BOOST_AUTO_TEST_CASE(a_policy_of_never_preempts_nobody) {
  node("a");
  put(pod("low", 1, 800), "a");
  scheduling_pod meek = pod("p", 2, 500);
  meek.preempts = false;
  BOOST_TEST(outcome(meek) == "not eligible due to preemptionPolicy=Never.");
  BOOST_TEST(tried(meek).keeps_nomination);
}

BOOST_AUTO_TEST_CASE(no_more_leave_than_must_and_the_least_important_do) {
  node("a");
  put_started(pod("old", 1, 300), "a", 10);
  put_started(pod("new", 1, 300), "a", 20);
  put_started(pod("newest", 1, 300), "a", 30);
  put_started(pod("higher", 2, 100), "a", 40);
  BOOST_TEST(outcome(pod("p", 5, 300)) == "a: newest");
  BOOST_TEST(outcome(pod("p", 5, 400)) == "a: new newest");
  BOOST_TEST(outcome(pod("p", 5, 1000)) == "a: higher old new newest");
}

BOOST_AUTO_TEST_CASE(a_node_is_chosen_by_what_it_costs) {
  for (const char* name : {"a", "b"}) node(name);
  const scheduling_pod p = pod("p", 9, 1000);
  // The lowest of the highest priorities,
  put(pod("a1", 3, 100), "a");
  put(pod("b1", 2, 100), "b");
  put(pod("b2", 2, 100), "b");
  BOOST_TEST(outcome(p) == "b: b1 b2");
  // then the lowest sum, in which each pod counts whatever its priority,
  put(pod("a1", 2, 100), "a");
  put(pod("a2", 1, 100), "a");
  BOOST_TEST(outcome(p) == "a: a1 a2");
  put(pod("a3", -5, 100), "a");
  BOOST_TEST(outcome(p) == "b: b1 b2");
  // then where the longest running of the highest priority started last.
  cluster.remove_pod("a3");
  put_started(pod("a2", 2, 100), "a", 50);
  put_started(pod("b1", 2, 100), "b", 30);
  BOOST_TEST(outcome(p) == "a: a2 a1");
  put_started(pod("a1", 2, 100), "a", 20);
  BOOST_TEST(outcome(p) == "b: b1 b2");
}

BOOST_AUTO_TEST_CASE(budgets_are_kept_where_possible) {
  for (const char* name : {"a", "b"}) node(name);
  put(pod("a1", 1, 600), "a");
  put(pod("b1", 3, 600), "b");
  BOOST_TEST(outcome(pod("p", 9, 500)) == "a: a1");
  protect("a1", 0);
  BOOST_TEST(outcome(pod("p", 9, 500)) == "b: b1");
  protect("b1", 0); // nowhere without: then the priorities decide
  BOOST_TEST(outcome(pod("p", 9, 500)) == "a: a1");
  protect("a1", 0, "a1"); // its eviction was granted already
  put(pod("a1", 7, 600), "a");
  BOOST_TEST(outcome(pod("p", 9, 500)) == "a: a1");
}

BOOST_AUTO_TEST_CASE(protected_pods_come_back_first) {
  node("a");
  put(pod("kept", 1, 400), "a");
  put(pod("other", 5, 400), "a");
  BOOST_TEST(outcome(pod("p", 9, 500)) == "a: kept");
  protect("kept", 0);
  BOOST_TEST(outcome(pod("p", 9, 500)) == "a: other");
}

BOOST_AUTO_TEST_CASE(a_budget_allows_so_many_and_no_more) {
  pod_list pods;
  for (const char* name : {"x", "y", "z"}) {
    scheduling_pod one = pod(name, 1, 1);
    one.labels = {{"app", "web"}};
    pods.push_back(std::make_shared<scheduling_pod>(one));
  }
  protect("web", 2);
  const auto names = [](const pod_list& list) {
    std::string out;
    for (const auto& each : list) out += each->name;
    return out;
  };
  BOOST_TEST(names(split_by_budgets(pods, budgets).violating) == "z");
  BOOST_TEST(names(split_by_budgets(pods, budgets).others) == "xy");
  schema::budget_view of_all;
  of_all.selector = schema::selector_view{true, {}};
  budgets.put("shop", "web", of_all); // means nobody
  BOOST_TEST(names(split_by_budgets(pods, budgets).violating) == "");
  of_all.selector.requirements = {{"app", schema::selector_operator::exists, {}}};
  of_all.status.disruptions_allowed = 1;
  budgets.put("shop", "web", of_all);
  BOOST_TEST(names(split_by_budgets(pods, budgets).violating) == "yz");
  protect("web", 0); // has the same name: in place of it
  BOOST_TEST(names(split_by_budgets(pods, budgets).violating) == "xyz");
  budgets.remove("shop", "web");
  BOOST_TEST(names(split_by_budgets(pods, budgets).violating) == "");
}

BOOST_AUTO_TEST_CASE(it_waits_for_those_that_leave) {
  for (const char* name : {"a", "b"}) node(name);
  scheduling_pod going = pod("low", 1, 800);
  going.being_deleted = going.preempted = true;
  put(going, "a");
  put(pod("other", 1, 800), "b");
  const scheduling_pod p = pod("p", 5, 500);
  nominate(p, "a");
  BOOST_TEST(outcome(p) == "not eligible due to a terminating pod on the nominated node.");
  BOOST_TEST(tried(p).keeps_nomination);
  // One that leaves for other reasons is not waited for.
  going.preempted = false;
  put(going, "a");
  put(pod("more", 1, 200), "a");
  BOOST_TEST(tried(p).node.has_value());
  // A node that no pod's end would help is given up, and so is one that is gone.
  going.preempted = true;
  put(going, "a");
  node("a", 100);
  BOOST_TEST(outcome(p) == "b: other");
  cluster.remove_node("a");
  BOOST_TEST(outcome(p) == "b: other");
}

BOOST_AUTO_TEST_CASE(room_that_is_kept_for_a_pod_is_left_to_it) {
  for (const char* name : {"a", "b"}) node(name);
  nominate(pod("first", 5, 600), "a");
  BOOST_TEST(place(cluster, pod("p", 5, 700), 0).node.value_or("-") == "b");
  BOOST_TEST(place(cluster, pod("p", 4, 700), 0).node.value_or("-") == "b");
  cluster.remove_node("b");
  BOOST_TEST(place(cluster, pod("p", 5, 700), 0).message() == "0/1 nodes are available: 1 Insufficient cpu.");
  BOOST_TEST(place(cluster, pod("p", 6, 700), 0).node.value_or("-") == "a"); // goes before it
  BOOST_TEST(place(cluster, pod("first", 5, 600), 0).node.value_or("-") == "a");
  BOOST_TEST(place(cluster, pod("p", 4, 300), 0).node.value_or("-") == "a"); // beside it
}

BOOST_AUTO_TEST_CASE(victims_of_one_are_no_room_for_another) {
  for (const char* name : {"a", "b"}) node(name);
  scheduling_pod going = pod("a1", 1, 1000);
  going.being_deleted = going.preempted = true;
  put(going, "a");
  put(pod("b1", 2, 1000), "b");
  nominate(pod("first", 5, 1000), "a");
  BOOST_TEST(outcome(pod("second", 5, 1000)) == "b: b1");
  BOOST_TEST(outcome(pod("higher", 6, 1000)) == "a: a1");
}

BOOST_AUTO_TEST_CASE(the_nominated_node_is_taken_though_another_is_better) {
  for (const char* name : {"a", "b"}) node(name);
  put(pod("some", 1, 300), "a");
  const scheduling_pod p = pod("p", 5, 500);
  BOOST_TEST(place(cluster, p, 0).node.value_or("-") == "b");
  nominate(p, "a");
  BOOST_TEST(place(cluster, p, 0).node.value_or("-") == "a");
}

BOOST_AUTO_TEST_CASE(extended_resources_and_ports_are_made_room_for) {
  node("a");
  scheduling_pod holder = pod("gpus", 1, 0);
  holder.request.others = {{"example.com/gpu", 3}};
  put(holder, "a");
  put(pod("harmless", 0, 900), "a");
  scheduling_pod wants = pod("p", 5, 0);
  wants.request.others = {{"example.com/gpu", 2}};
  BOOST_TEST(outcome(wants) == "a: gpus");
  wants.request.others = {{"example.com/gpu", 5}};
  BOOST_TEST(outcome(wants) == "0/1 nodes are available: 1 Preemption is not helpful for scheduling.");
  scheduling_pod web = pod("web", 1, 0);
  web.host_ports = {{"0.0.0.0", "TCP", 80}};
  put(web, "a");
  scheduling_pod other = pod("p", 5, 0);
  other.host_ports = {{"0.0.0.0", "TCP", 80}};
  BOOST_TEST(outcome(other) == "a: web");
}

BOOST_AUTO_TEST_CASE(anti_affinity_is_made_room_for_and_affinity_is_not) {
  node("a");
  put(pod("db", 1, 100), "a");
  put(pod("log", 1, 100), "a");
  const schema::selector_view db = schema::selector_of({{"app", "db"}});
  scheduling_pod apart = pod("p", 5, 100);
  apart.anti_affinity.required = {{db, {}, {}, "kubernetes.io/hostname"}};
  BOOST_TEST(outcome(apart) == "a: db");
  scheduling_pod hermit = pod("log", 1, 100);
  hermit.anti_affinity.required = {{schema::selector_of({{"app", "p"}}), {}, {}, "kubernetes.io/hostname"}};
  put(hermit, "a");
  BOOST_TEST(outcome(pod("p", 5, 100)) == "a: log");
  scheduling_pod close = pod("p", 5, 100);
  close.affinity.required = {{schema::selector_of({{"app", "cache"}}), {}, {}, "kubernetes.io/hostname"}};
  BOOST_TEST(outcome(close) == "0/1 nodes are available: 1 Preemption is not helpful for scheduling.");
}

/// As in Kubernetes' own example: 9 of 10 are taken on both nodes, by one pod that stays and by three that
/// may go. One of the three would be enough room, but the spread needs two to go.
BOOST_AUTO_TEST_CASE(the_spread_counts_too) {
  for (const char* name : {"a", "b"}) node(name, 10);
  const auto member = [](const char* name, std::int64_t priority, std::int64_t amount) {
    scheduling_pod out = pod(name, priority, amount);
    out.labels = {{"app", "web"}};
    return out;
  };
  put(member("high", 9, 9), "a");
  for (const char* name : {"low1", "low2", "low3"}) put(member(name, 1, 3), "b");
  scheduling_pod medium = member("medium", 5, 3);
  schema::topology_spread_view rule;
  rule.topology_key = "kubernetes.io/hostname";
  rule.selector = schema::selector_of({{"app", "web"}});
  medium.spread = {rule};
  BOOST_TEST(outcome(medium) == "b: low2 low3");
}

BOOST_AUTO_TEST_SUITE_END()
