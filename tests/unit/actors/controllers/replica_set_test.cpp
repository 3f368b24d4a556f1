#include "actors/controllers/apps/replica_set_reconciler.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace actord;
using namespace actord::actors;

namespace {

const wall_time now{std::chrono::seconds(1'800'000'000)};

struct fixture {
  replica_set_state state;

  fixture() {
    state.key = {schema::builtin("apps", "replicasets").id, "shop", "web-1"};
    state.set.at = revision(7);
    state.set.view = schema::parse_replica_set(
        R"({"metadata":{"generation":1,"name":"web-1","namespace":"shop","uid":"u-set"},"spec":{"replicas":3,)"
        R"("selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"annotations":{"x":"y"},)"
        R"("labels":{"app":"web"}},"spec":{"containers":[{"image":"i","name":"c"}]}}}})");
  }

  replica_pod& pod(const std::string& name, const char* owner = "u-set") {
    replica_pod out;
    out.meta.name = name;
    out.meta.uid = "u-" + name;
    out.meta.labels = {{"app", "web"}};
    out.meta.created = now - std::chrono::hours(1);
    if (owner != nullptr) out.meta.owners.push_back({"apps/v1", "ReplicaSet", "web-1", owner, true, true});
    out.at = revision(9);
    out.phase = "Running";
    out.node_name = "n1";
    out.ready = true;
    state.pods.push_back(out);
    return state.pods.back();
  }

  std::vector<std::string> removed() {
    std::vector<std::string> names;
    for (const auto& item : reconcile(state, now).remove) names.push_back(item.key.name);
    return names;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(replica_set_controller, fixture)

BOOST_AUTO_TEST_CASE(missing_pods_are_created_from_the_template) {
  pod("a");
  const plan decided = reconcile(state, now);
  BOOST_REQUIRE(decided.create.size() == 2U);
  const json& body = decided.create[0].body;
  BOOST_TEST(body == json::parse(R"({"apiVersion":"v1","kind":"Pod","metadata":{"annotations":{"x":"y"},
    "generateName":"web-1-","labels":{"app":"web"},"namespace":"shop","ownerReferences":[{"apiVersion":"apps/v1",
    "blockOwnerDeletion":true,"controller":true,"kind":"ReplicaSet","name":"web-1","uid":"u-set"}]},
    "spec":{"containers":[{"image":"i","name":"c"}]}})"));
  BOOST_REQUIRE(decided.patch.size() == 1U);
  BOOST_TEST(decided.patch[0].subresource == "status");
  BOOST_TEST(decided.patch[0].patch["status"]["replicas"] == 1);
  BOOST_TEST(decided.patch[0].patch["status"]["readyReplicas"] == 1);
  BOOST_TEST(decided.remove.empty());
}

BOOST_AUTO_TEST_CASE(enough_pods_and_a_true_status_need_nothing) {
  for (const char* name : {"a", "b", "c"}) pod(name);
  state.set.view.status = {3, 3, 3, 3, 0, 1, {}};
  BOOST_TEST(!reconcile(state, now).acts());
}

BOOST_AUTO_TEST_CASE(pods_that_ended_or_are_going_do_not_count) {
  pod("a").phase = "Failed";
  pod("b").meta.deletion = now;
  const plan decided = reconcile(state, now);
  BOOST_TEST(decided.create.size() == 3U);
  BOOST_TEST(decided.patch.back().patch["status"]["terminatingReplicas"] == 1);
}

BOOST_AUTO_TEST_CASE(orphans_are_adopted_and_strangers_released_before_anything_else) {
  pod("orphan", nullptr);
  pod("foreign", "u-other");
  pod("strayed").meta.labels = {{"app", "other"}};
  const plan decided = reconcile(state, now);
  BOOST_TEST(decided.create.empty());
  BOOST_REQUIRE(decided.patch.size() >= 2U);
  BOOST_TEST(decided.patch[0].key.name == "orphan");
  BOOST_TEST(decided.patch[0].at->value == 9U);
  BOOST_TEST(decided.patch[0].patch["metadata"]["ownerReferences"][0]["uid"] == "u-set");
  BOOST_TEST(decided.patch[1].key.name == "strayed");
  BOOST_TEST(decided.patch[1].patch["metadata"]["ownerReferences"].is_null());
}

BOOST_AUTO_TEST_CASE(the_least_useful_pods_go_first) {
  state.set.view.replicas = 1;
  pod("good").ready_since = now - std::chrono::hours(10);
  pod("fresh").ready_since = now - std::chrono::seconds(5);
  pod("unready").ready = false;
  pod("pending").phase = "Pending";
  pod("unassigned").node_name = "";
  pod("cheap").deletion_cost = -5;
  const std::vector<std::string> expected{"unassigned", "pending", "unready", "cheap", "fresh"};
  BOOST_TEST(removed() == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(crowded_nodes_are_thinned_out) {
  state.set.view.replicas = 2;
  pod("alone").node_name = "n2";
  pod("left");
  pod("right");
  BOOST_TEST(removed() == std::vector<std::string>{"left"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(ranking_is_a_strict_weak_order) {
  seeded_random_source random(42);
  for (int i = 0; i < 40; ++i) {
    replica_pod& one = pod("p" + std::to_string(i));
    const std::uint64_t bits = random.next();
    one.node_name = (bits & 1) != 0 ? "n1" : "";
    one.phase = (bits & 2) != 0 ? "Running" : "Pending";
    one.ready = (bits & 4) != 0;
    one.restarts = static_cast<std::int64_t>((bits >> 3) & 3);
    if ((bits & 64) != 0) one.ready_since = now - std::chrono::seconds((bits >> 8) & 0xffff);
    one.meta.created = now - std::chrono::seconds((bits >> 24) & 0xffff);
  }
  const auto before = [](const replica_pod& left, const replica_pod& right) {
    return goes_before(left, 0, right, 0, now);
  };
  for (const auto& a : state.pods)
    for (const auto& b : state.pods) {
      BOOST_REQUIRE(!(before(a, b) && before(b, a)));
      BOOST_REQUIRE((&a == &b || before(a, b) || before(b, a)));
    }
}

BOOST_AUTO_TEST_CASE(pods_become_available_after_their_minimum_time) {
  state.set.view.min_ready_s = 10;
  for (const char* name : {"a", "b", "c"}) pod(name).ready_since = now - std::chrono::seconds(4);
  state.pods[2].ready_since = now - std::chrono::seconds(10);
  const plan decided = reconcile(state, now);
  BOOST_TEST(decided.patch[0].patch["status"]["availableReplicas"] == 1);
  BOOST_TEST((decided.requeue_at == now + std::chrono::seconds(6)));
}

BOOST_AUTO_TEST_CASE(refused_pods_are_reported_and_tried_one_at_a_time) {
  state.refusal = "exceeded quota";
  plan decided = reconcile(state, now);
  BOOST_TEST(decided.create.size() == 1U);
  const json& condition = decided.patch[0].patch["status"]["conditions"][0];
  BOOST_TEST(condition["type"] == "ReplicaFailure");
  BOOST_TEST(condition["reason"] == "FailedCreate");
  BOOST_TEST(condition["message"] == "exceeded quota");
}

BOOST_AUTO_TEST_CASE(a_set_on_its_way_out_only_counts) {
  state.set.view.meta.deletion = now;
  pod("a");
  pod("orphan", nullptr);
  const plan decided = reconcile(state, now);
  BOOST_TEST(decided.create.empty());
  BOOST_TEST(decided.remove.empty());
  BOOST_REQUIRE(decided.patch.size() == 1U);
  BOOST_TEST(decided.patch[0].subresource == "status");
}

BOOST_AUTO_TEST_SUITE_END()
