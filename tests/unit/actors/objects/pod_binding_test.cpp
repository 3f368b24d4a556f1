#include "actors/objects/pod_binding.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;

namespace {

const wall_time now{std::chrono::seconds(1'767'366'245)};
const json binding = {{"metadata", {{"name", "x"}, {"annotations", {{"a", "b"}}}}},
                      {"target", {{"kind", "Node"}, {"name", "n1"}}}};
const json pending = {
    {"metadata", {{"name", "x"}}}, {"spec", json::object()}, {"status", {{"phase", "Pending"}}}};

} // namespace

BOOST_AUTO_TEST_SUITE(pod_binding)

BOOST_AUTO_TEST_CASE(binds_and_says_so) {
  json pod = pending;
  BOOST_REQUIRE(actors::bind_pod(pod, binding, now).has_value());
  BOOST_TEST(pod["spec"]["nodeName"] == "n1");
  BOOST_TEST(pod["metadata"]["annotations"]["a"] == "b");
  BOOST_TEST(pod["status"]["conditions"][0]["type"] == "PodScheduled");
  BOOST_TEST(pod["status"]["conditions"][0]["status"] == "True");
  const auto again = actors::bind_pod(pod, binding, now);
  BOOST_REQUIRE(!again.has_value());
  BOOST_TEST(again.error().message ==
             "Operation cannot be fulfilled on pods/binding \"x\": pod x is already assigned to node \"n1\"");
}

BOOST_AUTO_TEST_CASE(refuses_what_cannot_run) {
  for (const json& extra : {json{{"metadata", {{"deletionTimestamp", "2026-01-02T15:04:05Z"}}}},
                            json{{"spec", {{"schedulingGates", {{{"name", "g"}}}}}}}}) {
    json pod = pending;
    pod.merge_patch(extra);
    BOOST_TEST((actors::bind_pod(pod, binding, now).error().kind == error_kind::conflict));
  }
  json pod = pending;
  BOOST_TEST(!actors::bind_pod(pod, {{"target", {{"kind", "Pod"}, {"name", "n"}}}}, now).has_value());
  BOOST_TEST(!actors::bind_pod(pod, json::object(), now).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
