#include "tests/unit/runtime/oci/test_node.hpp"

#include <algorithm>
#include <thread>

#include <signal.h>

namespace {

using namespace actord;
using namespace actord::runtime;
using namespace actord::test_support;

BOOST_FIXTURE_TEST_SUITE(pods, node, *boost::unit_test::precondition(can_run_pods))

BOOST_AUTO_TEST_CASE(a_container_runs_logs_and_ends_with_its_code) {
  const sandbox pod = this->pod("a");
  BOOST_TEST(pod.ready);
  BOOST_TEST(pod.address.starts_with("10.213.7."));
  const container_spec spec = shell(pod, "echo out $FROM_IMAGE $HOSTNAME; hostname; echo err >&2; id -u; cat "
                                         "/etc/hosts | grep host-a; cat /etc/resolv.conf; exit 3");
  const std::string text = output_of(pod, spec, 3);
  BOOST_TEST(text.find("stdout out yes host-a\n") != std::string::npos, text);
  BOOST_TEST(text.find("stdout host-a\n") != std::string::npos, text);
  BOOST_TEST(text.find("stderr err\n") != std::string::npos, text);
  BOOST_TEST(text.find("stdout " + pod.address + "\thost-a\n") != std::string::npos, text);
  BOOST_TEST(text.find("nameserver 10.96.0.10\n") != std::string::npos, text);
  const auto listed = runtime->list_containers(pod.id);
  BOOST_REQUIRE(listed.size() == 1);
  BOOST_TEST((listed.front().state == container_state::exited));
  BOOST_TEST((listed.front().finished >= listed.front().started));
  BOOST_TEST((listed.front().started >= listed.front().created));
}

BOOST_AUTO_TEST_CASE(crun_is_preferred_where_it_works) {
  BOOST_TEST(runtime->version().starts_with("crun "), runtime->version());
}

BOOST_AUTO_TEST_CASE(a_container_is_confined_by_default) {
  const sandbox pod = this->pod("a");
  const std::string text = output_of(
      pod,
      shell(pod,
            "grep -E '^(CapEff|CapBnd|Seccomp|NoNewPrivs):' /proc/self/status;"
            "head -c 1 /proc/kcore | wc -c; touch /proc/sys/kernel/hostname && echo writable-proc;"
            "mkdir /sys/fs/cgroup/pids/x && echo writable-cgroup; mount -t tmpfs none /tmp && echo mounted;"
            "unshare -U true && echo unshared;"
            "cat /proc/mounts | grep -c actord-test; true"));
  BOOST_TEST(text.find("CapEff:\t00000000a80425fb") != std::string::npos, text);
  BOOST_TEST(text.find("CapBnd:\t00000000a80425fb") != std::string::npos, text);
  BOOST_TEST(text.find("Seccomp:\t2") != std::string::npos, text);
  BOOST_TEST(text.find("NoNewPrivs:\t0") != std::string::npos, text);
  for (const char* breach : {"writable-proc", "writable-cgroup", "mounted", "unshared"})
    BOOST_TEST(text.find(breach) == std::string::npos, text);
  // Descriptors that leaked into it would be seen here (CVE-2024-21626); 3 is the directory being listed.
  container_spec listing = shell(pod, "", "listing");
  listing.command = {"/bin/ls", "/proc/self/fd"};
  BOOST_TEST(output_of(pod, listing) == "stdout 0\nstdout 1\nstdout 2\nstdout 3\n");
}

BOOST_AUTO_TEST_CASE(users_and_groups_are_what_the_image_and_the_pod_say) {
  const sandbox pod = this->pod("a", [](sandbox_spec& spec) { spec.fs_group = 5000; });
  container_spec spec = shell(pod, "id; echo $HOME; grep -E '^(NoNewPrivs|CapEff)' /proc/self/status");
  spec.security.run_as_user = 1000;
  spec.security.supplemental_groups = {3000};
  spec.security.run_as_non_root = true;
  spec.security.allow_privilege_escalation = false;
  const std::string text = output_of(pod, spec);
  BOOST_TEST(text.find("uid=1000(worker) gid=1001(workers) groups=1002(extra),3000,5000") !=
                 std::string::npos,
             text);
  BOOST_TEST(text.find("/home/worker") != std::string::npos, text);
  BOOST_TEST(text.find("NoNewPrivs:\t1") != std::string::npos, text);
  BOOST_TEST(text.find("CapEff:\t0000000000000000") != std::string::npos, text);
  container_spec root = shell(pod, "id", "root");
  root.security.run_as_non_root = true;
  const auto refused = runtime->create_container(root);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().message == "container has runAsNonRoot and image will run as root");
}

