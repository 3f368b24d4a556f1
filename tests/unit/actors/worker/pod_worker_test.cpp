#include "actors/worker/pod_worker.hpp"

#include <boost/test/unit_test.hpp>
#include <deque>

using namespace actord;
using namespace actord::actors;
using namespace std::chrono_literals;
using runtime::container_state;

namespace {

/// A machine in memory: containers start at once and end when told.
class fake_machine final : public pod_operations {
public:
  pod_inventory inspect(const schema::pod_view&) override {
    pod_inventory found;
    found.sandboxes = sandboxes;
    for (const auto& [name, status] : containers) found.containers.push_back({status, "sha256:1", ""});
    found.amounts = saved;
    return found;
  }
  result<void> prepare_volumes(const schema::pod_view&, const pod_facts&) override {
    ++volumes_prepared;
    return volume_failure.empty() ? result<void>()
                                  : result<void>(error{error_kind::not_found, volume_failure, {}, {}, 0});
  }
  result<runtime::sandbox> run_sandbox(const schema::pod_view& pod, int attempt) override {
    runtime::sandbox made;
    made.id = "sandbox-" + std::to_string(attempt);
    made.pod_uid = pod.meta.uid;
    made.attempt = attempt;
    made.ready = true;
    made.address = "10.244.0.9";
    sandboxes = {made};
    return made;
  }
  std::variant<started_container, start_failure> start_container(const schema::pod_view&,
                                                                 const runtime::sandbox&,
                                                                 const schema::container_view& container,
                                                                 int attempt, const pod_facts&) override {
    if (!start_trouble.empty()) return start_failure{start_trouble, "because"};
    runtime::container_status status;
    status.id = container.name + std::to_string(attempt);
    status.name = container.name;
    status.attempt = attempt;
    status.state = container_state::running;
    status.started = clock.wall_now();
    containers[container.name] = status;
    return started_container{status, "sha256:1"};
  }
  result<void> save_amounts(const schema::pod_view&, const resize_record& record) override {
    saved = record;
    return {};
  }
  resize_outcome resize(const std::string&, const std::map<std::string, std::string>&,
                        const resize_job& job) override {
    jobs.push_back(job);
    resize_outcome outcome;
    outcome.trouble = resize_trouble;
    if (resize_trouble.empty()) outcome.steps_done = job.plan.steps.size();
    return outcome;
  }
  void stop_container(const schema::pod_view&, const schema::container_view& container, const std::string&,
                      const pod_facts&, std::chrono::seconds) override {
    if (obeys_signals) end(container.name, 0);
  }
  void kill_container(const std::string& id) override {
    for (auto& [name, status] : containers)
      if (status.id == id) end(name, 137);
  }
  result<void> stop_sandbox(const std::string&) override {
    for (auto& each : sandboxes) each.ready = false;
    return {};
  }
  result<void> remove_pod(const schema::pod_view&, bool) override {
    sandboxes.clear();
    containers.clear();
    return {};
  }
  void probe(const schema::pod_view&, const schema::container_view&, probe_kind, const std::string&,
             const std::string&, std::function<void(probe_outcome)> done) override {
    ++probes;
    done({healthy, healthy ? "" : "refused"});
  }
  void end(const std::string& name, int code) {
    containers[name].state = container_state::exited;
    containers[name].exit_code = code;
    containers[name].finished = clock.wall_now();
  }

