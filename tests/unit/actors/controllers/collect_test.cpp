#include "actors/controllers/collect/garbage_reconciler.hpp"
#include "actors/controllers/collect/pod_garbage_reconciler.hpp"
#include "actors/controllers/core/namespace_reconciler.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

const wall_time now{std::chrono::seconds(1'800'000'000)};

schema::owner_view owner(const char* uid, bool blocks = false) {
  return {"apps/v1", "ReplicaSet", uid, uid, false, blocks};
}

garbage_state child_of(const std::vector<owner_fate>& fates) {
  garbage_state state;
  state.key = {schema::builtin("", "pods").id, "shop", "p"};
  state.object.at = revision(4);
  state.object.view.uid = "u-p";
  for (std::size_t i = 0; i < fates.size(); ++i)
    state.object.view.owners.push_back(owner(i == 0 ? "a" : "b"));
  state.owners = fates;
  return state;
}

garbage_state owner_of(std::vector<dependent> dependents, std::string_view finalizer) {
  garbage_state state;
  state.key = {schema::builtin("apps", "replicasets").id, "shop", "rs"};
  state.object.at = revision(5);
  state.object.view.uid = "u-rs";
  state.object.view.deletion = now;
  state.object.view.finalizers = {"keep.example.com/x", std::string(finalizer)};
  state.has_dependents = !dependents.empty();
  state.dependents = std::move(dependents);
  return state;
}

dependent pod_of(const char* uid, bool blocks, bool other_owner = false) {
  dependent out;
  out.key = {schema::builtin("", "pods").id, "shop", "p"};
  out.uid = "u-p";
  out.at = revision(6);
  out.meta.owners.push_back(owner(uid, blocks));
  if (other_owner) out.meta.owners.push_back(owner("u-other"));
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(garbage)

BOOST_AUTO_TEST_CASE(an_object_lives_while_one_owner_does) {
  BOOST_TEST(!reconcile(child_of({})).acts());
  BOOST_TEST(!reconcile(child_of({owner_fate::solid, owner_fate::solid})).acts());
  const plan decided = reconcile(child_of({owner_fate::dangling, owner_fate::solid}));
  BOOST_TEST(decided.remove.empty());
  BOOST_REQUIRE(decided.patch.size() == 1U);
  BOOST_TEST(decided.patch[0].at->value == 4U);
  BOOST_TEST(decided.patch[0].patch["metadata"]["ownerReferences"].size() == 1U);
  BOOST_TEST(decided.patch[0].patch["metadata"]["ownerReferences"][0]["uid"] == "b");
}

BOOST_AUTO_TEST_CASE(an_object_without_owners_goes_the_way_it_asked_for) {
  garbage_state state = child_of({owner_fate::dangling, owner_fate::dangling});
  BOOST_REQUIRE(reconcile(state).remove.size() == 1U);
  BOOST_TEST((reconcile(state).remove[0].how == propagation::background));
  state.object.view.finalizers = {"orphan"};
  BOOST_TEST((reconcile(state).remove[0].how == propagation::orphan));
  state.object.view.finalizers = {"foregroundDeletion"};
  BOOST_TEST((reconcile(state).remove[0].how == propagation::foreground));
  state = child_of({owner_fate::waiting});
  state.has_dependents = true;
  BOOST_TEST((reconcile(state).remove[0].how == propagation::foreground));
}

BOOST_AUTO_TEST_CASE(foreground_deletion_waits_for_what_blocks) {
  plan decided = reconcile(owner_of({pod_of("u-rs", true)}, foreground_finalizer));
  BOOST_TEST(decided.patch.empty());
  BOOST_REQUIRE(decided.remove.size() == 1U);
  BOOST_TEST(decided.remove[0].uid == "u-p");
  decided = reconcile(owner_of({pod_of("u-rs", false)}, foreground_finalizer));
  BOOST_TEST(decided.remove.size() == 1U);
  BOOST_REQUIRE(decided.patch.size() == 1U);
  BOOST_TEST(decided.patch[0].patch["metadata"]["finalizers"] == json::array({"keep.example.com/x"}));
  decided = reconcile(owner_of({pod_of("u-rs", true, true)}, foreground_finalizer));
  BOOST_TEST(decided.remove.empty());
}

BOOST_AUTO_TEST_CASE(a_circle_is_broken_where_it_is_seen) {
  garbage_state state = owner_of({pod_of("u-rs", true)}, foreground_finalizer);
  state.object.view.owners.push_back(owner("u-p", true));
  BOOST_TEST(reconcile(state).patch.empty());
  state.in_circle = true;
  const plan decided = reconcile(state);
  BOOST_REQUIRE(decided.patch.size() == 1U);
  BOOST_TEST(!decided.patch[0].patch["metadata"]["ownerReferences"][0].contains("blockOwnerDeletion"));
}

BOOST_AUTO_TEST_CASE(an_owner_in_another_namespace_is_none_and_said_so) {
  garbage_state state = child_of({owner_fate::dangling});
  BOOST_TEST(reconcile(state).events.empty());
  state.elsewhere = {owner("a")};
  const plan decided = reconcile(state);
  BOOST_TEST(decided.remove.size() == 1U);
  BOOST_REQUIRE(decided.events.size() == 1U);
  BOOST_TEST(decided.events[0].reason == "OwnerRefInvalidNamespace");
  BOOST_TEST(
      decided.events[0].message ==
      "ownerRef [apps/v1/ReplicaSet, namespace: shop, name: a, uid: a] does not exist in namespace \"shop\"");
}

BOOST_AUTO_TEST_CASE(orphans_are_freed_before_their_owner_goes) {
  plan decided = reconcile(owner_of({pod_of("u-rs", true, true)}, orphan_finalizer));
  BOOST_TEST(decided.remove.empty());
  BOOST_REQUIRE(decided.patch.size() == 1U);
  BOOST_TEST(decided.patch[0].uid == "u-p");
  BOOST_TEST(decided.patch[0].patch["metadata"]["ownerReferences"][0]["uid"] == "u-other");
  decided = reconcile(owner_of({}, orphan_finalizer));
  BOOST_REQUIRE(decided.patch.size() == 1U);
  BOOST_TEST(decided.patch[0].uid == "u-rs");
}

BOOST_AUTO_TEST_CASE(pods_of_lost_nodes_go_unless_they_are_new) {
  pod_garbage_state pod{{schema::builtin("", "pods").id, "shop", "p"},
                        "u",
                        "n1",
                        true,
                        "Running",
                        false,
                        now - std::chrono::hours(1)};
  BOOST_TEST(!reconcile(pod, {}, now).acts());
  pod.node_exists = false;
  const plan decided = reconcile(pod, {}, now);
  BOOST_TEST(decided.patch[0].patch["status"]["phase"] == "Failed");
  BOOST_TEST(decided.remove[0].grace_s.value() == 0);
  pod.created = now - std::chrono::seconds(10);
  BOOST_TEST(!reconcile(pod, {}, now).acts());
  BOOST_TEST((reconcile(pod, {}, now).requeue_at == now + std::chrono::seconds(30)));
  pod.node_name.clear();
  BOOST_TEST(!reconcile(pod, {}, now).acts());
  pod.being_deleted = true;
  BOOST_TEST(reconcile(pod, {}, now).remove.size() == 1U);
}

BOOST_AUTO_TEST_CASE(fenced_pods_of_nodes_without_an_object_end_before_they_go) {
  pod_garbage_state pod{{schema::builtin("", "pods").id, "shop", "p"},
                        "u",
                        "n1",
                        false,
                        "Running",
                        false,
                        now - std::chrono::hours(1),
                        true,
                        {.over = false, .look_again = steady_time(std::chrono::seconds(12))},
                        revision(5)};
  plan decided = reconcile(pod, steady_time(std::chrono::seconds(2)), now);
  BOOST_REQUIRE(decided.remove.size() == 1U);
  BOOST_TEST(!decided.remove[0].grace_s.has_value());
  BOOST_TEST((decided.requeue_at == now + std::chrono::seconds(10)));
  pod.being_deleted = true;
  BOOST_TEST(!reconcile(pod, {}, now).acts());
  pod.epoch = {.over = true};
  decided = reconcile(pod, {}, now);
  BOOST_TEST(decided.patch.empty());
  BOOST_REQUIRE(decided.remove.size() == 1U);
  BOOST_TEST(decided.remove[0].grace_s.value() == 0);
  BOOST_TEST((decided.remove[0].at == revision(5)));
}

BOOST_AUTO_TEST_CASE(a_namespace_goes_pods_first_and_when_it_is_empty) {
  namespace_state state;
  state.key = {schema::builtin("", "namespaces").id, "", "shop"};
  state.space.view = schema::parse_namespace(
      R"({"metadata":{"name":"shop","uid":"u-ns"},"spec":{"finalizers":["kubernetes"]}})");
  const namespace_content pod{{schema::builtin("", "pods").id, "shop", "p"}, "u-p", false, {}};
  const namespace_content map{{schema::builtin("", "configmaps").id, "shop", "m"}, "u-m", false, {}};
  state.content = {map, pod};
  BOOST_TEST(!reconcile(state, now).acts());
  state.space.view.meta.deletion = now;
  plan decided = reconcile(state, now);
  BOOST_REQUIRE(decided.remove.size() == 1U);
  BOOST_TEST(decided.remove[0].key.name == "p");
  BOOST_TEST(decided.requeue_at.has_value());
  state.content = {map};
  decided = reconcile(state, now);
  BOOST_REQUIRE(decided.remove.size() == 1U);
  BOOST_TEST(decided.remove[0].key.name == "m");
  state.content[0].being_deleted = true;
  state.content[0].finalizers = {"example.com/hold"};
  decided = reconcile(state, now);
  BOOST_TEST(decided.remove.empty());
  const json& conditions = decided.patch[0].patch["status"]["conditions"];
  BOOST_REQUIRE(conditions.size() == 5U);
  BOOST_TEST(conditions[3]["message"] ==
             "Some resources are remaining: configmaps. has 1 resource instances");
  BOOST_TEST(
      conditions[4]["message"] ==
      "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances");
  state.content.clear();
  decided = reconcile(state, now);
  BOOST_REQUIRE(decided.patch.size() == 1U);
  BOOST_TEST(decided.patch[0].subresource == "finalize");
  BOOST_TEST(decided.patch[0].patch["spec"]["finalizers"] == json::array());
}

BOOST_AUTO_TEST_SUITE_END()
