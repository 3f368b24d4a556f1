#include "actors/worker/container_spec.hpp"
#include "actors/worker/resize/resize_plan.hpp"
#include "runtime/oci/cgroup_amounts.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;
using runtime::resource_limits;

namespace {

resource_limits limits(std::int64_t shares, std::int64_t quota_us, std::int64_t memory_bytes) {
  resource_limits made;
  made.cpu_shares = shares;
  made.cpu_quota_us = quota_us;
  made.memory_limit_bytes = memory_bytes;
  return made;
}

/// "memory of pod to 300; cpu of a to 20/2000": what a plan does, in order.
std::string story(const resize_plan& plan) {
  std::string text;
  for (const auto& step : plan.steps) {
    if (!text.empty()) text += "; ";
    const std::string who = step.container.empty() ? "pod" : step.container;
    if (step.limits.memory_limit_bytes != 0)
      text += "memory of " + who + " to " + std::to_string(step.limits.memory_limit_bytes);
    else
      text += "cpu of " + who + " to " + std::to_string(step.limits.cpu_shares) + "/" +
              std::to_string(step.limits.cpu_quota_us);
  }
  return text;
}

schema::container_view container(const char* name, std::optional<std::int64_t> request_milli,
                                 std::optional<std::int64_t> limit_milli,
                                 std::optional<std::int64_t> limit_bytes) {
  schema::container_view made;
  made.name = name;
  made.requests.milli_cpu = request_milli;
  made.limits.milli_cpu = limit_milli;
  made.limits.memory_bytes = limit_bytes;
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(resize_plan_suite)

BOOST_AUTO_TEST_CASE(a_pod_grows_before_its_containers) {
  const auto plan = plan_resize(limits(30, 3000, 300), limits(20, 2000, 200),
                                {{"a", limits(30, 3000, 300), limits(20, 2000, 200)}}, true);
  BOOST_TEST(story(plan) ==
             "memory of pod to 300; memory of a to 300; cpu of pod to 0/3000; cpu of pod to 30/0; "
             "cpu of a to 30/3000");
  BOOST_TEST(plan.falling_limits.empty());
}

BOOST_AUTO_TEST_CASE(a_pod_shrinks_after_its_containers) {
  const auto plan = plan_resize(limits(10, 1000, 100), limits(20, 2000, 200),
                                {{"a", limits(10, 1000, 100), limits(20, 2000, 200)}}, true);
  BOOST_TEST(story(plan) ==
             "memory of a to 100; memory of pod to 100; cpu of a to 10/1000; cpu of pod to 10/0; "
             "cpu of pod to 0/1000");
  BOOST_TEST(
      (plan.falling_limits == std::vector<std::pair<std::string, std::int64_t>>{{"a", 100}, {"", 100}}));
}

BOOST_AUTO_TEST_CASE(containers_that_shrink_come_first) {
  const auto plan = plan_resize(limits(40, 4000, 400), limits(40, 4000, 400),
                                {{"a", limits(30, 3000, 300), limits(20, 2000, 200)},
                                 {"b", limits(10, 1000, 100), limits(20, 2000, 200)}},
                                true);
  BOOST_TEST(story(plan) ==
             "memory of b to 100; memory of a to 300; cpu of b to 10/1000; cpu of a to 30/3000");
}

BOOST_AUTO_TEST_CASE(a_limit_that_is_new_is_a_limit_that_falls) {
  const auto plan =
      plan_resize(limits(20, 0, 0), limits(20, 0, 0), {{"a", limits(20, 2000, 100), limits(20, 0, 0)}}, true);
  BOOST_TEST(story(plan) == "memory of a to 100; cpu of a to 20/2000");
  BOOST_TEST(plan.falling_limits.size() == 1);
}

BOOST_AUTO_TEST_CASE(a_pod_does_not_shrink_while_a_container_waits_to_be_restarted) {
  const auto plan = plan_resize(limits(10, 1000, 100), limits(20, 2000, 200), {}, false);
  BOOST_TEST(plan.steps.empty());
  BOOST_TEST(pod_must_grow(limits(30, 2000, 200), limits(20, 2000, 200)));
  BOOST_TEST(pod_must_grow(limits(20, 2000, 300), limits(20, 2000, 200)));
  BOOST_TEST(!pod_must_grow(limits(10, 1000, 100), limits(20, 2000, 200)));
}

BOOST_AUTO_TEST_CASE(memory_in_use_is_not_taken_away) {
  const auto plan = plan_resize(limits(20, 0, 100), limits(20, 0, 200),
                                {{"a", limits(20, 0, 100), limits(20, 0, 200)}}, true);
  BOOST_TEST(!refuse_limits(plan, {{"a", 99}, {"", 99}}).has_value());
  BOOST_TEST(
      refuse_limits(plan, {{"a", 99}, {"", 100}}).value_or("") ==
      "cannot decrease memory limits: attempting to set pod memory limit (100) below current usage (100)");
  BOOST_TEST(
      refuse_limits(plan, {{"a", 150}, {"", 160}}).value_or("") ==
      "cannot decrease memory limits: [attempting to set container \"a\" memory limit (100) below current "
      "usage (150), attempting to set pod memory limit (100) below current usage (160)]");
}

BOOST_AUTO_TEST_CASE(a_pods_group_adds_up_what_its_containers_have) {
  schema::pod_view pod;
  pod.spec.containers = {container("a", 100, 200, 1000), container("b", 50, 100, 500)};
  BOOST_TEST((pod_limits_of(pod) == limits(153, 30000, 1500)));
  // One without a limit leaves the pod without.
  pod.spec.containers[1].limits.memory_bytes.reset();
  BOOST_TEST((pod_limits_of(pod) == limits(153, 30000, 0)));
  // What the pod says of itself counts, and is the limit of whoever has none.
  pod.spec.resources.emplace();
  pod.spec.resources->requests.milli_cpu = 1000;
  pod.spec.resources->limits.memory_bytes = 4000;
  BOOST_TEST((pod_limits_of(pod) == limits(1024, 30000, 4000)));
  BOOST_TEST(limits_of(pod, pod.spec.containers[1], 0).memory_limit_bytes == 4000);
  BOOST_TEST(limits_of(pod, pod.spec.containers[0], 0).memory_limit_bytes == 1000);
  pod.spec = {};
  pod.spec.containers.resize(1);
  BOOST_TEST((pod_limits_of(pod) == limits(2, 0, 0)));
}

BOOST_AUTO_TEST_SUITE_END()