  manual_clock_source clock{wall_time{std::chrono::hours(500000)}};
  std::vector<runtime::sandbox> sandboxes;
  std::map<std::string, runtime::container_status> containers;
  std::optional<resize_record> saved;
  std::vector<resize_job> jobs;
  std::string resize_trouble;
  std::string volume_failure;
  std::string start_trouble;
  bool obeys_signals = true;
  bool healthy = true;
  int probes = 0;
  int volumes_prepared = 0;
};

/// Runs jobs when asked to settle, so that a test decides the order of things.
class fake_host final : public pod_host {
public:
  void run(std::function<pod_answer()> job) override { jobs.push_back(std::move(job)); }
  std::function<void(pod_answer)> mailbox_of_answers() override {
    return [this](pod_answer answer) { answers.push_back(std::move(answer)); };
  }
  void wake_after(std::chrono::nanoseconds wait) override { wake = wait; }
  void write_status(const schema::pod_view&, json status) override {
    written = std::move(status);
    ++writes;
    unanswered = true;
  }
  void claim(std::uint64_t epoch) override { claims.push_back(epoch); }
  void report_gone(const schema::pod_view&) override { gone = true; }
  void record_event(const schema::pod_view&, bool, std::string_view reason, std::string) override {
    events.emplace_back(reason);
  }
  void finished() override { done = true; }

  void settle(pod_worker& worker) {
    for (int turns = 0; turns < 200; ++turns) {
      if (!jobs.empty()) {
        auto job = std::move(jobs.front());
        jobs.pop_front();
        job()(worker);
      } else if (!answers.empty()) {
        auto answer = std::move(answers.front());
        answers.pop_front();
        answer(worker);
      } else if (std::exchange(unanswered, false)) {
        worker.status_written(true);
      } else {
        return;
      }
    }
    BOOST_FAIL("the pod never settles");
  }

  std::deque<std::function<pod_answer()>> jobs;
  std::deque<pod_answer> answers;
  std::optional<std::chrono::nanoseconds> wake;
  json written;
  int writes = 0;
  bool unanswered = false;
  bool gone = false;
  bool done = false;
  std::vector<std::string> events;
  std::vector<std::uint64_t> claims;
};

struct fixture {
  fake_machine machine;
  fake_host host;
  schema::pod_view pod;
  std::unique_ptr<pod_worker> worker;
  std::optional<std::uint64_t> epoch;

  void make_fenced() {
    pod.meta.owners = {
        {.api_version = "apps/v1", .kind = "StatefulSet", .name = "db", .uid = "s", .controller = true}};
  }
  void claimed(claim_outcome outcome) {
    worker->claimed(host.claims.back(), outcome);
    host.settle(*worker);
  }
  /// What the guard does when the deadline passes.
  void fence() {
    machine.end("main", 137);
    machine.sandboxes.front().ready = false;
    epoch.reset();
    worker->something_ended();
    host.settle(*worker);
  }

