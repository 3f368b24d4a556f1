#include "cluster_fixture.hpp"

#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace actord;
using actord::testing::cluster_fixture;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

json quota(const std::string& name, const json& hard) {
  return {{"apiVersion", "v1"},
          {"kind", "ResourceQuota"},
          {"metadata", {{"name", name}, {"namespace", "default"}}},
          {"spec", {{"hard", hard}}}};
}

json pod(const std::string& name, json more = json::object()) {
  json made = {{"apiVersion", "v1"},
               {"kind", "Pod"},
               {"metadata", {{"name", name}, {"namespace", "default"}, {"labels", {{"app", "web"}}}}},
               {"spec", {{"containers", {{{"name", "c"}, {"image", "i"}}}}}}};
  made.merge_patch(more);
  return made;
}

actors::write_command command(actors::write_verb verb, const json& object) {
  actors::write_command made;
  made.verb = verb;
  made.key = {schema::builtin("", "pods").id, "default", object["metadata"]["name"]};
  made.caller = {"tester", {}, {"system:masters"}, {}};
  made.body = object.dump();
  made.field_manager = "tester";
  return made;
}

/// Walks through everything that was written since `from` and compares what the quota noted with what there
/// was then.
struct ledger_check {
  int quota_revisions = 0;
  int wrong = 0;
};

