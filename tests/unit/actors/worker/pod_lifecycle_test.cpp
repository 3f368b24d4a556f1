#include "actors/worker/pod_lifecycle.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;
using namespace std::chrono_literals;
using runtime::container_state;

namespace {

const wall_time t0{std::chrono::hours(500000)};

/// A pod with volumes and sandbox ready; verbs move its containers along.
struct fixture {
  pod_intent pod;
  pod_observation seen;

  fixture() {
    pod.containers = {{.name = "web"}};
    seen.volumes_ready = true;
    seen.sandbox = runtime::sandbox{};
    seen.sandbox->ready = true;
  }
  container_observation& at(const std::string& name) { return seen.containers[name]; }
  void runs(const std::string& name, int attempt = 0) {
    at(name).attempt = attempt;
    at(name).state = container_state::running;
    at(name).started = t0;
    at(name).stop_requested.reset();
  }
  void exits(const std::string& name, int code, wall_time when = t0) {
    if (at(name).attempt < 0) at(name).attempt = 0;
    at(name).state = container_state::exited;
    at(name).exit_code = code;
    at(name).started = when - 1s;
    at(name).finished = when;
  }
  pod_plan plan(wall_time now = t0) { return decide(pod, seen, now); }
};

bool does(const pod_plan& plan, std::vector<pod_action> wanted) { return plan.actions == wanted; }

} // namespace

BOOST_FIXTURE_TEST_SUITE(pod_lifecycle_suite, fixture)

BOOST_AUTO_TEST_CASE(a_new_pod_gets_volumes_then_a_sandbox_then_its_containers) {
  seen.volumes_ready = false;
  seen.sandbox.reset();
  BOOST_TEST(does(plan(), {prepare_volumes{}}));
  seen.volumes_ready = true;
  BOOST_TEST(does(plan(), {run_sandbox{0}}));
  seen.sandbox = runtime::sandbox{};
  seen.sandbox->ready = true;
  BOOST_TEST(does(plan(), {start_container{"web", 0}}));
  runs("web");
  BOOST_TEST(plan().actions.empty());
  BOOST_TEST((plan().phase == pod_phase::running));
}

BOOST_AUTO_TEST_CASE(a_failed_step_waits_for_its_next_try) {
  seen.volumes_ready = false;
  seen.volumes_not_before = t0 + 2s;
  const pod_plan waiting = plan();
  BOOST_TEST(waiting.actions.empty());
  BOOST_TEST((waiting.wake_at == t0 + 2s));
  BOOST_TEST(does(plan(t0 + 2s), {prepare_volumes{}}));
}

BOOST_AUTO_TEST_CASE(init_containers_run_in_order_and_sidecars_stay) {
  pod.containers = {
      {.name = "mesh", .init = true, .sidecar = true}, {.name = "setup", .init = true}, {.name = "web"}};
  BOOST_TEST(does(plan(), {start_container{"mesh", 0}}));
  runs("mesh");
  at("mesh").startup_passed = false;
  BOOST_TEST(plan().actions.empty());
  at("mesh").startup_passed = true;
  BOOST_TEST(does(plan(), {start_container{"setup", 0}}));
  runs("setup");
  BOOST_TEST(plan().actions.empty());
  exits("setup", 0);
  BOOST_TEST(does(plan(), {start_container{"web", 0}}));
  BOOST_TEST((plan().phase == pod_phase::pending));
}

BOOST_AUTO_TEST_CASE(a_failed_init_container_fails_a_pod_that_never_restarts) {
  pod.restart = restart_policy::never;
  pod.containers = {{.name = "setup", .init = true}, {.name = "web"}};
  exits("setup", 1);
  BOOST_TEST((plan().phase == pod_phase::failed));
  BOOST_TEST(does(plan(), {stop_sandbox{}}));
  pod.restart = restart_policy::on_failure;
  BOOST_TEST(does(plan(), {start_container{"setup", 1}}));
}

