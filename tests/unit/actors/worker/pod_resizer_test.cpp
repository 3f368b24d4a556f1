#include "actors/worker/container_spec.hpp"
#include "actors/worker/resize/resize_words.hpp"
#include "schema/base/json.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;
using namespace std::chrono_literals;
using runtime::container_state;

namespace {

constexpr wall_time start{std::chrono::hours(500000)};

amount_texts amounts(const std::string& cpu_request, const std::string& cpu_limit,
                     const std::string& memory) {
  return {{{"cpu", cpu_request}, {"memory", memory}}, {{"cpu", cpu_limit}, {"memory", memory}}};
}

/// Two running containers of a pod with a record, as after a start.
struct fixture {
  schema::pod_view pod;
  pod_observation seen;
  pod_resizer resizer;
  pod_resources given;

  fixture() {
    pod.meta.generation = 1;
    for (const char* name : {"a", "b"}) {
      schema::container_view container;
      container.name = name;
      pod.spec.containers.push_back(container);
      given.containers[name] = amounts("100m", "200m", "64Mi");
      container_observation& at = seen.containers[name];
      at.attempt = 0;
      at.state = container_state::running;
    }
    seen.sandbox.emplace();
    seen.sandbox->ready = true;
    allot();
    resizer.adopt(std::nullopt, pod, seen);
    resizer.sandbox_made(pod_limits_of(pod));
    for (const char* name : {"a", "b"}) resizer.started(name, 0, resizer.starting(pod, name, 0));
  }
  void allot() {
    pod = with_amounts(std::move(pod), given);
    resizer.allot({given, pod.meta.generation, {}}, pod);
  }
  void resize(const std::string& name, const amount_texts& to) {
    ++pod.meta.generation;
    given.containers[name] = to;
    allot();
    resizer.mark(pod, seen);
  }
  std::vector<std::string> notes() {
    std::vector<std::string> reasons;
    for (const auto& note : resizer.take_notes(pod, seen)) reasons.push_back(note.reason);
    return reasons;
  }
  void carry_out(const std::string& trouble = {}) {
    const auto job = resizer.job(pod, seen);
    BOOST_REQUIRE(job.has_value());
    resizer.done(*job, {trouble, trouble.empty() ? job->plan.steps.size() : 0, {}, {}}, start);
    resizer.mark(pod, seen);
  }
};

using texts = std::vector<std::string>;

} // namespace

BOOST_FIXTURE_TEST_SUITE(pod_resizer_suite, fixture)

BOOST_AUTO_TEST_CASE(nothing_is_due_for_what_runs_as_it_should) {
  resizer.mark(pod, seen);
  BOOST_TEST(!seen.resize_due);
  BOOST_TEST(notes().empty());
  resize("a", amounts("0.1", "200m", "65536Ki"));
  BOOST_TEST(!seen.resize_due);
  BOOST_TEST(notes().empty());
}

BOOST_AUTO_TEST_CASE(a_resize_is_begun_carried_out_and_told) {
  resize("a", amounts("150m", "300m", "96Mi"));
  BOOST_TEST(seen.resize_due);
  BOOST_TEST((notes() == texts{"ResizeStarted"}));
  BOOST_TEST(resizer.in_progress().value_or(0) == 2);
  const auto job = resizer.job(pod, seen);
  BOOST_TEST((job->containers == texts{"a"}));
  BOOST_TEST(job->before.allocated.containers.at("a").limits.at("memory") == "96Mi");
  BOOST_TEST(job->before.actuated.at("a").amounts.limits.at("memory") == "64Mi");
  carry_out();
  BOOST_TEST(!seen.resize_due);
  BOOST_TEST((notes() == texts{"ResizeCompleted"}));
  BOOST_TEST(!resizer.in_progress().has_value());
  BOOST_TEST(resizer.record().actuated.at("a").limits.memory_limit_bytes == 96 << 20);
  BOOST_TEST(resizer.record().pod_limits.memory_limit_bytes == 160 << 20);
}

BOOST_AUTO_TEST_CASE(a_request_for_memory_changes_without_a_step) {
  given.containers["a"].requests["memory"] = "32Mi";
  resize("a", given.containers["a"]);
  const auto job = resizer.job(pod, seen);
  BOOST_REQUIRE(job.has_value());
  BOOST_TEST(job->plan.steps.empty());
  carry_out();
  BOOST_TEST(!seen.resize_due);
}

