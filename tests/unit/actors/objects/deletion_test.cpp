#include "actors/objects/deletion.hpp"

#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using actors::deletion_step;

namespace {

const wall_time now{std::chrono::seconds(1'767'366'245)}; // 2026-01-02T15:04:05Z

json object_of(json extra = json::object()) {
  json object = {{"metadata", {{"name", "x"}, {"uid", "u1"}, {"resourceVersion", "7"}}}};
  object.merge_patch(extra);
  return object;
}

json bound_pod(json extra = json::object()) {
  json pod = object_of({{"metadata", {{"generation", 1}}},
                        {"spec", {{"nodeName", "n"}, {"terminationGracePeriodSeconds", 30}}},
                        {"status", {{"phase", "Running"}}}});
  pod.merge_patch(extra);
  return pod;
}

actors::delete_options by(actors::propagation how) {
  actors::delete_options options;
  options.how = how;
  return options;
}

actors::delete_options within(std::int64_t grace_s) {
  actors::delete_options options;
  options.grace_period_s = grace_s;
  return options;
}

actors::delete_options only(const char* uid, const char* version) {
  actors::delete_options options;
  options.uid = uid;
  options.resource_version = version;
  return options;
}

actors::deletion_plan plan(std::string_view group, std::string_view plural, json object,
                           actors::delete_options options = {}) {
  auto decided = actors::plan_deletion(schema::builtin(group, plural), std::move(object), options, now);
  BOOST_REQUIRE(decided.has_value());
  return std::move(*decided);
}

} // namespace

BOOST_AUTO_TEST_SUITE(deletion)

BOOST_AUTO_TEST_CASE(nothing_to_wait_for_goes_at_once_and_unchanged) {
  const auto decided = plan("", "configmaps", object_of());
  BOOST_TEST((decided.step == deletion_step::remove));
  BOOST_TEST(decided.object == object_of());
}

BOOST_AUTO_TEST_CASE(a_finalizer_makes_it_terminate_first) {
  const json held = object_of({{"metadata", {{"finalizers", {"example.com/f"}}, {"generation", 3}}}});
  const auto first = plan("", "configmaps", held);
  BOOST_TEST((first.step == deletion_step::mark));
  BOOST_TEST(first.object["metadata"]["deletionTimestamp"] == "2026-01-02T15:04:05Z");
  BOOST_TEST(first.object["metadata"]["deletionGracePeriodSeconds"] == 0);
  BOOST_TEST(first.object["metadata"]["generation"] == 4);
  BOOST_TEST((plan("", "configmaps", first.object).step == deletion_step::nothing));

  json released = first.object;
  BOOST_TEST(!actors::goes_with_update(schema::builtin("", "configmaps"), released));
  released["metadata"].erase("finalizers");
  BOOST_TEST(actors::goes_with_update(schema::builtin("", "configmaps"), released));
  BOOST_TEST(!actors::goes_with_update(schema::builtin("", "configmaps"), object_of()));
}

BOOST_AUTO_TEST_CASE(propagation_is_a_finalizer) {
  const auto foreground = plan("apps", "deployments", object_of(), by(actors::propagation::foreground));
  BOOST_TEST((foreground.step == deletion_step::mark));
  BOOST_TEST(foreground.object["metadata"]["finalizers"] == json({"foregroundDeletion"}));
  const auto orphan = plan("apps", "deployments", object_of(), by(actors::propagation::orphan));
  BOOST_TEST(orphan.object["metadata"]["finalizers"] == json({"orphan"}));
  // The later wish counts, also against one that already stands there.
  const auto changed = plan("apps", "deployments", foreground.object, by(actors::propagation::background));
  BOOST_TEST((changed.step == deletion_step::remove));
  // Jobs leave their pods unless told otherwise.
  BOOST_TEST(plan("batch", "jobs", object_of()).object["metadata"]["finalizers"] == json({"orphan"}));
  BOOST_TEST((plan("batch", "jobs", object_of(), by(actors::propagation::background)).step ==
              deletion_step::remove));
}

BOOST_AUTO_TEST_CASE(a_bound_pod_gets_its_grace_period) {
  const auto decided = plan("", "pods", bound_pod());
  BOOST_TEST((decided.step == deletion_step::mark));
  BOOST_TEST(decided.object["metadata"]["deletionTimestamp"] == "2026-01-02T15:04:35Z");
  BOOST_TEST(decided.object["metadata"]["deletionGracePeriodSeconds"] == 30);
  BOOST_TEST(decided.object["metadata"]["generation"] == 2);
  BOOST_TEST(!actors::goes_with_update(schema::builtin("", "pods"), decided.object));

  BOOST_TEST((plan("", "pods", decided.object).step == deletion_step::nothing));
  BOOST_TEST((plan("", "pods", decided.object, within(60)).step == deletion_step::nothing));
  const auto sooner = plan("", "pods", decided.object, within(10));
  BOOST_TEST((sooner.step == deletion_step::mark));
  BOOST_TEST(sooner.object["metadata"]["deletionTimestamp"] == "2026-01-02T15:04:15Z");
  BOOST_TEST(sooner.object["metadata"]["generation"] == 2);
  BOOST_TEST((plan("", "pods", decided.object, within(0)).step == deletion_step::remove));
}

BOOST_AUTO_TEST_CASE(a_pod_no_node_runs_goes_at_once) {
  for (const json& pod :
       {bound_pod({{"spec", {{"nodeName", nullptr}}}}), bound_pod({{"status", {{"phase", "Failed"}}}}),
        bound_pod({{"status", {{"phase", "Succeeded"}}}})}) {
    const auto decided = plan("", "pods", pod);
    BOOST_TEST((decided.step == deletion_step::remove));
    BOOST_TEST(decided.object["metadata"]["deletionGracePeriodSeconds"] == 0);
  }
  const auto held = plan("", "pods", bound_pod({{"metadata", {{"finalizers", {"a/b"}}}}}), within(0));
  BOOST_TEST((held.step == deletion_step::mark));
}

BOOST_AUTO_TEST_CASE(a_namespace_waits_for_its_own_finalizers) {
  const json space =
      object_of({{"spec", {{"finalizers", {"kubernetes"}}}}, {"status", {{"phase", "Active"}}}});
  const auto decided = plan("", "namespaces", space);
  BOOST_TEST((decided.step == deletion_step::mark));
  BOOST_TEST(decided.object["status"]["phase"] == "Terminating");
  BOOST_TEST((plan("", "namespaces", decided.object).step == deletion_step::nothing));
  json finalized = decided.object;
  BOOST_TEST(!actors::goes_with_update(schema::builtin("", "namespaces"), finalized));
  finalized["spec"]["finalizers"] = json::array();
  BOOST_TEST(actors::goes_with_update(schema::builtin("", "namespaces"), finalized));
}

BOOST_AUTO_TEST_CASE(preconditions_name_what_differs) {
  const auto uid = actors::plan_deletion(schema::builtin("", "secrets"), object_of(), only("other", ""), now);
  BOOST_REQUIRE(!uid.has_value());
  BOOST_TEST(uid.error().message == "Operation cannot be fulfilled on Secret \"x\": the UID in the "
                                    "precondition (other) does not match the UID "
                                    "in record (u1). The object might have been deleted and then recreated");
  const auto version = actors::plan_deletion(schema::builtin("", "secrets"), object_of(), only("", "6"), now);
  BOOST_REQUIRE(!version.has_value());
  BOOST_TEST((version.error().kind == error_kind::conflict));
}

BOOST_AUTO_TEST_SUITE_END()