BOOST_AUTO_TEST_CASE(restarts_are_immediate_once_then_back_off) {
  exits("web", 1);
  BOOST_TEST(does(plan(), {start_container{"web", 1}}));
  at("web").attempt = 1;
  BOOST_TEST(plan().actions.empty());
  BOOST_TEST((plan().wake_at == t0 + 10s));
  BOOST_TEST((plan().phase == pod_phase::running));
  BOOST_TEST(does(plan(t0 + 10s), {start_container{"web", 2}}));
  at("web").attempt = 3;
  BOOST_TEST((plan().wake_at == t0 + 40s));
  at("web").attempt = 50;
  BOOST_TEST((plan().wake_at == t0 + 300s));
  at("web").started = t0 - 600s;
  BOOST_TEST((plan().wake_at == t0 + 10s));
}

BOOST_AUTO_TEST_CASE(a_pod_that_need_not_restart_ends) {
  pod.restart = restart_policy::on_failure;
  exits("web", 0);
  BOOST_TEST((plan().phase == pod_phase::succeeded));
  BOOST_TEST(does(plan(), {stop_sandbox{}}));
  seen.sandbox->ready = false;
  BOOST_TEST(plan().actions.empty());
  pod.restart = restart_policy::never;
  exits("web", 3);
  BOOST_TEST((plan().phase == pod_phase::failed));
}

BOOST_AUTO_TEST_CASE(sidecars_end_after_the_others) {
  pod.restart = restart_policy::never;
  pod.containers = {{.name = "mesh", .init = true, .sidecar = true}, {.name = "web"}};
  runs("mesh");
  exits("web", 0);
  BOOST_TEST(does(plan(), {stop_container{"mesh", 30s}}));
  BOOST_TEST((plan().phase == pod_phase::succeeded));
}

BOOST_AUTO_TEST_CASE(a_failed_liveness_probe_stops_the_container_and_it_starts_again) {
  runs("web");
  at("web").restart_demanded = true;
  BOOST_TEST(does(plan(), {stop_container{"web", 30s}}));
  at("web").stop_requested = t0;
  at("web").stop_grace = 30s;
  BOOST_TEST(plan(t0 + 29s).actions.empty());
  BOOST_TEST((plan(t0 + 29s).wake_at == t0 + 30s));
  BOOST_TEST(does(plan(t0 + 30s), {kill_container{"web"}}));
  exits("web", 137, t0 + 30s);
  at("web").restart_demanded = false;
  BOOST_TEST(does(plan(t0 + 30s), {start_container{"web", 1}}));
}

BOOST_AUTO_TEST_CASE(deletion_stops_kills_removes_and_reports) {
  runs("web");
  pod.being_deleted = true;
  pod.delete_by = t0 + 5s;
  BOOST_TEST(does(plan(), {stop_container{"web", 5s}}));
  at("web").stop_requested = t0;
  at("web").stop_grace = 5s;
  BOOST_TEST((plan().wake_at == t0 + 5s));
  BOOST_TEST(does(plan(t0 + 5s), {kill_container{"web"}}));
  at("web").kill_sent = true;
  BOOST_TEST(plan(t0 + 6s).actions.empty());
  BOOST_TEST((plan(t0 + 6s).phase == pod_phase::running));
  exits("web", 137);
  BOOST_TEST(does(plan(t0 + 6s), {remove_everything{}}));
  BOOST_TEST((plan(t0 + 6s).phase == pod_phase::failed));
  exits("web", 0);
  BOOST_TEST((plan(t0 + 6s).phase == pod_phase::succeeded));
  seen.cleaned = true;
  BOOST_TEST(does(plan(t0 + 6s), {report_gone{}}));
}

BOOST_AUTO_TEST_CASE(a_shortened_grace_kills_earlier) {
  runs("web");
  pod.being_deleted = true;
  pod.delete_by = t0 + 30s;
  at("web").stop_requested = t0;
  at("web").stop_grace = 30s;
  BOOST_TEST(plan(t0 + 1s).actions.empty());
  pod.delete_by = t0 + 1s;
  BOOST_TEST(does(plan(t0 + 1s), {kill_container{"web"}}));
}