BOOST_AUTO_TEST_CASE(a_failure_is_told_once_and_tried_again_later) {
  resize("a", amounts("50m", "100m", "4Ki"));
  notes();
  carry_out("cannot decrease memory limits");
  BOOST_TEST((notes() == texts{"ResizeError"}));
  BOOST_TEST(seen.resize_due);
  BOOST_TEST((seen.resize_not_before == start + 5s));
  carry_out("cannot decrease memory limits");
  BOOST_TEST(notes().empty());
  BOOST_TEST((seen.resize_not_before == start + 10s));
  const json conditions = resize_conditions(pod, resizer, start);
  BOOST_REQUIRE(conditions.size() == 1);
  BOOST_TEST(conditions[0]["type"] == "PodResizeInProgress");
  BOOST_TEST(conditions[0]["reason"] == "Error");
  BOOST_TEST(conditions[0]["message"] == "cannot decrease memory limits");
  BOOST_TEST(conditions[0]["observedGeneration"] == 2);
  resize("a", amounts("100m", "200m", "64Mi")); // taken back
  BOOST_TEST(!seen.resize_due);
  BOOST_TEST((notes() == texts{"ResizeStarted", "ResizeCompleted"}));
}

BOOST_AUTO_TEST_CASE(a_container_restarts_where_its_policy_says_so) {
  pod.spec.containers[0].resize.memory_restarts = true;
  resize("a", amounts("100m", "300m", "64Mi"));
  BOOST_TEST(!seen.containers["a"].resize_restarts);
  carry_out();
  resize("a", amounts("100m", "300m", "96Mi"));
  // The pod grows first, then the container ends, then the pod is as it should be.
  BOOST_TEST(!seen.containers["a"].resize_restarts);
  carry_out();
  BOOST_TEST(seen.containers["a"].resize_restarts);
  BOOST_TEST(resizer.ending("a", 0).ended_attempts.at("a") == 0);
  resizer.ended_for_resize("a", 0);
  seen.containers["a"].state = container_state::exited;
  seen.containers["a"].ended_for_resize = resizer.was_ended_for_resize("a", 0);
  notes();
  BOOST_TEST(resizer.in_progress().has_value());
  const resize_record record = resizer.starting(pod, "a", 1);
  BOOST_TEST(record.actuated.at("a").amounts.limits.at("memory") == "96Mi");
  BOOST_TEST(record.ended_attempts.empty());
  resizer.started("a", 1, record);
  seen.containers["a"] = {};
  seen.containers["a"].attempt = 1;
  seen.containers["a"].state = container_state::running;
  resizer.mark(pod, seen);
  BOOST_TEST(!seen.resize_due);
  BOOST_TEST((notes() == texts{"ResizeCompleted"}));
}

BOOST_AUTO_TEST_CASE(a_pod_that_shrinks_waits_for_the_restart) {
  pod.spec.containers[0].resize.memory_restarts = true;
  resize("a", amounts("100m", "200m", "32Mi"));
  BOOST_TEST(seen.containers["a"].resize_restarts);
  BOOST_TEST(!seen.resize_due);
  seen.containers["a"].state = container_state::exited;
  resizer.started("a", 1, resizer.starting(pod, "a", 1));
  seen.containers["a"].attempt = 1;
  seen.containers["a"].state = container_state::running;
  resizer.mark(pod, seen);
  BOOST_TEST(seen.resize_due);
  carry_out();
  BOOST_TEST(resizer.record().pod_limits.memory_limit_bytes == 96 << 20);
}

BOOST_AUTO_TEST_CASE(the_next_daemon_goes_on_where_the_last_one_was_killed) {
  resize("a", amounts("150m", "300m", "96Mi"));
  const auto text = record_text(resizer.job(pod, seen)->before);
  const auto record = parse_resize_record(text);
  BOOST_REQUIRE(record.has_value());
  BOOST_TEST((*record == resizer.job(pod, seen)->before));
  pod_resizer next;
  next.allot({given, 2, {}}, pod);
  next.adopt(record, pod, seen);
  BOOST_REQUIRE(next.job(pod, seen).has_value());
  BOOST_TEST((next.job(pod, seen)->plan == resizer.job(pod, seen)->plan));
  // One that was killed before it wrote the resize down begins it.
  pod_resizer early;
  early.allot({given, 2, {}}, pod);
  resize_record old = *record;
  old.allocated.containers["a"] = amounts("100m", "200m", "64Mi");
  early.adopt(old, pod, seen);
  BOOST_TEST(early.take_notes(pod, seen).front().reason == "ResizeStarted");
  BOOST_TEST(early.in_progress().value_or(0) == 2);
  BOOST_TEST(!parse_resize_record("{}").has_value());
  BOOST_TEST(!parse_resize_record("nonsense").has_value());
}