ledger_check check_ledger(storage::store& store, revision from) {
  ledger_check found;
  auto cursor = store.watch({{}, {}, {}}, from, [] {});
  BOOST_REQUIRE(cursor.has_value());
  const schema::resource_type& quotas = schema::builtin("", "resourcequotas");
  const resource_id pods = schema::builtin("", "pods").id;
  std::int64_t there = 0;
  for (;;) {
    auto events = (*cursor)->next(1000);
    BOOST_REQUIRE(events.has_value());
    if (events->empty()) return found;
    for (const storage::store_event& event : *events) {
      if (event.key.resource == pods && event.kind == storage::event_kind::added) ++there;
      if (event.key.resource == pods && event.kind == storage::event_kind::removed) --there;
      if (event.key.resource != quotas.id) continue;
      const auto view = schema::object_view::open(*event.value);
      BOOST_REQUIRE(view.has_value());
      ++found.quota_revisions;
      if (view->to_json(quotas)["status"]["used"]["pods"] != std::to_string(there)) ++found.wrong;
    }
  }
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(quota_and_eviction, cluster_fixture)

BOOST_AUTO_TEST_CASE(two_hundred_creates_at_once_under_a_quota_of_a_hundred) {
  create(quota("q", {{"pods", "100"}}));
  pass(milliseconds(200), false);
  BOOST_TEST(get("", "resourcequotas", "default", "q")["status"]["used"]["pods"] == "0");
  const revision before = store->read()->at();

  int created = 0;
  std::vector<std::string> refusals;
  for (int i = 0; i < 200; ++i) {
    auto made = command(actors::write_verb::create, pod("p-" + std::to_string(i)));
    made.done = [&](result<actors::write_answer> answer) {
      if (answer)
        ++created;
      else
        refusals.push_back(answer.error().message);
    };
    router->submit(std::move(made));
  }
  scheduler.run();
  BOOST_TEST(created == 100);
  BOOST_REQUIRE(refusals.size() == 100U);
  BOOST_TEST(refusals.front().ends_with(
      "is forbidden: exceeded quota: q, requested: pods=1, used: pods=100, limited: pods=100"));
  BOOST_TEST(list("", "pods", "default").size() == 100U);

  actors::delete_options at_once;
  at_once.grace_period_s = 0;
  for (int i = 0; i < 10; ++i)
    remove("", "pods", "default", list("", "pods", "default")[0]["metadata"]["name"], at_once);
  BOOST_TEST(get("", "resourcequotas", "default", "q")["status"]["used"]["pods"] == "90");
  const ledger_check ledger = check_ledger(*store, before);
  BOOST_TEST(ledger.quota_revisions == 110);
  BOOST_TEST(ledger.wrong == 0);
}

BOOST_AUTO_TEST_CASE(a_quota_counts_what_was_there_before_it_and_finds_its_errors) {
  create(pod("a"));
  create(pod("b"));
  create(quota("q", {{"pods", "3"}, {"count/configmaps", "10"}, {"requests.cpu", "1"}}));
  pass(milliseconds(200), false);
  json status = get("", "resourcequotas", "default", "q")["status"];
  BOOST_TEST(status["hard"] == json({{"pods", "3"}, {"count/configmaps", "10"}, {"requests.cpu", "1"}}));
  BOOST_TEST(status["used"]["pods"] == "2");
  const std::string maps = std::to_string(list("", "configmaps", "default").size());
  BOOST_TEST(status["used"]["count/configmaps"] == maps);
  BOOST_TEST(status["used"]["requests.cpu"] == "0");

  // Somebody writes nonsense into it; the next count mends that.
  merge("", "resourcequotas", "default", "q", {{"status", {{"used", {{"pods", "77"}}}}}}, "status");
  pass(seconds(320), false);
  BOOST_TEST(get("", "resourcequotas", "default", "q")["status"]["used"]["pods"] == "2");

  merge("", "resourcequotas", "default", "q",
        {{"spec", {{"hard", {{"pods", "5"}, {"requests.cpu", nullptr}}}}}});
  pass(milliseconds(200), false);
  status = get("", "resourcequotas", "default", "q")["status"];
  BOOST_TEST(status["hard"] == json({{"pods", "5"}, {"count/configmaps", "10"}}));
  BOOST_TEST(status["used"] == json({{"pods", "2"}, {"count/configmaps", maps}}));
}

BOOST_AUTO_TEST_CASE(a_finished_pod_makes_room) {
  create(quota("q", {{"pods", "1"}}));
  pass(milliseconds(200), false);
  create(pod("a"));
  auto second = command(actors::write_verb::create, pod("b"));
  BOOST_TEST(!submit(second).has_value());
  merge("", "pods", "default", "a", {{"status", {{"phase", "Succeeded"}}}}, "status");
  BOOST_TEST(submit(second).has_value());
}

BOOST_AUTO_TEST_CASE(a_pod_that_hangs_in_deletion_makes_room_in_the_end) {
  const auto used = [&] { return get("", "resourcequotas", "default", "q")["status"]["used"]; };
  add_node("n1");
  create(quota("q", {{"pods", "1"}, {"count/pods", "9"}}));
  pass(milliseconds(200), false);
  create(pod("a", {{"spec", {{"nodeName", "n1"}, {"terminationGracePeriodSeconds", 20}}}}));
  pass(milliseconds(100));
  remove("", "pods", "default", "a"); // and its node is never heard of again
  pass(seconds(30), false);
  auto second = command(actors::write_verb::create, pod("b"));
  BOOST_TEST(!submit(second).has_value());
  BOOST_TEST(used() == json({{"pods", "1"}, {"count/pods", "1"}}));
  pass(seconds(320), false);
  BOOST_TEST(used() == json({{"pods", "0"}, {"count/pods", "1"}}));
  BOOST_TEST(submit(second).has_value());
  BOOST_TEST(used() == json({{"pods", "1"}, {"count/pods", "2"}}));
  actors::delete_options at_once;
  at_once.grace_period_s = 0;
  remove("", "pods", "default", "a", at_once);
  BOOST_TEST(used() == json({{"pods", "1"}, {"count/pods", "1"}}));
}

BOOST_AUTO_TEST_CASE(a_dry_run_is_refused_like_the_real_thing_and_takes_nothing) {
  create(quota("q", {{"pods", "1"}}));
  pass(milliseconds(200), false);
  auto trial = command(actors::write_verb::create, pod("a"));
  trial.dry_run = true;
  BOOST_TEST(submit(trial).has_value());
  BOOST_TEST(get("", "resourcequotas", "default", "q")["status"]["used"]["pods"] == "0");
  create(pod("b"));
  const auto refused = submit(trial);
  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST(refused.error().message ==
             "pods \"a\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1");
}

BOOST_AUTO_TEST_CASE(evictions_at_once_take_no_more_than_the_budget_gives) {
  add_node("n1", "40", "80Gi");
  for (int i = 0; i < 6; ++i) create(pod("p-" + std::to_string(i)));
  create({{"apiVersion", "policy/v1"},
          {"kind", "PodDisruptionBudget"},
          {"metadata", {{"name", "b"}, {"namespace", "default"}}},
          {"spec", {{"minAvailable", 4}, {"selector", {{"matchLabels", {{"app", "web"}}}}}}}});
  pass(milliseconds(400));
  json status = get("policy", "poddisruptionbudgets", "default", "b")["status"];
  BOOST_TEST(status["currentHealthy"] == 6);
  BOOST_TEST(status["disruptionsAllowed"] == 2);
  BOOST_TEST(status["conditions"][0]["reason"] == "SufficientPods");

  // Only the evictions themselves are looked at first.
  restart_controllers({"none"});
  int evicted = 0;
  std::vector<error> refusals;
  for (int i = 0; i < 6; ++i) {
    auto made = command(actors::write_verb::remove, pod("p-" + std::to_string(i)));
    made.subresource = "eviction";
    made.done = [&](result<actors::write_answer> answer) {
      if (answer)
        ++evicted;
      else
        refusals.push_back(answer.error());
    };
    router->submit(std::move(made));
  }
  scheduler.run();
  BOOST_TEST(evicted == 2);
  BOOST_REQUIRE(refusals.size() == 4U);
  BOOST_TEST((refusals[0].kind == error_kind::too_many_requests));
  BOOST_TEST(refusals[0].message == "Cannot evict pod as it would violate the pod's disruption budget.");
  BOOST_TEST(refusals[0].causes.at(0).reason == "DisruptionBudget");
  status = get("policy", "poddisruptionbudgets", "default", "b")["status"];
  BOOST_TEST(status["disruptionsAllowed"] == 0);
  BOOST_TEST(status["disruptedPods"].size() == 2U);
  for (const json& one : list("", "pods", "default"))
    if (one["metadata"].contains("deletionTimestamp")) {
      const json& last = one["status"]["conditions"].back();
      BOOST_TEST(last["type"] == "DisruptionTarget");
      BOOST_TEST(last["reason"] == "EvictionByEvictionAPI");
    }

  // The two are gone and nobody makes new ones: four are needed, four are there.
  restart_controllers({"*"});
  pass(milliseconds(400));
  status = get("policy", "poddisruptionbudgets", "default", "b")["status"];
  BOOST_TEST(status["currentHealthy"] == 4);
  BOOST_TEST(!status.contains("disruptedPods"));
  auto last = command(actors::write_verb::remove, list("", "pods", "default")[0]);
  last.subresource = "eviction";
  const auto refused = submit(last);
  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST(refused.error().causes.at(0).message ==
             "The disruption budget b needs 4 healthy pods and has 4 currently");
}

BOOST_AUTO_TEST_CASE(a_budget_by_share_asks_the_workload_how_many_there_should_be) {
  add_node("n1");
  create({{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", {{"name", "web"}, {"namespace", "default"}}},
          {"spec",
           {{"replicas", 4},
            {"selector", {{"matchLabels", {{"app", "web"}}}}},
            {"template",
             {{"metadata", {{"labels", {{"app", "web"}}}}},
              {"spec", {{"containers", {{{"name", "c"}, {"image", "i"}}}}}}}}}}});
  create({{"apiVersion", "policy/v1"},
          {"kind", "PodDisruptionBudget"},
          {"metadata", {{"name", "b"}, {"namespace", "default"}}},
          {"spec", {{"maxUnavailable", "25%"}, {"selector", {{"matchLabels", {{"app", "web"}}}}}}}});
  pass(milliseconds(600));
  const json status = get("policy", "poddisruptionbudgets", "default", "b")["status"];
  BOOST_TEST(status["expectedPods"] == 4);
  BOOST_TEST(status["desiredHealthy"] == 3);
  BOOST_TEST(status["disruptionsAllowed"] == 1);
  const revision quiet = store->read()->at();
  pass(seconds(3));
  BOOST_TEST(store->read()->at().value == quiet.value);
}

BOOST_AUTO_TEST_CASE(a_claim_outlives_its_deletion_while_a_pod_uses_it) {
  add_node("n1");
  create(
      {{"apiVersion", "v1"},
       {"kind", "PersistentVolumeClaim"},
       {"metadata", {{"name", "data"}, {"namespace", "default"}}},
       {"spec", {{"accessModes", {"ReadWriteOnce"}}, {"resources", {{"requests", {{"storage", "1Gi"}}}}}}}});
  create(
      pod("user", {{"spec",
                    {{"nodeName", "n1"},
                     {"volumes", {{{"name", "v"}, {"persistentVolumeClaim", {{"claimName", "data"}}}}}}}}}));
  pass(milliseconds(100));
  remove("", "persistentvolumeclaims", "default", "data");
  pass(milliseconds(200));
  BOOST_TEST(!get("", "persistentvolumeclaims", "default", "data").is_null());
  remove("", "pods", "default", "user");
  pass(milliseconds(300));
  BOOST_TEST(get("", "persistentvolumeclaims", "default", "data").is_null());
}

BOOST_AUTO_TEST_SUITE_END()