BOOST_AUTO_TEST_CASE(what_cannot_start_says_why_and_leaves_nothing) {
  const sandbox pod = this->pod("a");
  container_spec spec = shell(pod, "true");
  spec.command = {"/no/such/program"};
  const auto missing = runtime->create_container(spec);
  const auto started = missing ? runtime->start_container(missing->id) : result<void>(missing.error());
  BOOST_REQUIRE(!started);
  BOOST_TEST(started.error().message.find("no/such/program") != std::string::npos, started.error().message);
  spec = shell(pod, "true", "cwd");
  spec.working_directory = "/proc/self/fd/7";
  BOOST_TEST(!runtime->create_container(spec));
  spec = shell(pod, "true", "image");
  spec.image = "sha256:" + std::string(64, '0');
  const auto unknown = runtime->create_container(spec);
  BOOST_TEST((!unknown && unknown.error().kind == error_kind::not_found));
  spec = shell(pod, "true", "user");
  spec.security.run_as_user = -1;
  BOOST_TEST(!runtime->create_container(spec));
  BOOST_TEST(mount_points_below(scratch / "run/containers").size() <= 1U);
  BOOST_TEST(runtime->list_containers(pod.id).size() <= 1U);
}

BOOST_AUTO_TEST_CASE(containers_survive_a_restart_and_ends_meanwhile_are_found) {
  const sandbox pod = this->pod("a");
  const std::string lasting = start(shell(pod, "while true; do echo tick; sleep 0.1; done", "lasting"));
  const std::string brief = start(shell(pod, "sleep 0.3; exit 7", "brief"));
  runtime.reset();
  std::this_thread::sleep_for(600ms);
  runtime = open();
  const auto sandboxes = runtime->list_sandboxes();
  BOOST_REQUIRE(sandboxes.size() == 1);
  BOOST_TEST(sandboxes.front().ready);
  BOOST_TEST(sandboxes.front().id == pod.id);
  BOOST_TEST(sandboxes.front().address == pod.address);
  BOOST_TEST((runtime->status(lasting)->state == container_state::running));
  BOOST_TEST((runtime->status(brief)->state == container_state::exited));
  BOOST_TEST(runtime->status(brief)->exit_code == 7);
  BOOST_TEST(runtime
                 ->run_sandbox([] {
                   sandbox_spec spec;
                   spec.pod_uid = "a";
                   return spec;
                 }())
                 ->address == pod.address);
  BOOST_REQUIRE(runtime->signal_container(lasting, "KILL"));
  BOOST_TEST(seen.wait_for(pod.id, lasting));
  BOOST_TEST(runtime->status(lasting)->exit_code == 137);
}

BOOST_AUTO_TEST_CASE(signals_reach_the_first_process) {
  const sandbox pod = this->pod("a");
  const std::string id =
      start(shell(pod, "trap 'echo bye; exit 5' TERM; echo ready; while true; do sleep 0.05; done"));
  while (text_of(scratch / ("logs/" + pod.id + "/main.log")).empty()) std::this_thread::sleep_for(5ms);
  BOOST_REQUIRE(runtime->signal_container(id, "TERM"));
  BOOST_REQUIRE(seen.wait_for(pod.id, id));
  BOOST_TEST(runtime->status(id)->exit_code == 5);
  BOOST_TEST(runtime->signal_container(id, "SIGTERM").has_value());
  BOOST_TEST(!runtime->signal_container(id, "NONSENSE").has_value());
}

BOOST_AUTO_TEST_CASE(exec_runs_inside_and_is_held_to_its_time) {
  const sandbox pod = this->pod("a");
  container_spec spec = shell(pod, "sleep 1000");
  spec.env = {{"GREETING", "hi"}};
  spec.security.run_as_user = 1000;
  const std::string id = start(spec);
  const auto said = runtime->exec(
      id, {"/bin/sh", "-c", "echo $GREETING; id -u; grep Seccomp: /proc/self/status; echo oops >&2; exit 4"},
      10s);
  BOOST_REQUIRE_MESSAGE(said, failure_text(said));
  BOOST_TEST(said->exit_code == 4);
  BOOST_TEST(said->output == "hi\n1000\nSeccomp:\t2\noops\n");
  const auto endless = runtime->exec(id, {"/bin/sh", "-c", "sleep 777"}, 300ms);
  BOOST_REQUIRE_MESSAGE(endless, failure_text(endless));
  BOOST_TEST(endless->timed_out);
  const auto left = runtime->exec(id, {"/bin/sh", "-c", "ps | grep -v grep | grep -c 'sleep 777'"}, 10s);
  BOOST_TEST(left->output == "0\n");
  const auto much = runtime->exec(id, {"/bin/sh", "-c", "yes | head -c 1000000"}, 10s);
  BOOST_TEST(much->output.size() == 10240U);
  BOOST_TEST(much->exit_code == 0);
  const auto nothing = runtime->exec(id, {"/no/such"}, 10s);
  BOOST_TEST((!nothing || nothing->exit_code != 0));
  BOOST_TEST(!runtime->exec("unknown", {"true"}, 1s));
}