BOOST_AUTO_TEST_CASE(containers_from_before_there_were_records_can_be_resized) {
  pod_resizer old;
  old.allot({given, 1, {}}, pod);
  old.adopt(std::nullopt, pod, seen);
  BOOST_TEST(!old.job(pod, seen).has_value());
  given.containers["a"] = amounts("150m", "300m", "96Mi");
  pod = with_amounts(pod, given);
  old.allot({given, 2, {}}, pod);
  const auto job = old.job(pod, seen);
  BOOST_REQUIRE(job.has_value());
  BOOST_TEST((job->containers == texts{"a"}));
}

BOOST_AUTO_TEST_CASE(what_waits_is_a_condition_and_an_event) {
  pending_resize pending{"Deferred", "Node didn't have enough resource: cpu", 2, given};
  pending.asked.containers["a"].requests["cpu"] = "9";
  pod.meta.generation = 2;
  resizer.allot({given, 1, pending}, pod);
  const auto told = resizer.take_notes(pod, seen);
  BOOST_REQUIRE(told.size() == 1);
  BOOST_TEST(told[0].warning);
  BOOST_TEST(told[0].reason == "ResizeDeferred");
  BOOST_TEST(
      told[0].message ==
      R"(Pod resize Deferred: {"containers":[{"name":"a","resources":{"limits":{"cpu":"200m","memory":"64Mi"},)"
      R"("requests":{"cpu":"9","memory":"64Mi"}}},{"name":"b","resources":{"limits":{"cpu":"200m",)"
      R"("memory":"64Mi"},"requests":{"cpu":"100m","memory":"64Mi"}}}],"generation":2,)"
      R"("error":"Node didn't have enough resource: cpu"})");
  const json conditions = resize_conditions(pod, resizer, start);
  BOOST_REQUIRE(conditions.size() == 1);
  BOOST_TEST(conditions[0]["type"] == "PodResizePending");
  BOOST_TEST(conditions[0]["status"] == "True");
  BOOST_TEST(conditions[0]["reason"] == "Deferred");
  BOOST_TEST(conditions[0]["observedGeneration"] == 2);
  pending.message = "otherwise";
  resizer.allot({given, 1, pending}, pod);
  BOOST_TEST(notes().empty());
  resizer.allot({given, 1, {}}, pod);
  BOOST_TEST(resize_conditions(pod, resizer, start).empty());
}

BOOST_AUTO_TEST_CASE(a_status_shows_what_the_kernel_has) {
  const resize_record::in_force actuated = resizer.record().actuated.at("a");
  runtime::measured_resources measured;
  measured.limits.cpu_shares = 102;
  measured.limits.cpu_quota_us = 20000;
  measured.limits.memory_limit_bytes = 64 << 20;
  const auto shown = [&](const amount_texts& allocated) {
    return amounts_in_force(allocated, &actuated, measured).dump();
  };
  BOOST_TEST(shown(given.containers["a"]) ==
             R"({"limits":{"cpu":"200m","memory":"64Mi"},"requests":{"cpu":"100m","memory":"64Mi"}})");
  // Set aside, not in force.
  BOOST_TEST(shown(amounts("150m", "300m", "96Mi")) ==
             R"({"limits":{"cpu":"200m","memory":"64Mi"},"requests":{"cpu":"100m","memory":"64Mi"}})");
  // Not running: as it will be.
  BOOST_TEST(amounts_in_force(amounts("1", "1", "1Gi"), nullptr, std::nullopt).dump() ==
             R"({"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"1","memory":"1Gi"}})");
  // Smaller than the kernel tells apart.
  measured.limits.cpu_shares = 2;
  measured.limits.cpu_quota_us = 1000;
  amount_texts tiny{{{"cpu", "1m"}}, {{"cpu", "5m"}}};
  const resize_record::in_force little{0, tiny, {.cpu_shares = 2, .cpu_quota_us = 1000}};
  measured.limits.memory_limit_bytes = 0;
  BOOST_TEST(amounts_in_force(tiny, &little, measured).dump() ==
             R"({"limits":{"cpu":"5m"},"requests":{"cpu":"1m"}})");
  const resize_record::in_force none{0, {}, {.cpu_shares = 2}};
  BOOST_TEST(amounts_in_force({}, &none, measured).dump() == "{}");
}

BOOST_AUTO_TEST_CASE(a_status_shows_the_pod_as_a_whole) {
  const whole_amounts whole = amounts_of_pod(pod, std::nullopt);
  BOOST_TEST(whole.allocated.dump() == R"({"cpu":"200m","memory":"128Mi"})");
  BOOST_TEST(whole.resources.dump() ==
             R"({"limits":{"cpu":"400m","memory":"128Mi"},"requests":{"cpu":"200m","memory":"128Mi"}})");
}

BOOST_AUTO_TEST_SUITE_END()
