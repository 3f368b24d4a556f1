#include "actors/scheduler/node_filters.hpp"
#include "actors/scheduler/place.hpp"
#include "schema/base/rng.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>

using namespace actord;
using namespace actord::actors;

namespace {

struct fixture {
  placement_state cluster;

  static schema::node_view node(const std::string& name, std::int64_t milli_cpu = 4000,
                                std::int64_t pods = 110) {
    schema::node_view out;
    out.meta.name = name;
    out.meta.labels = {{"kubernetes.io/hostname", name}};
    out.allocatable = {milli_cpu, 8LL << 30, 100LL << 30, pods, {}};
    return out;
  }

  static scheduling_pod pod(const std::string& name, std::int64_t milli_cpu = 100) {
    scheduling_pod out;
    out.space = "shop";
    out.name = name;
    out.uid = "u-" + name;
    out.labels = {{"app", "web"}};
    out.request.milli_cpu = milli_cpu;
    out.request.scored_milli_cpu = milli_cpu;
    out.request.scored_memory_bytes = 200LL << 20;
    return out;
  }

  void put(scheduling_pod what, const std::string& where) {
    cluster.put_pod(std::make_shared<scheduling_pod>(std::move(what)), where);
  }

  std::string placed(const scheduling_pod& what, std::uint64_t tie = 0) {
    return place(cluster, what, tie).node.value_or("-");
  }
  std::string why(const scheduling_pod& what) { return place(cluster, what, 0).message(); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(placement_decision, fixture)

BOOST_AUTO_TEST_CASE(nothing_fits_on_nothing) {
  BOOST_TEST(why(pod("p")) == "no nodes available to schedule pods");
}

BOOST_AUTO_TEST_CASE(the_emptier_node_is_better) {
  cluster.put_node(node("a"));
  cluster.put_node(node("b"));
  put(pod("x", 2000), "a");
  BOOST_TEST(placed(pod("p")) == "b");
}

BOOST_AUTO_TEST_CASE(ties_are_broken_by_the_number_given) {
  for (const char* name : {"a", "b", "c"}) cluster.put_node(node(name));
  BOOST_TEST(placed(pod("p"), 0) == "a");
  BOOST_TEST(placed(pod("p"), 4) == "b");
  BOOST_TEST(placed(pod("p"), 5) == "c");
}

BOOST_AUTO_TEST_CASE(each_refusal_has_kubernetes_words) {
  schema::node_view cordoned = node("a");
  cordoned.unschedulable = true;
  schema::node_view tainted = node("b");
  tainted.taints = {{"dedicated", "db", schema::taint_effect::no_schedule}};
  cluster.put_node(cordoned);
  cluster.put_node(tainted);
  cluster.put_node(node("c", 50));
  cluster.put_node(node("d", 4000, 0));
  BOOST_TEST(why(pod("p")) ==
             "0/4 nodes are available: 1 Insufficient cpu, 1 Too many pods, 1 node(s) had untolerated "
             "taint(s), 1 node(s) were unschedulable.");
  scheduling_pod picky = pod("p");
  picky.node_selector = {{"disk", "ssd"}};
  picky.tolerations = {{"", "", true, {}, {}}};
  BOOST_TEST(why(picky) == "0/4 nodes are available: 4 node(s) didn't match Pod's node affinity/selector.");
  scheduling_pod tolerant = pod("p");
  tolerant.tolerations = {{"dedicated", "db", false, {}, {}}};
  BOOST_TEST(placed(tolerant) == "b");
}

BOOST_AUTO_TEST_CASE(one_node_too_small_reads_as_people_know_it) {
  cluster.put_node(node("a", 100));
  BOOST_TEST(why(pod("p", 200)) == "0/1 nodes are available: 1 Insufficient cpu.");
}

BOOST_AUTO_TEST_CASE(host_ports_clash_by_port_protocol_and_address) {
  cluster.put_node(node("a"));
  scheduling_pod holder = pod("x");
  holder.host_ports = {{"10.0.0.1", "TCP", 80}};
  put(holder, "a");
  const auto wants = [&](const char* ip, const char* protocol, std::int64_t port) {
    scheduling_pod out = pod("p");
    out.host_ports = {{ip, protocol, port}};
    return out;
  };
  BOOST_TEST(why(wants("0.0.0.0", "TCP", 80)) ==
             "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.");
  BOOST_TEST(placed(wants("10.0.0.2", "TCP", 80)) == "a");
  BOOST_TEST(placed(wants("0.0.0.0", "UDP", 80)) == "a");
  BOOST_TEST(placed(wants("0.0.0.0", "TCP", 81)) == "a");
  cluster.remove_pod("u-x");
  BOOST_TEST(placed(wants("0.0.0.0", "TCP", 80)) == "a");
}

BOOST_AUTO_TEST_CASE(extended_resources_are_counted) {
  schema::node_view gpu = node("a");
  gpu.allocatable.others["example.com/gpu"] = 2;
  cluster.put_node(gpu);
  cluster.put_node(node("b"));
  scheduling_pod wants = pod("p");
  wants.request.others = {{"example.com/gpu", 1}};
  BOOST_TEST(placed(wants) == "a");
  for (const char* name : {"x", "y"}) {
    scheduling_pod holder = wants;
    holder.uid = name;
    put(holder, "a");
  }
  BOOST_TEST(why(wants) == "0/2 nodes are available: 2 Insufficient example.com/gpu.");
}

BOOST_AUTO_TEST_CASE(affinity_follows_and_anti_affinity_avoids) {
  for (const char* name : {"a", "b"}) cluster.put_node(node(name));
  put(pod("x"), "b");
  const schema::selector_view web = schema::selector_of({{"app", "web"}});
  scheduling_pod close = pod("p");
  close.affinity.required = {{web, {}, {}, "kubernetes.io/hostname"}};
  BOOST_TEST(placed(close) == "b");
  scheduling_pod apart = pod("p");
  apart.anti_affinity.required = {{web, {}, {}, "kubernetes.io/hostname"}};
  BOOST_TEST(placed(apart) == "a");
  put(pod("y"), "a");
  BOOST_TEST(why(apart) == "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.");
  scheduling_pod elsewhere = close;
  elsewhere.space = "other";
  elsewhere.labels = {{"app", "db"}};
  BOOST_TEST(why(elsewhere) == "0/2 nodes are available: 2 node(s) didn't match pod affinity rules.");
}

BOOST_AUTO_TEST_CASE(the_first_of_a_group_may_start_it) {
  cluster.put_node(node("a"));
  scheduling_pod close = pod("p");
  close.affinity.required = {{schema::selector_of({{"app", "web"}}), {}, {}, "kubernetes.io/hostname"}};
  BOOST_TEST(placed(close) == "a");
}

BOOST_AUTO_TEST_CASE(pods_already_there_keep_others_away) {
  for (const char* name : {"a", "b"}) cluster.put_node(node(name));
  scheduling_pod hermit = pod("x");
  hermit.anti_affinity.required = {{schema::selector_of({{"app", "web"}}), {}, {}, "kubernetes.io/hostname"}};
  put(hermit, "a");
  BOOST_TEST(placed(pod("p")) == "b");
  cluster.remove_node("b");
  BOOST_TEST(why(pod("p")) ==
             "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules.");
}

BOOST_AUTO_TEST_CASE(spread_keeps_the_skew) {
  for (const char* name : {"a", "b"}) cluster.put_node(node(name));
  scheduling_pod wants = pod("p");
  schema::topology_spread_view rule;
  rule.topology_key = "kubernetes.io/hostname";
  rule.selector = schema::selector_of({{"app", "web"}});
  wants.spread = {rule};
  put(pod("x"), "a");
  BOOST_TEST(placed(wants) == "b");
  cluster.put_node(node("b", 10));
  BOOST_TEST(
      why(wants) ==
      "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match pod topology spread constraints.");
}

BOOST_AUTO_TEST_CASE(siblings_spread_by_themselves) {
  for (const char* name : {"a", "b", "c"}) cluster.put_node(node(name));
  std::map<std::string, int> count;
  for (int i = 0; i < 9; ++i) {
    scheduling_pod one = pod("p" + std::to_string(i), 0);
    one.controller_uid = "set";
    one.request.scored_milli_cpu = 100;
    const std::string where = placed(one, static_cast<std::uint64_t>(i));
    put(one, where);
    ++count[where];
  }
  for (const auto& [name, pods] : count) BOOST_TEST(pods == 3, name << " has " << pods);
}

BOOST_AUTO_TEST_CASE(sidecars_and_init_containers_count_as_they_run) {
  const auto container = [](std::int64_t milli_cpu, bool sidecar = false) {
    schema::container_view out;
    out.requests.milli_cpu = milli_cpu;
    if (sidecar) out.restart_policy = "Always";
    return out;
  };
  schema::pod_spec_view spec;
  spec.containers = {container(100), container(200)};
  BOOST_TEST(request_of(spec).milli_cpu == 300);
  spec.init_containers = {container(50, true), container(400)};
  BOOST_TEST(request_of(spec).milli_cpu == 450);
  spec.overhead.milli_cpu = 5;
  BOOST_TEST(request_of(spec).milli_cpu == 455);
  BOOST_TEST(request_of(spec).scored_memory_bytes == (3LL * 200 << 20));
}

BOOST_AUTO_TEST_CASE(a_pod_holds_what_its_node_gave_it_until_a_resize_is_carried_out) {
  schema::pod_view pod;
  pod.meta.generation = 2;
  pod.status.observed_generation = 2;
  schema::container_view container;
  container.name = "c";
  container.requests.milli_cpu = 100;
  container.requests.memory_bytes = 10;
  pod.spec.containers = {container};
  BOOST_TEST(held_request_of(pod).milli_cpu == 100);
  BOOST_TEST(!is_being_resized(pod));

  schema::container_status_view status;
  status.name = "c";
  status.resources.emplace();
  status.resources->requests.milli_cpu = 300;
  status.allocated.milli_cpu = 200;
  status.allocated.memory_bytes = 5;
  pod.status.containers = {status};
  BOOST_TEST(held_request_of(pod).milli_cpu == 300);
  BOOST_TEST(held_request_of(pod).memory_bytes == 10);
  BOOST_TEST(is_being_resized(pod));

  pod.status.conditions.emplace_back();
  pod.status.conditions.back().type = "PodResizePending";
  pod.status.conditions.back().reason = "Infeasible";
  BOOST_TEST(held_request_of(pod).memory_bytes == 5);
  pod.status.conditions.back().reason = "Deferred";
  BOOST_TEST(held_request_of(pod).memory_bytes == 10);
  BOOST_TEST(is_being_resized(pod));

  pod.status.conditions.clear();
  pod.status.containers.front().resources->requests.milli_cpu = 100;
  pod.status.containers.front().allocated.milli_cpu = 100;
  BOOST_TEST(held_request_of(pod).milli_cpu == 100);
  BOOST_TEST(!is_being_resized(pod));
  pod.meta.generation = 3;
  BOOST_TEST(is_being_resized(pod));
}

BOOST_AUTO_TEST_CASE(what_a_pod_asks_for_as_a_whole_counts_instead_of_its_containers) {
  schema::pod_view pod;
  schema::container_view container;
  container.name = "c";
  container.requests.milli_cpu = 100;
  container.requests.memory_bytes = 10;
  pod.spec.containers = {container, container};
  pod.spec.overhead.milli_cpu = 7;
  pod.spec.resources.emplace();
  pod.spec.resources->requests.milli_cpu = 500;
  BOOST_TEST(request_of(pod.spec).milli_cpu == 507);
  BOOST_TEST(request_of(pod.spec).memory_bytes == 20);
  pod.status.resources.emplace();
  pod.status.resources->requests.milli_cpu = 800;
  pod.status.allocated.milli_cpu = 600;
  BOOST_TEST(held_request_of(pod).milli_cpu == 807);
  BOOST_TEST(held_request_of(pod).memory_bytes == 20);
}

BOOST_AUTO_TEST_CASE(images_compare_by_their_full_names) {
  BOOST_TEST(normalized_image("nginx") == "docker.io/library/nginx:latest");
  BOOST_TEST(normalized_image("team/web:1") == "docker.io/team/web:1");
  BOOST_TEST(normalized_image("localhost:5000/web") == "localhost:5000/web:latest");
  BOOST_TEST(normalized_image("ghcr.io/a/b@sha256:00") == "ghcr.io/a/b@sha256:00");
}

BOOST_AUTO_TEST_CASE(a_pod_that_names_its_node_asks_no_other) {
  for (const char* name : {"a", "b", "c"}) cluster.put_node(node(name, name[0] == 'b' ? 50 : 4000));
  const auto naming = [](std::vector<std::vector<std::string>> terms) {
    scheduling_pod out = pod("p");
    out.node_affinity.required.emplace();
    for (auto& names : terms)
      out.node_affinity.required->push_back(
          {{}, {{"metadata.name", schema::selector_operator::in, std::move(names)}}});
    out.only_nodes = nodes_named_by(out.node_affinity);
    return out;
  };
  BOOST_TEST(placed(naming({{"c"}})) == "c");
  BOOST_TEST(placed(naming({{"b"}, {"a", "gone"}})) == "a");
  BOOST_TEST(why(naming({{"b"}})) == "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy "
                                     "plugin(s) [NodeAffinity].");
  BOOST_TEST(why(naming({{"gone"}})) ==
             "0/3 nodes are available: 3 node(s) didn't satisfy plugin(s) [NodeAffinity].");
  scheduling_pod torn = naming({{"a"}});
  torn.node_affinity.required->front().fields.push_back(
      {"metadata.name", schema::selector_operator::in, {"b"}});
  torn.only_nodes = nodes_named_by(torn.node_affinity);
  BOOST_TEST(why(torn) == "0/3 nodes are available: pod affinity terms conflict.");
  scheduling_pod open = naming({{"b"}});
  open.node_affinity.required->push_back(
      {{{"kubernetes.io/hostname", schema::selector_operator::exists, {}}}, {}});
  BOOST_TEST(!nodes_named_by(open.node_affinity).has_value()); // one of its terms allows others
}

BOOST_AUTO_TEST_CASE(preferences_count_by_their_weight) {
  for (const char* name : {"a", "b"}) cluster.put_node(node(name));
  const auto prefers = [](std::int64_t a, std::int64_t b) {
    scheduling_pod out = pod("p");
    for (const auto& [name, weight] : {std::pair{"a", a}, std::pair{"b", b}})
      out.node_affinity.preferred.push_back(
          {weight, {{{"kubernetes.io/hostname", schema::selector_operator::in, {name}}}, {}}});
    return out;
  };
  put(pod("x", 2000), "a");
  BOOST_TEST(placed(prefers(100, 1)) == "a"); // for which it takes the fuller node
  BOOST_TEST(placed(prefers(100, 90)) == "b");
}

BOOST_AUTO_TEST_CASE(pods_that_are_there_have_preferences_too) {
  for (const char* name : {"a", "b"}) cluster.put_node(node(name));
  const schema::selector_view web = schema::selector_of({{"app", "web"}});
  scheduling_pod db = pod("db");
  db.labels = {{"app", "db"}};
  db.anti_affinity.preferred = {{50, {web, {}, {}, "kubernetes.io/hostname"}}};
  put(db, "a");
  put(pod("x", 500), "b"); // fuller
  BOOST_TEST(placed(pod("p")) == "b");
  db.anti_affinity.preferred.clear();
  put(db, "a");
  BOOST_TEST(placed(pod("p")) == "a");
  db.affinity.preferred = {{50, {web, {}, {}, "kubernetes.io/hostname"}}};
  put(db, "b");
  BOOST_TEST(placed(pod("p")) == "b");
  scheduling_pod stranger = pod("p");
  stranger.space = "other";
  BOOST_TEST(placed(stranger) == "a");
}

BOOST_AUTO_TEST_CASE(siblings_spread_over_zones) {
  for (const auto& [name, zone] :
       {std::pair{"a", "z1"}, {"b", "z1"}, {"c", "z1"}, {"d", "z2"}, {"e", "z2"}}) {
    schema::node_view made = node(name);
    made.meta.labels["topology.kubernetes.io/zone"] = zone;
    cluster.put_node(made);
  }
  std::map<std::string, int> count;
  for (int i = 0; i < 4; ++i) {
    scheduling_pod one = pod("p" + std::to_string(i), 0);
    one.controller_uid = "set";
    one.request.scored_milli_cpu = 1;
    const std::string where = placed(one, 0);
    put(one, where);
    ++count[where];
  }
  BOOST_TEST(count["d"] == 1); // half of them are in the zone
  BOOST_TEST(count["e"] == 1); // with two of five nodes
  // One that is on its way out is nobody's sibling any more.
  cluster.remove_node("d");
  BOOST_TEST(cluster.siblings("set")->size() == 3U);
  scheduling_pod going = pod("p0", 0);
  going.controller_uid = "set";
  going.being_deleted = true;
  put(going, "a");
  BOOST_TEST(cluster.siblings("set")->size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_node_without_the_label_is_no_place_to_spread_to) {
  cluster.put_node(node("a", 1000));
  schema::node_view bare = node("b");
  bare.meta.labels.clear();
  cluster.put_node(bare);
  put(pod("x"), "a");
  scheduling_pod wants = pod("p");
  schema::topology_spread_view rule;
  rule.topology_key = "kubernetes.io/hostname";
  rule.required = false;
  rule.selector = schema::selector_of({{"app", "web"}});
  wants.spread = {rule};
  BOOST_TEST(placed(wants) == "a");
}

/// The columns are a cache of the pods: after any history they say what the pods add up to, and the quick
/// filter agrees with the one that names reasons.
BOOST_AUTO_TEST_CASE(random_histories_add_up) {
  seeded_random_source random(11);
  std::map<std::string, std::pair<std::string, std::int64_t>> shadow;
  const auto name_of = [](std::uint64_t number) { return "n" + std::to_string(number % 7); };
  std::map<std::string, bool> nodes;
  for (int step = 0; step < 3000; ++step) {
    const std::uint64_t dice = random.next();
    const std::string where = name_of(dice >> 8);
    switch (dice % 6) {
    case 0:
      cluster.put_node(node(where, 3000));
      nodes[where] = true;
      break;
    case 1:
      if (dice % 5 == 0) {
        cluster.remove_node(where);
        nodes.erase(where);
      }
      break;
    case 2:
    case 3: {
      scheduling_pod one = pod("p" + std::to_string(dice % 60), static_cast<std::int64_t>(dice % 900));
      if (dice % 11 == 0)
        one.anti_affinity.required = {{schema::selector_of({{"app", "db"}}), {}, {}, "zone"}};
      if (dice % 3 == 0) one.controller_uid = "set";
      shadow[one.uid] = {where, one.request.milli_cpu};
      put(one, where);
      break;
    }
    default: {
      const std::string uid = "u-p" + std::to_string(dice % 60);
      cluster.remove_pod(uid);
      shadow.erase(uid);
    }
    }
    std::map<std::string, std::int64_t> used;
    for (const auto& [uid, entry] : shadow) used[entry.first] += entry.second;
    BOOST_REQUIRE(cluster.node_count() == nodes.size());
    const scheduling_pod probe = pod("probe", 500);
    pod_relations relations(cluster, probe);
    const auto quick = feasible_nodes(cluster, probe, relations);
    for (node_slot slot = 0; slot < cluster.columns().size(); ++slot) {
      if (cluster.columns().alive[slot] == 0) continue;
      BOOST_REQUIRE(cluster.columns().used_milli_cpu[slot] == used[cluster.detail(slot).name]);
      const bool in_quick = std::find(quick.begin(), quick.end(), slot) != quick.end();
      BOOST_REQUIRE(in_quick == refusals(cluster, probe, slot, relations).empty());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