BOOST_AUTO_TEST_CASE(removing_a_sandbox_leaves_nothing_and_may_be_repeated) {
  const sandbox pod = this->pod("a");
  start(shell(pod, "sleep 1000", "one"));
  start(shell(pod, "trap '' TERM; sleep 1000 & wait", "two"));
  BOOST_REQUIRE(runtime->stop_sandbox(pod.id));
  BOOST_TEST(!runtime->list_sandboxes().front().ready);
  for (const auto& status : runtime->list_containers(pod.id)) {
    BOOST_TEST((status.state == container_state::exited));
    BOOST_TEST(status.exit_code == 137);
  }
  BOOST_TEST(runtime->stop_sandbox(pod.id).has_value());
  for (int round = 0; round < 2; ++round) {
    const auto removed = runtime->remove_sandbox(pod.id);
    BOOST_TEST(removed.has_value(), failure_text(removed));
  }
  BOOST_TEST(runtime->list_sandboxes().empty());
  BOOST_TEST(mount_points_below(scratch / "run").empty());
  for (const char* place : {"run/sandboxes", "run/containers", "run/exits", "run/netns", "run/runtime",
                            "data/writable", "network/attachments"})
    BOOST_TEST(directory_entries(scratch / place).empty(), place);
  for (const std::string& hierarchy : directory_entries("/sys/fs/cgroup"))
    BOOST_TEST(::access(("/sys/fs/cgroup/" + hierarchy + parent_group() + "/" + pod.id).c_str(), F_OK) != 0,
               hierarchy);
  const auto addresses = directory_entries(scratch / "network/addresses/actord");
  BOOST_TEST(std::count_if(addresses.begin(), addresses.end(),
                           [](const std::string& name) { return name.starts_with("10."); }) == 0);
  BOOST_TEST(read_host_file(scratch / ("logs/" + pod.id + "/one.log")).empty());
  BOOST_TEST(::access((scratch / ("logs/" + pod.id + "/one.log")).c_str(), F_OK) == 0);
}

BOOST_AUTO_TEST_CASE(processes_may_be_shared_in_the_pod) {
  const sandbox pod = this->pod("a", [](sandbox_spec& spec) { spec.share_processes = true; });
  const std::string other = start(shell(pod, "sleep 987", "other"));
  const std::string text = output_of(pod, shell(pod, "ps; ls /proc/1/root/ || true", "main"));
  BOOST_TEST(text.find("sleep 987") != std::string::npos, text);
  BOOST_TEST(text.find("actord-pause") != std::string::npos, text);
  BOOST_TEST(text.find("usr") == std::string::npos, text);
  BOOST_REQUIRE(runtime->signal_container(other, "KILL"));
  BOOST_TEST(seen.wait_for(pod.id, other));
}

BOOST_AUTO_TEST_CASE(host_namespaces_and_volumes) {
  BOOST_REQUIRE(make_directories(scratch / "volume/sub"));
  const sandbox pod = this->pod("a", [](sandbox_spec& spec) { spec.host_network = spec.host_pid = true; });
  container_spec spec = shell(pod, "ip link | grep -c eth0; ls /proc/" + std::to_string(::getpid()) +
                                       " | grep -c '^status$'; echo data > /vol/file; touch /ro/x && echo "
                                       "wrote; readlink /proc/self/ns/ipc");
  spec.mounts = {{scratch / "volume/sub", "/ro/inner", true, ""},
                 {scratch / "volume", "/vol", false, ""},
                 {scratch / "volume", "/ro", true, ""}};
  const std::string text = output_of(pod, spec);
  BOOST_TEST(text.find("stdout 1\nstdout 1\n") != std::string::npos, text);
  BOOST_TEST(text.find("wrote") == std::string::npos, text);
  BOOST_TEST(read_host_file(scratch / "volume/file") == "data\n");
}