  fixture() {
    pod.meta.name = "web";
    pod.meta.space = "default";
    pod.meta.uid = "uid-1";
    pod.spec.containers.resize(1);
    pod.spec.containers[0].name = "main";
    pod.spec.containers[0].image = "hello:1";
    start();
  }
  void start() {
    worker = std::make_unique<pod_worker>(
        pod_worker::collaborators{machine, machine.clock, {}, [this] { return epoch; }}, host);
  }
  void go() {
    worker->desire(pod);
    host.settle(*worker);
  }
  void pass(std::chrono::nanoseconds time) {
    machine.clock.advance(time);
    worker->look();
    host.settle(*worker);
  }
  std::string condition(std::string_view type) {
    for (const auto& each : host.written["conditions"])
      if (each["type"] == type) return each["status"].get<std::string>();
    return "(none)";
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(pod_worker_suite, fixture)

BOOST_AUTO_TEST_CASE(a_pod_comes_up_and_says_so) {
  go();
  BOOST_TEST(host.written["phase"] == "Running");
  BOOST_TEST(host.written["podIP"] == "10.244.0.9");
  BOOST_TEST(condition("Ready") == "True");
  BOOST_TEST(host.written["containerStatuses"][0]["restartCount"] == 0);
  const int writes = host.writes;
  worker->look();
  host.settle(*worker);
  BOOST_TEST(host.writes == writes);
}

BOOST_AUTO_TEST_CASE(a_pod_that_others_call_not_ready_says_again_that_it_is) {
  go();
  const auto with_ready = [&](const char* status) {
    pod.status.conditions = {{"Ready", status, "", "", {}, {}, 0}};
    worker->desire(pod);
    host.settle(*worker);
  };
  with_ready("True");
  const int writes = host.writes;
  with_ready("True");
  BOOST_TEST(host.writes == writes);
  with_ready("False");
  BOOST_TEST(host.writes == writes + 1);
  BOOST_TEST(condition("Ready") == "True");
}

BOOST_AUTO_TEST_CASE(readiness_follows_its_probe) {
  pod.spec.containers[0].readiness.emplace();
  machine.healthy = false;
  go();
  BOOST_TEST(condition("Ready") == "False");
  machine.healthy = true;
  BOOST_REQUIRE(host.wake.has_value());
  pass(*host.wake);
  BOOST_TEST(condition("Ready") == "True");
}

BOOST_AUTO_TEST_CASE(a_fenced_pod_starts_once_it_was_claimed_in_an_epoch) {
  make_fenced();
  go();
  pass(1s);
  BOOST_TEST(host.claims.empty());
  BOOST_TEST(machine.sandboxes.empty());
  epoch = 7;
  pass(1s);
  pass(1s);
  BOOST_TEST((host.claims == std::vector<std::uint64_t>{7}));
  claimed(claim_outcome::unknown);
  BOOST_TEST(machine.sandboxes.empty());
  pass(1s);
  BOOST_REQUIRE(host.claims.size() == 2U);
  claimed(claim_outcome::ours);
  BOOST_TEST(machine.containers["main"].attempt == 0);
  // Within the epoch it is ours.
  machine.end("main", 3);
  worker->something_ended();
  host.settle(*worker);
  BOOST_TEST(machine.containers["main"].attempt == 1);
  BOOST_TEST(host.claims.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_fenced_pod_waits_for_the_next_epoch_and_is_claimed_anew) {
  make_fenced();
  epoch = 7;
  go();
  claimed(claim_outcome::ours);
  fence();
  pass(1min);
  BOOST_TEST(machine.sandboxes.empty());
  epoch = 8;
  pass(1s);
  BOOST_TEST(machine.sandboxes.empty());
  BOOST_TEST(host.claims.back() == 8U);
  // An answer that is of the epoch before does not count.
  worker->claimed(7, claim_outcome::ours);
  host.settle(*worker);
  BOOST_TEST(machine.sandboxes.empty());
  claimed(claim_outcome::ours);
  BOOST_TEST(!machine.sandboxes.empty());
}

BOOST_AUTO_TEST_CASE(a_fenced_pod_that_others_removed_meanwhile_is_forgotten) {
  make_fenced();
  epoch = 7;
  go();
  claimed(claim_outcome::ours);
  fence();
  epoch = 8;
  pass(1s);
  claimed(claim_outcome::gone);
  BOOST_TEST(machine.sandboxes.empty());
  BOOST_TEST(host.done);
}

BOOST_AUTO_TEST_CASE(any_other_pod_needs_no_epoch) {
  go();
  BOOST_TEST(machine.containers["main"].attempt == 0);
  BOOST_TEST(host.claims.empty());
}

BOOST_AUTO_TEST_CASE(a_container_that_ends_is_started_again_and_remembers) {
  go();
  machine.end("main", 3);
  worker->something_ended();
  host.settle(*worker);
  BOOST_TEST(machine.containers["main"].attempt == 1);
  const json& status = host.written["containerStatuses"][0];
  BOOST_TEST(status["restartCount"] == 1);
  BOOST_TEST(status["lastState"]["terminated"]["exitCode"] == 3);
  machine.end("main", 3);
  worker->something_ended();
  host.settle(*worker);
  BOOST_TEST(host.written["containerStatuses"][0]["state"]["waiting"]["reason"] == "CrashLoopBackOff");
  BOOST_TEST(machine.containers["main"].attempt == 1);
  pass(11s);
  BOOST_TEST(machine.containers["main"].attempt == 2);
}

BOOST_AUTO_TEST_CASE(an_ephemeral_container_has_a_status_of_its_own) {
  go();
  pod.spec.ephemeral_containers.emplace_back();
  pod.spec.ephemeral_containers[0].name = "debug";
  go();
  BOOST_TEST(machine.containers["debug"].attempt == 0);
  const json& status = host.written["ephemeralContainerStatuses"][0];
  BOOST_TEST(status["name"] == "debug");
  BOOST_TEST(status["state"].contains("running"));
  BOOST_TEST(status["ready"] == false);
  BOOST_TEST(host.written["containerStatuses"].size() == 1U);
  BOOST_TEST(condition("Ready") == "True");
}

BOOST_AUTO_TEST_CASE(a_failing_liveness_probe_restarts) {
  pod.spec.containers[0].liveness.emplace();
  pod.spec.containers[0].liveness->failure_threshold = 2;
  go();
  machine.healthy = false;
  pass(10s);
  BOOST_TEST(machine.containers["main"].attempt == 0);
  pass(10s);
  BOOST_TEST(machine.containers["main"].attempt == 1);
}

BOOST_AUTO_TEST_CASE(deletion_waits_for_the_grace_then_kills_then_reports) {
  go();
  machine.obeys_signals = false;
  pod.meta.deletion = machine.clock.wall_now() + 5s;
  go();
  BOOST_TEST(!host.gone);
  pass(4s);
  BOOST_TEST(machine.containers.size() == 1U);
  pass(1s);
  BOOST_TEST(machine.containers.empty());
  BOOST_TEST(host.gone);
  worker->removal_written(true);
  BOOST_TEST(host.done);
}

BOOST_AUTO_TEST_CASE(a_restarted_daemon_adopts_what_runs) {
  go();
  const std::string id = machine.containers["main"].id;
  pod.status.phase = "Running";
  start();
  go();
  BOOST_TEST(machine.containers["main"].id == id);
  BOOST_TEST(machine.containers["main"].attempt == 0);
}

BOOST_AUTO_TEST_CASE(a_restarted_daemon_finds_a_container_that_ended_meanwhile) {
  go();
  machine.end("main", 9);
  start();
  go();
  BOOST_TEST(machine.containers["main"].attempt == 1);
}

BOOST_AUTO_TEST_CASE(a_missing_image_is_tried_again_with_growing_waits) {
  machine.start_trouble = "ErrImagePull";
  go();
  BOOST_TEST(host.written["containerStatuses"][0]["state"]["waiting"]["reason"] == "ErrImagePull");
  BOOST_TEST(host.written["phase"] == "Pending");
  machine.start_trouble.clear();
  pass(2s);
  BOOST_TEST(host.written["phase"] == "Running");
}

BOOST_AUTO_TEST_CASE(a_forgotten_pod_leaves_nothing) {
  go();
  worker->forget();
  host.settle(*worker);
  BOOST_TEST(machine.containers.empty());
  BOOST_TEST(host.done);
  BOOST_TEST(!host.gone);
}

BOOST_AUTO_TEST_CASE(changed_content_refreshes_the_volumes) {
  go();
  const int before = machine.volumes_prepared;
  worker->content_changed();
  host.settle(*worker);
  BOOST_TEST(machine.volumes_prepared == before + 1);
}

BOOST_AUTO_TEST_CASE(people_are_told_of_each_back_off_once) {
  go();
  const auto fails = [&] {
    machine.end("main", 1);
    worker->something_ended();
    host.settle(*worker);
  };
  const auto told = [&] { return std::ranges::count(host.events, "BackOff"); };
  fails(); // the first restart is immediate
  BOOST_TEST(told() == 0);
  fails();
  BOOST_TEST(told() == 1);
  pass(1s);
  BOOST_TEST(told() == 1);
  pass(10s);
  fails();
  BOOST_TEST(told() == 2);
}

BOOST_AUTO_TEST_CASE(volumes_show_what_became_of_the_pod) {
  go();
  const int prepared = machine.volumes_prepared;
  go();
  BOOST_TEST(machine.volumes_prepared == prepared);
  pod.meta.labels["seen"] = "yes";
  go();
  BOOST_TEST(machine.volumes_prepared == prepared + 1);
  pod.spec.containers[0].limits.memory_bytes = 1 << 20;
  go();
  BOOST_TEST(machine.volumes_prepared == prepared + 2);
}

BOOST_AUTO_TEST_CASE(a_resize_is_written_down_carried_out_and_reported) {
  pod.meta.generation = 1;
  pod_resources given;
  given.containers["main"] = {{{"cpu", "100m"}, {"memory", "64Mi"}}, {{"memory", "64Mi"}}};
  const auto allot = [&] {
    pod = with_amounts(pod, given);
    worker->desire(pod, {given, pod.meta.generation, {}});
    host.settle(*worker);
  };
  allot();
  BOOST_REQUIRE(machine.saved.has_value());
  BOOST_TEST(machine.saved->actuated.at("main").amounts.limits.at("memory") == "64Mi");
  BOOST_TEST(host.written["containerStatuses"][0]["allocatedResources"]["cpu"] == "100m");
  BOOST_TEST(host.written["observedGeneration"] == 1);
  BOOST_TEST(machine.jobs.empty());

  pod.meta.generation = 2;
  given.containers["main"].limits["memory"] = "96Mi";
  allot();
  BOOST_REQUIRE(machine.jobs.size() == 1);
  BOOST_TEST(machine.saved->actuated.at("main").amounts.limits.at("memory") == "96Mi");
  BOOST_TEST(host.written["containerStatuses"][0]["resources"]["limits"]["memory"] == "96Mi");
  BOOST_TEST(host.written["observedGeneration"] == 2);
  BOOST_TEST(condition("PodResizeInProgress") == "(none)");
  BOOST_TEST(std::ranges::count(host.events, "ResizeStarted") == 1);
  BOOST_TEST(std::ranges::count(host.events, "ResizeCompleted") == 1);

  machine.resize_trouble = "no";
  pod.meta.generation = 3;
  given.containers["main"].limits["memory"] = "4Ki";
  allot();
  BOOST_TEST(machine.jobs.size() == 2);
  BOOST_TEST(condition("PodResizeInProgress") == "True");
  machine.resize_trouble.clear();
  pass(5s);
  BOOST_TEST(machine.jobs.size() == 3);
  BOOST_TEST(condition("PodResizeInProgress") == "(none)");
}

BOOST_AUTO_TEST_CASE(a_resize_by_restart_starts_the_container_again_whatever_its_policy) {
  pod.spec.restart = schema::restart_policy::on_failure;
  pod.spec.containers[0].resize.memory_restarts = true;
  pod.meta.generation = 1;
  pod_resources given;
  given.containers["main"] = {{{"memory", "64Mi"}}, {{"memory", "64Mi"}}};
  pod = with_amounts(pod, given);
  worker->desire(pod, {given, 1, {}});
  host.settle(*worker);
  pod.meta.generation = 2;
  given.containers["main"] = {{{"memory", "96Mi"}}, {{"memory", "96Mi"}}};
  pod = with_amounts(pod, given);
  worker->desire(pod, {given, 2, {}});
  host.settle(*worker);
  worker->something_ended();
  host.settle(*worker);
  BOOST_TEST(host.written["phase"] == "Running");
  BOOST_TEST(host.written["containerStatuses"][0]["restartCount"] == 1);
  BOOST_TEST(machine.saved->actuated.at("main").amounts.limits.at("memory") == "96Mi");
  BOOST_TEST(machine.saved->ended_attempts.empty());
  BOOST_TEST(std::ranges::count(host.events, "ResizeCompleted") == 1);
}

BOOST_AUTO_TEST_SUITE_END()
