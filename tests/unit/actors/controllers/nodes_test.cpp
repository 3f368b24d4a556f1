#include "actors/controllers/nodes/life_board.hpp"
#include "actors/controllers/nodes/node_life_reconciler.hpp"
#include "actors/controllers/nodes/node_taint_reconciler.hpp"
#include "actors/controllers/nodes/taint_eviction_reconciler.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;
using namespace std::chrono_literals;

namespace {

const wall_time now{std::chrono::seconds(1'800'000'000)};
const steady_time start{100s};
const object_key node_key{schema::builtin("", "nodes").id, "", "n1"};
const object_key pod_key{schema::builtin("", "pods").id, "shop", "p"};

seen<schema::node_view> node_of(const char* status, const json& taints = nullptr) {
  json text = {{"metadata", {{"name", "n1"}, {"uid", "u-n1"}}},
               {"status", {{"conditions", {{{"status", status}, {"type", "Ready"}}}}}}};
  if (!taints.is_null()) text["spec"]["taints"] = taints;
  return {schema::parse_node(text.dump()), revision(3)};
}

json taint(const char* key, const char* effect, std::optional<wall_time> since = {}) {
  json out = {{"effect", effect}, {"key", key}};
  if (since) out["timeAdded"] = schema::format_time(*since);
  return out;
}

seen<schema::pod_view> pod_with(const json& tolerations) {
  const json text = {{"metadata", {{"name", "p"}, {"namespace", "shop"}, {"uid", "u-p"}}},
                     {"spec", {{"nodeName", "n1"}, {"tolerations", tolerations}}}};
  return {schema::parse_pod(text.dump()), revision(4)};
}

plan evict(const json& tolerations, const json& taints) {
  return reconcile(pod_key, pod_with(tolerations), expelling_taints(node_of("True", taints).view, now), now);
}

} // namespace

BOOST_AUTO_TEST_SUITE(taints)

BOOST_AUTO_TEST_CASE(conditions_of_a_node_become_taints_and_go_with_them) {
  seen<schema::node_view> node{
      schema::parse_node(
          R"({"metadata":{"name":"n1","uid":"u"},"spec":{"taints":[{"effect":"NoSchedule","key":"mine"}],)"
          R"("unschedulable":true},"status":{"conditions":[{"status":"False","type":"Ready"}]}})"),
      revision(3)};
  plan decided = reconcile(node_key, node, false, now);
  BOOST_REQUIRE(decided.patch.size() == 1U);
  const json& taints = decided.patch[0].patch["spec"]["taints"];
  BOOST_REQUIRE(taints.size() == 3U);
  BOOST_TEST(taints[0]["key"] == "mine");
  BOOST_TEST(taints[1]["key"] == "node.kubernetes.io/not-ready");
  BOOST_TEST(taints[2]["key"] == "node.kubernetes.io/unschedulable");
  node.view.taints_text = taints.dump();
  BOOST_TEST(!reconcile(node_key, node, false, now).acts());
  node.view.unschedulable = false;
  node.view.conditions[0].status = "True";
  decided = reconcile(node_key, node, false, now);
  BOOST_REQUIRE(decided.patch.size() == 1U);
  BOOST_TEST(decided.patch[0].patch["spec"]["taints"].size() == 1U);
}

BOOST_AUTO_TEST_CASE(lost_nodes_expel_unless_most_are_lost) {
  const plan decided = reconcile(node_key, node_of("Unknown"), true, now);
  BOOST_REQUIRE(decided.patch.size() == 1U);
  const json& taints = decided.patch[0].patch["spec"]["taints"];
  BOOST_REQUIRE(taints.size() == 2U);
  BOOST_TEST(taints[0]["key"] == "node.kubernetes.io/unreachable");
  BOOST_TEST(taints[0]["effect"] == "NoExecute");
  BOOST_TEST(taints[0]["timeAdded"] == schema::format_time(now));
  BOOST_TEST(taints[1]["effect"] == "NoSchedule");
  // When the others are lost too, what was added goes again.
  const plan fewer = reconcile(node_key, node_of("Unknown", taints), false, now);
  BOOST_REQUIRE(fewer.patch.size() == 1U);
  BOOST_TEST(fewer.patch[0].patch["spec"]["taints"].size() == 1U);

  BOOST_TEST(!expels_from_lost_nodes({.ready = 0, .others = 1}));
  BOOST_TEST(expels_from_lost_nodes({.ready = 1, .others = 2}));
  BOOST_TEST(!expels_from_lost_nodes({.ready = 2, .others = 3}));
  BOOST_TEST(expels_from_lost_nodes({.ready = 3, .others = 3}));
  BOOST_TEST(expels_from_lost_nodes({.ready = 10, .others = 90}));
}

BOOST_AUTO_TEST_CASE(a_taint_that_expels_is_told_since_when) {
  const plan decided =
      reconcile(node_key, node_of("True", json::array({taint("mine", "NoExecute")})), false, now);
  BOOST_REQUIRE(decided.patch.size() == 1U);
  BOOST_TEST(decided.patch[0].patch["spec"]["taints"][0]["timeAdded"] == schema::format_time(now));
  BOOST_TEST(!reconcile(node_key, node_of("True", json::array({taint("mine", "NoExecute", now)})), false, now)
                  .acts());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(taint_eviction)

BOOST_AUTO_TEST_CASE(a_pod_that_does_not_tolerate_goes_at_once) {
  const plan decided = evict(json::array(), json::array({taint("mine", "NoExecute", now)}));
  BOOST_REQUIRE(decided.remove.size() == 1U);
  BOOST_TEST(decided.remove[0].uid == "u-p");
  BOOST_REQUIRE(decided.patch.size() == 1U);
  BOOST_TEST(decided.patch[0].patch["status"]["conditions"][0]["type"] == "DisruptionTarget");
  BOOST_TEST(!evict(json::array(), json::array({taint("mine", "NoSchedule")})).acts());
}

BOOST_AUTO_TEST_CASE(tolerations_keep_it_for_as_long_as_they_say) {
  const json forever = json::array({{{"key", "mine"}, {"operator", "Exists"}}});
  BOOST_TEST(!evict(forever, json::array({taint("mine", "NoExecute", now - 1h)})).acts());
  const json minutes = json::array({{{"key", "mine"}, {"operator", "Exists"}, {"tolerationSeconds", 300}}});
  const plan waits = evict(minutes, json::array({taint("mine", "NoExecute", now - 100s)}));
  BOOST_TEST(!waits.acts());
  BOOST_TEST((waits.requeue_at == now + 201s));
  BOOST_TEST(evict(minutes, json::array({taint("mine", "NoExecute", now - 301s)})).acts());
  // The taint that is tolerated least decides.
  BOOST_TEST(evict(minutes, json::array({taint("mine", "NoExecute", now), taint("other", "NoExecute", now)}))
                 .acts());
}

BOOST_AUTO_TEST_CASE(a_pod_on_its_way_out_is_left_alone) {
  seen<schema::pod_view> pod = pod_with(json::array());
  pod.view.meta.deletion = now;
  const auto taints =
      expelling_taints(node_of("True", json::array({taint("mine", "NoExecute", now)})).view, now);
  BOOST_TEST(!reconcile(pod_key, pod, taints, now).acts());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(node_life)

BOOST_AUTO_TEST_CASE(a_connection_that_breaks_is_noticed_within_three_seconds) {
  life_board board;
  std::vector<std::string> told;
  board.on_change([&](const std::string& node) { told.push_back(node); });
  board.connected("n1", start);
  BOOST_TEST(judge(board.observe("n1", "lease 1", start + 1h), start + 1h).alive);
  board.gone("n1", start + 1h);
  const life_verdict waits = judge(board.observe("n1", "lease 1", start + 1h), start + 1h);
  BOOST_TEST(waits.alive);
  BOOST_REQUIRE(waits.look_again.has_value());
  BOOST_TEST((*waits.look_again <= start + 1h + 3s));
  BOOST_TEST(!judge(board.observe("n1", "lease 1", *waits.look_again), *waits.look_again).alive);
  board.connected("n1", start + 2h);
  BOOST_TEST(judge(board.observe("n1", "lease 1", start + 2h), start + 2h).alive);
  BOOST_TEST(told.size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_node_that_only_writes_has_fifty_seconds) {
  life_board board;
  BOOST_TEST(judge(board.observe("n1", "lease 1", start), start + 49s).alive);
  BOOST_TEST(!judge(board.observe("n1", "lease 1", start + 49s), start + 50s).alive);
  BOOST_TEST(judge(board.observe("n1", "lease 2", start + 49s), start + 98s).alive);
}

BOOST_AUTO_TEST_CASE(a_new_leader_gives_each_node_all_of_its_time) {
  life_board board;
  board.connected("n1", start);
  board.gone("n1", start);
  board.observe("n2", "lease 1", start);
  board.begin(start + 1h);
  BOOST_TEST(judge(board.observe("n1", "lease 1", start + 1h), start + 1h + 49s).alive);
  BOOST_TEST(judge(board.observe("n2", "lease 1", start + 1h), start + 1h + 49s).alive);
  BOOST_TEST(!judge(board.observe("n2", "lease 1", start + 1h), start + 1h + 50s).alive);
}

BOOST_AUTO_TEST_CASE(a_node_cut_off_from_the_leader_only_lives_by_what_it_writes) {
  life_board board;
  board.connected("n1", start);
  board.gone("n1", start + 1s);
  // Written while the connection broke: no sign.
  BOOST_TEST(!judge(board.observe("n1", "lease 1", start + 1s + 100ms), start + 5s).alive);
  BOOST_TEST(judge(board.observe("n1", "lease 2", start + 10s), start + 40s).alive);
}

BOOST_AUTO_TEST_CASE(of_a_silent_node_nothing_is_known_and_its_pods_are_not_ready) {
  node_life_state state{.key = node_key, .node = node_of("True"), .life = {.alive = false}, .pods = {}};
  state.pods.push_back({pod_key, "u-p", {{"Ready", "True", "", "", std::nullopt, std::nullopt}}});
  const plan decided = reconcile(state, start, now);
  BOOST_REQUIRE(decided.patch.size() == 2U);
  const json& conditions = decided.patch[0].patch["status"]["conditions"];
  BOOST_REQUIRE(conditions.size() == 4U);
  BOOST_TEST(conditions[0]["status"] == "Unknown");
  BOOST_TEST(conditions[0]["reason"] == "NodeStatusUnknown");
  BOOST_TEST(conditions[1]["reason"] == "NodeStatusNeverUpdated");
  BOOST_TEST(decided.patch[1].patch["status"]["conditions"][0]["status"] == "False");
  // Once that is written there is nothing more to do.
  state.pods.clear();
  state.node.view.conditions.clear();
  for (const json& each : conditions)
    state.node.view.conditions.push_back({each["type"], "Unknown", "", "", std::nullopt, std::nullopt});
  BOOST_TEST(!reconcile(state, start, now).acts());
}

BOOST_AUTO_TEST_CASE(a_node_that_was_heard_is_looked_at_again_in_time) {
  const node_life_state state{.key = node_key,
                              .node = node_of("True"),
                              .life = {.alive = true, .look_again = start + 2s},
                              .pods = {}};
  const plan decided = reconcile(state, start, now);
  BOOST_TEST(!decided.acts());
  BOOST_TEST((decided.requeue_at == now + 2s));
}

BOOST_AUTO_TEST_SUITE_END()