BOOST_AUTO_TEST_CASE(a_privileged_container_has_the_machine) {
  const sandbox pod = this->pod("a");
  container_spec spec = shell(
      pod,
      "grep -E '^(CapBnd|Seccomp):' /proc/self/status; mount -t tmpfs none /tmp && echo mounted; ls /dev | "
      "grep -c loop-control; touch /sys/fs/cgroup/pids/notify_on_release && echo cgroup-writable");
  spec.security.privileged = true;
  const std::string text = output_of(pod, spec);
  BOOST_TEST(text.find("Seccomp:\t0") != std::string::npos, text);
  BOOST_TEST(text.find("stdout mounted") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(the_end_of_a_pause_process_or_a_monitor_is_noticed) {
  const sandbox pod = this->pod("a");
  const std::string id = start(shell(pod, "sleep 1000"));
  const auto record =
      parse_container_record(read_host_file(scratch / ("run/containers/" + id + "/container.json")));
  BOOST_REQUIRE(record.has_value());
  BOOST_REQUIRE(::kill(record->monitor.pid, SIGKILL) == 0);
  BOOST_TEST(seen.wait_for(pod.id, id));
  BOOST_TEST((runtime->status(id)->state == container_state::exited));
  BOOST_TEST(runtime->status(id)->exit_code == 255);
  const auto pause =
      parse_sandbox_record(read_host_file(scratch / ("run/sandboxes/" + pod.id + "/sandbox.json")));
  BOOST_REQUIRE(::kill(pause->pause.pid, SIGKILL) == 0);
  BOOST_TEST(seen.wait_for(pod.id, ""));
  BOOST_TEST(!runtime->list_sandboxes().front().ready);
  // The same pod again: what is left is cleared.
  const sandbox again = this->pod("a");
  BOOST_TEST(again.ready);
}

BOOST_AUTO_TEST_CASE(what_a_container_started_ends_with_it_where_processes_are_shared) {
  const sandbox pod = this->pod("a", [](sandbox_spec& spec) { spec.share_processes = true; });
  const std::string id = start(shell(pod, "setsid sleep 543 & sleep 0.1; exit 0"));
  BOOST_REQUIRE(seen.wait_for(pod.id, id));
  const std::string text = output_of(pod, shell(pod, "ps", "second"));
  BOOST_TEST(text.find("sleep 543") == std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(what_a_crash_left_without_a_record_is_cleared_at_the_start) {
  const sandbox pod = this->pod("a");
  const std::string id = start(shell(pod, "sleep 1000"));
  const auto record =
      parse_container_record(read_host_file(scratch / ("run/containers/" + id + "/container.json")));
  runtime.reset();
  for (const std::string& lost :
       {"containers/" + id + "/container.json", "sandboxes/" + pod.id + "/sandbox.json"})
    BOOST_REQUIRE(::unlink((scratch / ("run/" + lost)).c_str()) == 0);
  BOOST_REQUIRE(make_directories(scratch / "data/writable/orphan/upper"));
  BOOST_REQUIRE(write_file_atomic(scratch / "run/exits/orphan", "0"));
  runtime = open();
  BOOST_TEST(!is_alive(record->init));
  BOOST_TEST(runtime->list_sandboxes().empty());
  for (const char* place : {"run/sandboxes", "run/containers", "run/exits", "run/netns", "run/runtime",
                            "data/writable", "network/attachments"})
    BOOST_TEST(directory_entries(scratch / place).empty(), place);
}

BOOST_AUTO_TEST_CASE(two_daemons_on_one_machine_do_not_touch_each_other) {
  node other("10.213.8.0/24");
  const sandbox here = pod("same");
  const sandbox there = other.pod("same");
  BOOST_TEST(here.id != there.id);
  const std::string there_id = other.start(other.shell(there, "sleep 1000"));
  start(shell(here, "sleep 1000"));
  BOOST_REQUIRE(runtime->remove_sandbox(here.id));
  restart();
  BOOST_TEST((other.runtime->status(there_id)->state == container_state::running));
  BOOST_TEST(other.runtime->list_sandboxes().size() == 1U);
  BOOST_TEST(runtime->list_sandboxes().empty());
}

BOOST_AUTO_TEST_CASE(runc_does_the_same) {
  runtime.reset();
  oci_runtime_options with_runc = options();
  with_runc.flavour = runtime_flavour::runc;
  auto opened = open_oci_runtime(with_runc);
  BOOST_REQUIRE_MESSAGE(opened, failure_text(opened));
  runtime = std::move(*opened);
  runtime->on_exit([this](std::string sandbox, std::string container) {
    seen.add(std::move(sandbox), std::move(container));
  });
  BOOST_TEST(runtime->version().starts_with("runc "), runtime->version());
  const sandbox pod = this->pod("a");
  const std::string id = start(shell(pod, "echo up; sleep 1000"));
  const auto said = runtime->exec(id, {"/bin/sh", "-c", "echo $FROM_IMAGE; exit 4"}, 20s);
  BOOST_REQUIRE_MESSAGE(said, failure_text(said));
  BOOST_TEST(said->output == "yes\n");
  BOOST_TEST(said->exit_code == 4);
  BOOST_REQUIRE(runtime->signal_container(id, "KILL"));
  BOOST_REQUIRE(seen.wait_for(pod.id, id));
  BOOST_TEST(runtime->status(id)->exit_code == 137);
  const auto removed = runtime->remove_sandbox(pod.id);
  BOOST_TEST(removed.has_value(), failure_text(removed));
}

BOOST_AUTO_TEST_CASE(host_ports_lead_to_the_pod) {
  sandbox_spec::port_mapping port;
  port.protocol = "tcp";
  port.host_port = 18'473;
  port.container_port = 8080;
  const sandbox pod = this->pod("a", [&](sandbox_spec& spec) { spec.ports = {port}; });
  const std::string id =
      start(shell(pod, "mkdir /www; echo answer > /www/index.html; exec httpd -f -p 8080 -h /www"));
  command fetch;
  fetch.argv = {"/bin/busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:18473/"};
  fetch.timeout = 5s;
  std::string said;
  for (int attempt = 0; attempt < 50 && said.empty(); ++attempt) {
    const auto done = system_process_launcher().run(fetch);
    if (done && done->succeeded())
      said = done->output;
    else
      std::this_thread::sleep_for(50ms);
  }
  BOOST_TEST(said == "answer\n");
  BOOST_TEST((runtime->status(id)->state == container_state::running));
}

BOOST_AUTO_TEST_CASE(running_out_of_memory_is_told_apart) {
  const sandbox pod = this->pod("a");
  container_spec spec = shell(pod, "dd if=/dev/zero of=/dev/null bs=200M count=1");
  spec.resources.memory_limit_bytes = 32 << 20;
  const std::string id = start(spec);
  BOOST_REQUIRE(seen.wait_for(pod.id, id));
  BOOST_TEST(runtime->status(id)->exit_code == 137);
  BOOST_TEST(runtime->status(id)->out_of_memory);
}

BOOST_AUTO_TEST_CASE(twenty_pods_at_once_get_different_addresses) {
  std::mutex mutex;
  std::set<std::string> addresses;
  std::vector<std::string> failures;
  std::vector<std::jthread> starters;
  for (int number = 0; number < 20; ++number)
    starters.emplace_back([&, number] {
      sandbox_spec spec;
      spec.pod_uid = "many-" + std::to_string(number);
      spec.hostname = "h" + std::to_string(number);
      const auto made = runtime->run_sandbox(spec);
      auto created = made ? runtime->create_container(shell(*made, "sleep 1000"))
                          : result<container_status>(made.error());
      const auto started = created ? runtime->start_container(created->id) : result<void>(created.error());
      const std::lock_guard lock(mutex);
      if (started)
        addresses.insert(made->address);
      else
        failures.push_back(started.error().message);
    });
  starters.clear();
  BOOST_TEST(failures.empty(), (failures.empty() ? std::string{} : failures.front()));
  BOOST_TEST(addresses.size() == 20U);
}

BOOST_AUTO_TEST_CASE(a_log_never_outgrows_its_limit) {
  runtime.reset();
  oci_runtime_options small = options();
  small.log_size_limit_bytes = 100'000;
  runtime = std::move(open_oci_runtime(small)).value();
  runtime->on_exit([this](std::string sandbox, std::string container) {
    seen.add(std::move(sandbox), std::move(container));
  });
  const sandbox pod = this->pod("a");
  const container_spec spec = shell(pod, "yes 0123456789 | head -n 100000; echo the-end");
  const std::string text = output_of(pod, spec);
  BOOST_TEST(text.size() < 120'000U);
  BOOST_TEST(text.find("the-end") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
