#include "actors/controllers/apps/daemon_rollout.hpp"
#include "actors/controllers/apps/daemon_set_reconciler.hpp"
#include "actors/controllers/apps/failure_rests.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace actord;
using namespace actord::actors;

namespace {

const wall_time now{std::chrono::seconds(1'800'000'000)};

constexpr const char* first_template =
    R"({"metadata":{"labels":{"app":"log"}},"spec":{"containers":[{"image":"v1","name":"c"}]}})";
constexpr const char* second_template =
    R"({"metadata":{"labels":{"app":"log"}},"spec":{"containers":[{"image":"v2","name":"c"}]}})";

/// A DaemonSet on a few nodes. `spec` and `annotations` are edited, `look` decides.
struct fixture {
  daemon_set_state state;
  json spec{{"selector", {{"matchLabels", {{"app", "log"}}}}},
            {"template", json::parse(first_template)},
            {"updateStrategy",
             {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxUnavailable", 1}, {"maxSurge", 0}}}}}};
  std::string generation = "1";

  fixture() {
    state.key = {schema::builtin("apps", "daemonsets").id, "kube-system", "log"};
    for (const char* name : {"n1", "n2", "n3"}) state.nodes.push_back({name, {{"disk", "fast"}}, {}});
    revision("log-first", "first", 1, first_template);
  }

  seen_revision& revision(const std::string& name, const std::string& hash, std::int64_t number,
                          const char* pod_template) {
    json kept = json::parse(pod_template);
    kept["$patch"] = "replace";
    schema::revision_view view;
    view.meta.name = name;
    view.meta.space = "kube-system";
    view.meta.uid = "u-" + name;
    view.meta.labels = {{"app", "log"}, {"controller-revision-hash", hash}};
    view.meta.owners.push_back({"apps/v1", "DaemonSet", "log", "u-log", true, true});
    view.revision = number;
    view.data_text = json{{"spec", {{"template", kept}}}}.dump();
    state.revisions.push_back({view, actord::revision(5)});
    return state.revisions.back();
  }

  daemon_pod& pod(const std::string& name, const std::string& node, const std::string& hash = "first") {
    daemon_pod out;
    out.target = node;
    out.facts.meta.name = name;
    out.facts.meta.uid = "u-" + name;
    out.facts.meta.labels = {{"app", "log"}, {"controller-revision-hash", hash}};
    out.facts.meta.created = now - std::chrono::hours(1);
    out.facts.meta.owners.push_back({"apps/v1", "DaemonSet", "log", "u-log", true, true});
    out.facts.node_name = node;
    out.facts.phase = "Running";
    out.facts.ready = true;
    out.facts.ready_since = now - std::chrono::minutes(30);
    state.pods.push_back(out);
    return state.pods.back();
  }

  /// A new template, its revision written down, and old pods on all nodes.
  void begin_update() {
    spec["template"] = json::parse(second_template);
    generation = "2";
    revision("log-second", "second", 2, second_template);
    for (const char* node : {"n1", "n2", "n3"}) pod("old-" + std::string(node), node);
  }
  void strategy(const json& unavailable, const json& surge) {
    spec["updateStrategy"]["rollingUpdate"] = {{"maxUnavailable", unavailable}, {"maxSurge", surge}};
  }

  plan look() {
    const json object{{"metadata",
                       {{"name", "log"},
                        {"namespace", "kube-system"},
                        {"uid", "u-log"},
                        {"generation", 3},
                        {"annotations", {{"deprecated.daemonset.template.generation", generation}}}}},
                      {"spec", spec}};
    state.set = {schema::parse_daemon_set(object.dump()), actord::revision(9)};
    return reconcile(state, now);
  }

  std::vector<std::string> created() {
    std::vector<std::string> nodes;
    for (const auto& item : look().create)
      nodes.push_back(
          item.body["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
                   ["nodeSelectorTerms"][0]["matchFields"][0]["values"][0]);
    return nodes;
  }
  std::vector<std::string> removed() {
    std::vector<std::string> names;
    for (const auto& item : look().remove) names.push_back(item.key.name);
    return names;
  }
  json status() {
    for (const auto& item : look().patch)
      if (item.subresource == "status") return item.patch["status"];
    return {};
  }
  schema::taint_view taint(const char* key, schema::taint_effect effect) { return {key, "", effect}; }
};

using names = std::vector<std::string>;

} // namespace

BOOST_FIXTURE_TEST_SUITE(daemon_set_controller, fixture)

BOOST_AUTO_TEST_CASE(the_template_is_written_down_first) {
  state.revisions.clear();
  const plan decided = look();
  BOOST_REQUIRE(decided.create.size() == 1U);
  const json& body = decided.create[0].body;
  BOOST_TEST(body["kind"] == "ControllerRevision");
  BOOST_TEST(body["revision"] == 1);
  BOOST_TEST(body["data"]["spec"]["template"]["$patch"] == "replace");
  const std::string hash = body["metadata"]["labels"]["controller-revision-hash"];
  BOOST_TEST(body["metadata"]["name"] == "log-" + hash);
  BOOST_TEST(body["metadata"]["labels"]["app"] == "log");
  BOOST_TEST(decided.remove.empty());
}

BOOST_AUTO_TEST_CASE(each_node_gets_a_pod_of_its_own) {
  pod("a", "n2");
  const plan decided = look();
  BOOST_TEST(created() == (names{"n1", "n3"}), boost::test_tools::per_element());
  const json& body = decided.create[0].body;
  BOOST_TEST(body["metadata"]["generateName"] == "log-");
  BOOST_TEST(body["metadata"]["labels"] ==
             (json{{"app", "log"}, {"controller-revision-hash", "first"}, {"pod-template-generation", "1"}}));
  BOOST_TEST(body["metadata"]["ownerReferences"][0]["kind"] == "DaemonSet");
  BOOST_TEST(body["spec"]["tolerations"].size() == 6U);
  BOOST_TEST(decided.create[0].announce->reason == "SuccessfulCreate");
  BOOST_TEST(status() == (json{{"currentNumberScheduled", 1},
                               {"numberMisscheduled", 0},
                               {"desiredNumberScheduled", 3},
                               {"numberReady", 1},
                               {"updatedNumberScheduled", 1},
                               {"numberAvailable", 1},
                               {"numberUnavailable", 2},
                               {"observedGeneration", 3}}));
}

BOOST_AUTO_TEST_CASE(the_terms_of_the_template_give_way_to_the_node) {
  spec["template"]["spec"]["affinity"]["nodeAffinity"] = json::parse(
      R"({"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
         {"matchExpressions":[{"key":"disk","operator":"In","values":["fast"]}]}]}})");
  state.revisions.clear();
  revision("log-first", "first", 1, spec["template"].dump().c_str());
  state.nodes[0].labels["disk"] = "slow";
  BOOST_TEST(created() == (names{"n2", "n3"}), boost::test_tools::per_element());
  const json body = look().create[0].body;
  BOOST_TEST(!body["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
                  ["nodeSelectorTerms"][0]
                      .contains("matchExpressions"));
}

BOOST_AUTO_TEST_CASE(verdicts_on_nodes) {
  using schema::taint_effect;
  struct row {
    const char* what;
    daemon_node node;
    daemon_verdict expected;
    bool host_network = false;
  };
  const schema::text_map fast{{"disk", "fast"}};
  const std::vector<row> rows{
      {"a plain node", {"n", fast, {}}, {true, true}},
      {"the selector", {"n", {{"disk", "slow"}}, {}}, {false, false}},
      {"a taint", {"n", fast, {taint("gpu", taint_effect::no_schedule)}}, {false, true}},
      {"a mild taint", {"n", fast, {taint("gpu", taint_effect::prefer_no_schedule)}}, {true, true}},
      {"one that drives away", {"n", fast, {taint("gpu", taint_effect::no_execute)}}, {false, false}},
      {"one it tolerates", {"n", fast, {taint("mine", taint_effect::no_execute)}}, {true, true}},
      {"not ready",
       {"n", fast, {taint("node.kubernetes.io/not-ready", taint_effect::no_execute)}},
       {true, true}},
      {"cordoned",
       {"n", fast, {taint("node.kubernetes.io/unschedulable", taint_effect::no_schedule)}},
       {true, true}},
      {"no network",
       {"n", fast, {taint("node.kubernetes.io/network-unavailable", taint_effect::no_schedule)}},
       {false, true}},
      {"no network needed",
       {"n", fast, {taint("node.kubernetes.io/network-unavailable", taint_effect::no_schedule)}},
       {true, true},
       true},
  };
  for (const row& one : rows) {
    schema::daemon_set_view set;
    set.node_selector = fast;
    set.host_network = one.host_network;
    set.tolerations.push_back({"mine", "", true, {}, {}});
    BOOST_TEST((verdict_on(set, one.node) == one.expected), one.what);
  }
  schema::daemon_set_view named;
  named.node_name = "n1";
  BOOST_TEST(verdict_on(named, {"n1", {}, {}}).run);
  BOOST_TEST(!verdict_on(named, {"n2", {}, {}}).stay);
}

BOOST_AUTO_TEST_CASE(pods_where_they_do_not_belong_go) {
  spec["template"]["spec"]["nodeSelector"] = {{"disk", "fast"}};
  state.revisions.clear();
  revision("log-first", "first", 1, spec["template"].dump().c_str());
  for (const char* node : {"n1", "n2", "n3"}) pod(node, node);
  state.nodes[1].labels["disk"] = "slow";
  state.nodes[2].taints.push_back(taint("gpu", schema::taint_effect::no_schedule));
  BOOST_TEST(removed() == names{"n2"}, boost::test_tools::per_element());
  BOOST_TEST(created().empty());
  const json shown = status();
  BOOST_TEST(shown["desiredNumberScheduled"] == 1);
  BOOST_TEST(shown["numberMisscheduled"] == 2);
}

BOOST_AUTO_TEST_CASE(nodes_that_come_and_go) {
  for (const char* node : {"n1", "n2", "n3"}) pod(node, node);
  state.nodes.push_back({"n4", {}, {}});
  BOOST_TEST(created() == names{"n4"}, boost::test_tools::per_element());
  state.nodes.erase(state.nodes.begin());
  BOOST_TEST(removed().empty()); // bound to it: the pod garbage collector's
  state.pods[0].facts.node_name.clear();
  BOOST_TEST(removed() == names{"n1"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_has_ended_is_replaced_after_a_rest) {
  for (const char* node : {"n1", "n2", "n3"}) pod(node, node);
  state.pods[0].facts.phase = "Failed";
  state.pods[1].facts.phase = "Succeeded";
  plan decided = look();
  BOOST_TEST(removed() == (names{"n1", "n2"}), boost::test_tools::per_element());
  BOOST_REQUIRE(decided.events.size() == 2U);
  BOOST_TEST(decided.events[0].message ==
             "Found failed daemon pod kube-system/n1 on node n1, will try to kill it");
  BOOST_TEST(decided.events[1].reason == "SucceededDaemonPod");
  BOOST_TEST(created().empty()); // once they are gone
  state.rests["n1"] = now + std::chrono::seconds(7);
  BOOST_TEST(removed() == names{"n2"}, boost::test_tools::per_element());
  BOOST_TEST((look().requeue_at == now + std::chrono::seconds(7)));
  state.pods[0].facts.meta.deletion = now; // ended, and only finalizers keep it
  BOOST_TEST(created() == names{"n1"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(one_on_a_node_is_enough) {
  for (const char* node : {"n1", "n2", "n3"}) pod(node, node);
  pod("late", "n1").facts.meta.created = now;
  pod("later", "n1").facts.node_name.clear();
  BOOST_TEST(removed() == (names{"late", "later"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_update_goes_node_by_node) {
  begin_update();
  BOOST_TEST(removed() == names{"old-n1"}, boost::test_tools::per_element());
  strategy("50%", 0);
  BOOST_TEST(removed() == (names{"old-n1", "old-n2"}), boost::test_tools::per_element());
  strategy(1, 0);
  state.pods[0].facts.meta.deletion = now;
  BOOST_TEST(removed().empty());
  state.pods.erase(state.pods.begin());
  BOOST_TEST(created() == names{"n1"}, boost::test_tools::per_element());
  BOOST_TEST(removed().empty());
  pod("new-n1", "n1", "second").facts.ready = false;
  BOOST_TEST(removed().empty());
  state.pods.back().facts.ready = true;
  BOOST_TEST(removed() == names{"old-n2"}, boost::test_tools::per_element());
  BOOST_TEST(status()["updatedNumberScheduled"] == 1);
}

BOOST_AUTO_TEST_CASE(what_serves_nobody_goes_at_once) {
  begin_update();
  state.pods[1].facts.ready = false;
  BOOST_TEST(removed() == names{"old-n2"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(on_delete_waits_for_people) {
  begin_update();
  spec["updateStrategy"] = {{"type", "OnDelete"}};
  BOOST_TEST(removed().empty());
  state.pods.erase(state.pods.begin());
  const plan decided = look();
  BOOST_REQUIRE(decided.create.size() == 1U);
  BOOST_TEST(decided.create[0].body["metadata"]["labels"]["controller-revision-hash"] == "second");
}

BOOST_AUTO_TEST_CASE(a_rollback_spares_what_is_right_already) {
  begin_update();
  for (daemon_pod& one : state.pods) one.facts.meta.labels["pod-template-generation"] = "1";
  pod("new-n1", "n1", "second");
  state.pods.erase(state.pods.begin());
  spec["template"] = json::parse(first_template);
  generation = "3";
  const plan back = look();
  BOOST_REQUIRE(back.patch.size() == 1U);
  BOOST_TEST(back.patch[0].key.name == "log-first");
  BOOST_TEST(back.patch[0].patch["revision"] == 3);
  state.revisions[0].view.revision = 3;
  BOOST_TEST(removed() == names{"new-n1"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_surge_brings_the_new_before_the_old_goes) {
  begin_update();
  strategy(0, 1);
  BOOST_TEST(created() == names{"n1"}, boost::test_tools::per_element());
  BOOST_TEST(removed().empty());
  pod("new-n1", "n1", "second").facts.ready = false;
  BOOST_TEST(created().empty());
  BOOST_TEST(removed().empty());
  state.pods.back().facts.ready = true;
  BOOST_TEST(removed() == names{"old-n1"}, boost::test_tools::per_element());
  state.pods.erase(state.pods.begin());
  BOOST_TEST(created() == names{"n2"}, boost::test_tools::per_element());
  // Where the old one serves nobody there is nothing to wait for.
  state.pods[1].facts.ready = false;
  BOOST_TEST(created() == (names{"n2", "n3"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(ready_for_long_enough) {
  begin_update();
  spec["minReadySeconds"] = 60;
  pod("new-n1", "n1", "second").facts.ready_since = now - std::chrono::seconds(20);
  state.pods.erase(state.pods.begin());
  const plan decided = look();
  BOOST_TEST(decided.remove.empty());
  BOOST_TEST((decided.requeue_at == now + std::chrono::seconds(40)));
  BOOST_TEST(status()["numberAvailable"] == 2);
}

BOOST_AUTO_TEST_CASE(orphans_are_adopted_and_others_let_go) {
  pod("free", "n1").facts.meta.owners.clear();
  pod("left", "n2").facts.meta.labels["app"] = "other";
  state.revisions[0].view.meta.owners.clear();
  const plan decided = look();
  BOOST_TEST(decided.patch.size() == 3U);
  BOOST_TEST(decided.create.empty());
  BOOST_TEST(decided.verdict == "ownership first");
}

BOOST_AUTO_TEST_CASE(a_revision_made_by_hand_for_the_same_template_restarts_nothing) {
  for (const char* node : {"n1", "n2", "n3"}) pod(node, node);
  revision("log-by-hand", "hand", 2, first_template);
  BOOST_TEST(removed().empty());
  BOOST_TEST(created().empty());
  BOOST_TEST(status()["updatedNumberScheduled"] == 3);
}

BOOST_AUTO_TEST_CASE(only_so_many_revisions_are_kept) {
  begin_update();
  revision("log-none", "none", 0, R"({"spec":{}})");
  spec["revisionHistoryLimit"] = 0;
  strategy(1, 0);
  const plan decided = look();
  names gone;
  for (const auto& item : decided.remove)
    if (item.key.resource == schema::builtin("apps", "controllerrevisions").id) gone.push_back(item.key.name);
  BOOST_TEST(gone == names{"log-none"}, boost::test_tools::per_element()); // pods live by the first
}

BOOST_AUTO_TEST_CASE(after_a_refusal_one_pod_tries) {
  state.refusal = "exceeded quota";
  BOOST_TEST(created() == names{"n1"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(rests_double_and_are_forgotten) {
  failure_rests rests(std::chrono::seconds(1), std::chrono::seconds(5));
  const auto rest_at = [&](wall_time when) {
    const auto until = rests.until("x", when);
    return until ? std::chrono::duration_cast<std::chrono::seconds>(*until - when).count() : 0;
  };
  BOOST_TEST(rest_at(now) == 0);
  for (const int expected : {1, 2, 4, 5, 5}) {
    rests.note("x", now);
    BOOST_TEST(rest_at(now) == expected);
  }
  BOOST_TEST(rest_at(now + std::chrono::seconds(5)) == 0);
  rests.note("x", now + std::chrono::seconds(16));
  BOOST_TEST(rest_at(now + std::chrono::seconds(16)) == 1);
  BOOST_TEST(!rests.until("y", now).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
