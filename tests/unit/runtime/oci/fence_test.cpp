#include "runtime/fence/deadline_file.hpp"
#include "tests/unit/runtime/oci/test_node.hpp"

#include <fstream>
#include <thread>

#include <signal.h>

namespace {

using namespace actord;
using namespace actord::runtime;
using namespace actord::test_support;

struct fenced_node : node {
  std::unique_ptr<deadline_file> deadline = std::move(deadline_file::open(scratch / "deadline")).value();

  fenced_node() { deadline->set(boot_clock::now() + 1h); }

  sandbox fenced_pod(const std::string& uid) {
    return pod(uid, [](sandbox_spec& spec) { spec.fenced = true; });
  }
  process_identity guard_of(const sandbox& of) const {
    const auto text = read_file(scratch / ("run/sandboxes/" + of.id + "/sandbox.json"));
    return parse_sandbox_record(**text)->guard.value();
  }
  bool exits(const std::string& container) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < end) {
      if (runtime->status(container)->state == container_state::exited) return true;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(fences, fenced_node, *boost::unit_test::precondition(can_run_pods))

BOOST_AUTO_TEST_CASE(a_deadline_that_passes_ends_all_of_the_pod_and_what_comes_late) {
  const sandbox pod = fenced_pod("a");
  const sandbox plain = this->pod("b");
  BOOST_TEST(pod.ready);
  const std::string first = start(shell(pod, "trap '' TERM INT; while :; do sleep 1 & wait; done"));
  const std::string second = start(shell(pod, "setsid sleep 1000 & exec sleep 1000", "second"));
  const std::string other = start(shell(plain, "sleep 1000"));
  const auto waiting = runtime->create_container(shell(pod, "sleep 1000", "late"));
  BOOST_REQUIRE_MESSAGE(waiting, failure_text(waiting));
  BOOST_TEST((runtime->status(first)->state == container_state::running));
  // The daemon is not there any more.
  runtime.reset();
  deadline->set(boot_clock::now() + 50ms);
  runtime = open();
  BOOST_TEST(exits(first));
  BOOST_TEST(exits(second));
  BOOST_TEST(runtime->status(first)->exit_code == 137);
  BOOST_TEST((runtime->status(other)->state == container_state::running));
  BOOST_TEST(seen.wait_for(pod.id, ""));
  BOOST_TEST(exits(waiting->id));
  for (const sandbox& each : runtime->list_sandboxes()) BOOST_TEST(each.ready == (each.pod_uid == "b"));
  // The deadline moves on, too late for this pod: its guard stays until the pod is removed.
  deadline->set(boot_clock::now() + 1h);
  BOOST_TEST(is_alive(guard_of(pod)));
  BOOST_TEST(!runtime->create_container(shell(pod, "sleep 1000", "later")));
  const process_identity guard = guard_of(pod);
  BOOST_REQUIRE(runtime->remove_sandbox(pod.id));
  BOOST_TEST(!is_alive(guard));
}

BOOST_AUTO_TEST_CASE(processes_that_multiply_end_too) {
  const sandbox pod = fenced_pod("a");
  container_spec spec = shell(
      pod, "f() { while :; do sh -c 'sleep 0.01 & sleep 0.01' & sleep 0.005; done; }; f & f & f & f & wait");
  spec.resources.pids_limit = 200;
  const std::string id = start(spec);
  std::this_thread::sleep_for(200ms);
  deadline->set(boot_clock::now());
  BOOST_TEST(exits(id));
  BOOST_TEST(seen.wait_for(pod.id, ""));
}

BOOST_AUTO_TEST_CASE(a_deadline_that_moves_on_in_time_ends_nothing) {
  deadline->set(boot_clock::now() + 300ms);
  const sandbox pod = fenced_pod("a");
  const std::string id = start(shell(pod, "sleep 1000"));
  deadline->set(boot_clock::now() + 1h);
  std::this_thread::sleep_for(500ms);
  BOOST_TEST((runtime->status(id)->state == container_state::running));
}

BOOST_AUTO_TEST_CASE(a_pod_whose_guard_was_killed_is_ended_at_once) {
  const sandbox pod = fenced_pod("a");
  const std::string id = start(shell(pod, "sleep 1000"));
  BOOST_REQUIRE(::kill(guard_of(pod).pid, SIGKILL) == 0);
  BOOST_TEST(seen.wait_for(pod.id, ""));
  BOOST_TEST(exits(id));
}

BOOST_AUTO_TEST_CASE(a_guard_is_there_before_the_pod_and_not_without_it) {
  const sandbox pod = this->pod("a", [](sandbox_spec& spec) { spec.fenced = true; });
  const process_identity guard = guard_of(pod);
  restart();
  BOOST_TEST(runtime->list_sandboxes().front().ready);
  BOOST_REQUIRE(runtime->stop_sandbox(pod.id));
  BOOST_TEST(!is_alive(guard));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(deadlines)

BOOST_AUTO_TEST_CASE(a_deadline_outlives_who_wrote_it_and_not_the_machine) {
  const temporary_directory scratch;
  const std::string path = scratch / "deadline";
  const boot_time end = boot_clock::now() + 1h;
  {
    auto file = std::move(deadline_file::open(path)).value();
    BOOST_TEST((file->get() == boot_time{}));
    file->set(end);
  }
  BOOST_TEST((std::move(deadline_file::open(path)).value()->get() == end));
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(8);
    file << "00000000-0000-0000-0000-000000000000";
  }
  BOOST_TEST((std::move(deadline_file::open(path)).value()->get() == boot_time{}));
  BOOST_TEST(!deadline_file::open(scratch / "missing/deadline"));
}

BOOST_AUTO_TEST_SUITE_END()
