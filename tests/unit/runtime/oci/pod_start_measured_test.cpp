#include "tests/unit/runtime/oci/test_node.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <thread>

/// Figures, not checks: `test_runtime_oci --run_test=pods_measured`.

namespace {

using namespace actord;
using namespace actord::runtime;
using namespace actord::test_support;
using clock_type = std::chrono::steady_clock;

double milliseconds_since(clock_type::time_point start) {
  return std::chrono::duration<double, std::milli>(clock_type::now() - start).count();
}

std::string summary(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  std::ostringstream text;
  text.precision(1);
  text << std::fixed << "p50 " << times[times.size() / 2] << " ms, least " << times.front() << ", most "
       << times.back();
  return text.str();
}

long proportional_kib(int pid) {
  std::istringstream lines(read_host_file("/proc/" + std::to_string(pid) + "/smaps_rollup"));
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("Pss:")) return std::stol(line.substr(4));
  return 0;
}

BOOST_FIXTURE_TEST_SUITE(pods_measured, node,
                         *boost::unit_test::disabled() * boost::unit_test::precondition(can_run_pods))

BOOST_AUTO_TEST_CASE(one_pod_after_another) {
  constexpr int rounds = 20;
  std::vector<double> sandbox_times;
  std::vector<double> create_times;
  std::vector<double> start_times;
  std::vector<double> whole_times;
  std::vector<double> remove_times;
  for (int round = 0; round < rounds; ++round) {
    const auto begin = clock_type::now();
    const sandbox made = pod("serial-" + std::to_string(round));
    sandbox_times.push_back(milliseconds_since(begin));
    const auto creating = clock_type::now();
    const auto created = runtime->create_container(shell(made, "exec sleep 1000"));
    BOOST_REQUIRE_MESSAGE(created, failure_text(created));
    create_times.push_back(milliseconds_since(creating));
    const auto starting = clock_type::now();
    BOOST_REQUIRE(runtime->start_container(created->id));
    start_times.push_back(milliseconds_since(starting));
    whole_times.push_back(milliseconds_since(begin));
  }
  long monitors_kib = 0;
  long pauses_kib = 0;
  for (const std::string& id : directory_entries(scratch / "run/containers"))
    monitors_kib += proportional_kib(
        parse_container_record(read_host_file(scratch / ("run/containers/" + id + "/container.json")))
            ->monitor.pid);
  for (const sandbox& each : runtime->list_sandboxes()) {
    pauses_kib += proportional_kib(
        parse_sandbox_record(read_host_file(scratch / ("run/sandboxes/" + each.id + "/sandbox.json")))
            ->pause.pid);
    const auto removing = clock_type::now();
    BOOST_TEST(runtime->remove_sandbox(each.id).has_value());
    remove_times.push_back(milliseconds_since(removing));
  }
  std::cout << "runtime              " << runtime->version() << "\nsandbox              "
            << summary(sandbox_times) << "\ncreate container     " << summary(create_times)
            << "\nstart container      " << summary(start_times) << "\npod                  "
            << summary(whole_times) << "\nremove               " << summary(remove_times)
            << "\nmonitor, each        " << monitors_kib / rounds << " KiB Pss\npause, each          "
            << pauses_kib / rounds << " KiB Pss\n";
}

BOOST_AUTO_TEST_CASE(twenty_pods_at_once) {
  const auto begin = clock_type::now();
  {
    std::vector<std::jthread> starters;
    for (int number = 0; number < 20; ++number)
      starters.emplace_back([&, number] {
        sandbox_spec spec;
        spec.pod_uid = "burst-" + std::to_string(number);
        spec.hostname = "h";
        const auto made = runtime->run_sandbox(spec);
        if (!made) return;
        const auto created = runtime->create_container(shell(*made, "exec sleep 1000"));
        if (created) static_cast<void>(runtime->start_container(created->id));
      });
  }
  std::cout << "20 pods at once      " << milliseconds_since(begin) << " ms\n";
}

BOOST_AUTO_TEST_CASE(a_bare_runtime_for_comparison) {
  const std::string bundle = scratch / "bare";
  BOOST_REQUIRE(make_directories(bundle + "/rootfs/bin"));
  for (const char* name : {"proc", "dev", "sys"}) BOOST_REQUIRE(make_directories(bundle + "/rootfs/" + name));
  BOOST_REQUIRE(write_file_atomic(bundle + "/rootfs/bin/true", read_host_file("/bin/busybox"), 0755));
  const json config{
      {"ociVersion", "1.0.2"},
      {"process",
       {{"user", {{"uid", 0}, {"gid", 0}}}, {"args", {"/bin/true"}}, {"cwd", "/"}, {"env", json::array()}}},
      {"root", {{"path", bundle + "/rootfs"}}},
      {"mounts", json::array({{{"destination", "/proc"}, {"type", "proc"}, {"source", "proc"}}})},
      {"linux",
       {{"cgroupsPath", "/actord-bare"},
        {"namespaces", json::array({{{"type", "pid"}},
                                    {{"type", "mount"}},
                                    {{"type", "network"}},
                                    {{"type", "ipc"}},
                                    {{"type", "uts"}}})}}}};
  BOOST_REQUIRE(write_file_atomic(bundle + "/config.json", config.dump()));
  std::vector<double> times;
  for (int round = 0; round < 20; ++round) {
    command what;
    what.argv = {options().pause_path,
                 "hide-unified",
                 "/usr/bin/crun",
                 "--root=" + scratch.path() + "/bare-root",
                 "run",
                 "--bundle",
                 bundle,
                 "bare" + std::to_string(round)};
    what.environment = {"PATH=/usr/bin:/bin"};
    const auto begin = clock_type::now();
    const auto done = system_process_launcher().run(what);
    times.push_back(milliseconds_since(begin));
    BOOST_TEST((done && done->succeeded()), done->error_output);
  }
  std::cout << "bare crun run        " << summary(times) << "\n";
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