BOOST_AUTO_TEST_CASE(a_dead_sandbox_is_replaced_and_init_containers_run_again) {
  pod.containers = {{.name = "setup", .init = true}, {.name = "web"}};
  exits("setup", 0);
  exits("web", 137);
  seen.sandbox->ready = false;
  BOOST_TEST(does(plan(), {remove_everything{.keep_volumes = true}}));
  seen.sandbox.reset();
  seen.next_sandbox_attempt = 1;
  at("setup").state = container_state::unknown;
  at("web").state = container_state::unknown;
  BOOST_TEST(does(plan(), {run_sandbox{1}}));
  seen.sandbox = runtime::sandbox{};
  seen.sandbox->ready = true;
  BOOST_TEST(does(plan(), {start_container{"setup", 1}}));
}

BOOST_AUTO_TEST_CASE(the_active_deadline_fails_the_pod) {
  runs("web");
  pod.active_until = t0 + 60s;
  BOOST_TEST((plan().wake_at == t0 + 60s));
  const pod_plan late = plan(t0 + 60s);
  BOOST_TEST(late.deadline_exceeded);
  BOOST_TEST((late.phase == pod_phase::failed));
  BOOST_TEST(does(late, {stop_container{"web", 30s}}));
}

BOOST_AUTO_TEST_CASE(ephemeral_containers_start_once_and_nothing_waits_for_them) {
  pod.containers = {{.name = "setup", .init = true}, {.name = "web"}, {.name = "debug", .ephemeral = true}};
  BOOST_TEST(does(plan(), {start_container{"debug", 0}, start_container{"setup", 0}}));
  runs("debug");
  BOOST_TEST(does(plan(), {start_container{"setup", 0}}));
  exits("setup", 0);
  exits("debug", 3);
  BOOST_TEST(does(plan(), {start_container{"web", 0}}));
  runs("web");
  BOOST_TEST(plan().actions.empty());
  BOOST_TEST((plan().phase == pod_phase::running));
  runs("debug");
  pod.restart = restart_policy::never;
  exits("web", 0);
  BOOST_TEST(does(plan(), {stop_container{"debug", 30s}}));
  BOOST_TEST((plan().phase == pod_phase::succeeded));
}

BOOST_AUTO_TEST_CASE(an_ephemeral_container_that_cannot_start_waits_alone) {
  pod.containers = {{.name = "web"}, {.name = "debug", .ephemeral = true}};
  runs("web");
  at("debug").trouble = "ErrImagePull";
  at("debug").not_before = t0 + 2s;
  BOOST_TEST(plan().actions.empty());
  BOOST_TEST((plan().wake_at == t0 + 2s));
  BOOST_TEST(does(plan(t0 + 2s), {start_container{"debug", 0}}));
}

BOOST_AUTO_TEST_CASE(a_pod_that_ended_before_a_restart_is_not_started_again) {
  seen.finished_before = true;
  seen.sandbox.reset();
  seen.volumes_ready = false;
  BOOST_TEST(plan().actions.empty());
}

BOOST_AUTO_TEST_CASE(amounts_change_in_place_when_they_may) {
  runs("web");
  seen.resize_due = true;
  BOOST_TEST(does(plan(), {resize_running{}}));
  seen.resize_not_before = t0 + 5s;
  BOOST_TEST(plan().actions.empty());
  BOOST_TEST((plan().wake_at == t0 + 5s));
  pod.being_deleted = true;
  pod.delete_by = t0 + 30s;
  BOOST_TEST(does(plan(t0 + 6s), {stop_container{"web", 24s}}));
}

BOOST_AUTO_TEST_CASE(a_container_that_ended_for_its_resize_starts_again_at_once) {
  pod.restart = restart_policy::on_failure;
  runs("web", 3);
  at("web").resize_restarts = true;
  BOOST_TEST(does(plan(), {stop_container{"web", 30s}}));
  exits("web", 0);
  at("web").resize_restarts = false;
  BOOST_TEST((plan().phase == pod_phase::succeeded));
  at("web").ended_for_resize = true;
  BOOST_TEST(does(plan(), {start_container{"web", 4}}));
}

BOOST_AUTO_TEST_SUITE_END()
