#include "runtime/oci/cgroups.hpp"
#include "runtime/oci/running_process.hpp"
#include "runtime/oci/runtime_program.hpp"
#include "runtime/oci/runtime_records.hpp"
#include "runtime/oci/sandbox_files.hpp"
#include "runtime/oci/user_lookup.hpp"
#include "tests/support/failure_text.hpp"

#include <boost/test/unit_test.hpp>

#include <signal.h>
#include <unistd.h>

namespace {

using namespace actord;
using namespace actord::runtime;
using namespace std::chrono_literals;
using test_support::failure_text;

constexpr std::string_view passwd =
    "root:x:0:0:root:/root:/bin/sh\nbroken line\nweb:x:33:44:web:/var/www:/bin/sh\nbad:x:x:y:::\n";
constexpr std::string_view groups = "root:x:0:\nweb:x:44:\nextra:x:50:web,other\nempty:x:51:\n";

BOOST_AUTO_TEST_SUITE(users)

BOOST_AUTO_TEST_CASE(names_and_numbers_are_resolved_by_the_image) {
  const auto resolve = [](user_wish wish) { return resolve_user(wish, passwd, groups); };
  const auto web = resolve({.image_user = "web", .user = {}, .group = {}, .supplemental_groups = {7, 50, 7}});
  BOOST_REQUIRE_MESSAGE(web, failure_text(web));
  BOOST_TEST(web->user == 33U);
  BOOST_TEST(web->group == 44U);
  BOOST_TEST(web->groups == (std::vector<std::uint32_t>{7, 50}), boost::test_tools::per_element());
  BOOST_TEST(web->home == "/var/www");
  const auto by_number = resolve({.image_user = "33:51", .user = {}, .group = {}, .supplemental_groups = {}});
  BOOST_TEST(by_number->group == 51U);
  BOOST_TEST(resolve({.image_user = "33:empty", .user = {}, .group = {}, .supplemental_groups = {}})->group ==
             51U);
  const auto unknown_number =
      resolve({.image_user = "4000", .user = {}, .group = {}, .supplemental_groups = {}});
  BOOST_TEST(unknown_number->user == 4000U);
  BOOST_TEST(unknown_number->group == 0U);
  BOOST_TEST(resolve({})->user == 0U);
  // The pod's user replaces the image's, whose group goes with it.
  const auto replaced =
      resolve({.image_user = "web:extra", .user = 1000, .group = {}, .supplemental_groups = {}});
  BOOST_TEST(replaced->user == 1000U);
  BOOST_TEST(replaced->group == 0U);
  BOOST_TEST(resolve({.image_user = "web", .user = {}, .group = 9, .supplemental_groups = {}})->group == 9U);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_resolved_is_refused) {
  for (const user_wish& wish :
       {user_wish{.image_user = "nobody", .user = {}, .group = {}, .supplemental_groups = {}},
        {.image_user = "bad", .user = {}, .group = {}, .supplemental_groups = {}},
        {.image_user = "web:nogroup", .user = {}, .group = {}, .supplemental_groups = {}},
        {.image_user = "", .user = -1, .group = {}, .supplemental_groups = {}},
        {.image_user = "", .user = {}, .group = std::int64_t{1} << 40, .supplemental_groups = {}},
        {.image_user = "", .user = {}, .group = {}, .supplemental_groups = {-5}}})
    BOOST_TEST(!resolve_user(wish, passwd, groups), wish.image_user);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(facts)

BOOST_AUTO_TEST_CASE(cgroup_layouts_are_told_apart) {
  const auto hybrid = parse_cgroup_layout("1 0 0:1 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n2 1 0:2 / "
                                          "/sys/fs/cgroup/pids rw shared:3 - cgroup cgroup rw,pids\n"
                                          "3 1 0:3 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  BOOST_TEST(hybrid.hybrid);
  BOOST_TEST(!hybrid.version_2);
  BOOST_TEST(hybrid.hierarchies.size() == 2U);
  const auto second =
      parse_cgroup_layout("2 1 0:2 / /sys/fs/cgroup rw,nosuid shared:3 - cgroup2 cgroup2 rw\n");
  BOOST_TEST(second.version_2);
  BOOST_TEST(!second.hybrid);
  const auto first = parse_cgroup_layout("2 1 0:2 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw\n");
  BOOST_TEST((!first.version_2 && !first.hybrid && first.hierarchies.size() == 1));
  BOOST_TEST(parse_cgroup_layout("nonsense\n- - -\n2 1 0:2 / /sys/fs/cgroup -").hierarchies.empty());
}

BOOST_AUTO_TEST_CASE(processes_are_known_by_number_and_start) {
  BOOST_TEST(
      parse_start_ticks("12 (a) b) (c)) S 1 1 1 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 98765 1 1").value() ==
      98765U);
  BOOST_TEST(!parse_start_ticks("12 (a) S 1 1"));
  BOOST_TEST(!parse_start_ticks(""));
  const auto self = identify_process(::getpid());
  BOOST_REQUIRE(self.has_value());
  BOOST_TEST(is_alive(*self));
  BOOST_TEST(!is_alive({self->pid, self->start_ticks + 1}));
  BOOST_TEST(!is_alive({}));
  BOOST_TEST(!watch_process({self->pid, self->start_ticks + 1}));
}

BOOST_AUTO_TEST_CASE(signals_have_three_spellings) {
  BOOST_TEST(signal_number("TERM").value() == SIGTERM);
  BOOST_TEST(signal_number("SIGUSR1").value() == SIGUSR1);
  BOOST_TEST(signal_number("9").value() == SIGKILL);
  BOOST_TEST(signal_number("SIGRTMIN+3").value() == SIGRTMIN + 3);
  for (const char* bad : {"", "SIG", "0", "-1", "99", "NONE", "9x", "RTMIN+99"})
    BOOST_TEST(!signal_number(bad), bad);
}

BOOST_AUTO_TEST_CASE(what_conmon_reports_is_understood) {
  BOOST_TEST(parse_monitor_report(R"({"pid": 12})").value() == 12);
  const auto failed = parse_monitor_report(R"({"pid": -1, "message": "no such program\n"})");
  BOOST_REQUIRE(!failed);
  BOOST_TEST(failed.error().message == "no such program");
  for (const char* bad : {"", "[]", "{}", R"({"pid":"x"})", "\xff"})
    BOOST_TEST(!parse_monitor_report(bad), bad);
}

BOOST_AUTO_TEST_CASE(records_come_back_as_they_were_written) {
  container_record record{.id = "c",
                          .sandbox_id = "s",
                          .name = "n",
                          .attempt = 3,
                          .image = "sha256:x",
                          .log_path = "/l",
                          .created = wall_time(5s),
                          .started = wall_time(6s),
                          .init = {7, 8},
                          .monitor = {9, 10},
                          .message = "bad \xff byte"};
  const auto back = parse_container_record(record_text(record));
  BOOST_REQUIRE(back.has_value());
  BOOST_TEST(back->name == "n");
  BOOST_TEST((back->init == process_identity{7, 8}));
  BOOST_TEST((back->started == record.started));
  sandbox_record pod{.id = "s",
                     .pod_uid = "u",
                     .space = "ns",
                     .name = "p",
                     .attempt = 1,
                     .hostname = "h",
                     .host_network = true,
                     .host_pid = false,
                     .host_ipc = true,
                     .share_processes = true,
                     .fs_group = 5,
                     .address = "10.0.0.1",
                     .created = wall_time(5s),
                     .pause = {1, 2}};
  const auto pod_back = parse_sandbox_record(record_text(pod));
  BOOST_REQUIRE(pod_back.has_value());
  BOOST_TEST(pod_back->fs_group.value() == 5);
  BOOST_TEST(pod_back->host_ipc);
  for (const char* bad : {"", "{}", "[1]", "{\"id\":1}"})
    BOOST_TEST((!parse_container_record(bad) && !parse_sandbox_record(bad)), bad);
}

BOOST_AUTO_TEST_CASE(a_container_is_judged_by_what_is_left_of_it) {
  container_record record;
  record.created = wall_time(1s);
  const auto state = [&](container_evidence seen) { return judge(record, seen).state; };
  BOOST_TEST((state({}) == container_state::unknown));
  record.init.pid = 5;
  BOOST_TEST((state({.init_alive = true}) == container_state::created));
  record.started = wall_time(2s);
  BOOST_TEST((state({.init_alive = true}) == container_state::running));
  BOOST_TEST((state({.monitor_alive = true}) == container_state::running));
  BOOST_TEST((state({}) == container_state::exited));
  BOOST_TEST(judge(record, {}).exit_code == 255);
  const auto ended = judge(record, {.exit_text = "137", .exit_time = wall_time(9s), .out_of_memory = true});
  BOOST_TEST(ended.exit_code == 137);
  BOOST_TEST(ended.out_of_memory);
  BOOST_TEST((ended.finished == wall_time(9s)));
  BOOST_TEST(judge(record, {.exit_text = "garbage"}).exit_code == 255);
  BOOST_TEST((judge(record, {.exit_text = "0", .exit_time = wall_time(1s)}).finished == record.started));
}

BOOST_AUTO_TEST_CASE(names_differ_by_data_directory_pod_and_attempt) {
  BOOST_TEST(sandbox_id("/a", "u", 0) == sandbox_id("/a", "u", 0));
  BOOST_TEST(sandbox_id("/a", "u", 0) != sandbox_id("/b", "u", 0));
  BOOST_TEST(sandbox_id("/a", "u", 0) != sandbox_id("/a", "u", 1));
  BOOST_TEST(container_id("s", "a", 11) != container_id("s", "a1", 1));
  BOOST_TEST(sandbox_id("/a", "u", 0).size() == 32U);
}

BOOST_AUTO_TEST_CASE(pod_files_say_what_the_pod_says) {
  sandbox_spec spec;
  spec.hostname = "web-0";
  spec.hosts = {{"1.2.3.4", "db db.local"}};
  const std::string hosts = hosts_text(spec, "10.0.0.5", "ignored");
  BOOST_TEST(hosts.starts_with("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n"));
  BOOST_TEST(hosts.find("10.0.0.5\tweb-0\n") != std::string::npos);
  BOOST_TEST(hosts.ends_with("\n# Entries added by HostAliases.\n1.2.3.4\tdb db.local\n"));
  BOOST_TEST(resolver_text(spec, "nameserver 9.9.9.9\n") == "nameserver 9.9.9.9\n");
  spec.dns_servers = {"10.96.0.10"};
  spec.dns_searches = {"a.b", "b"};
  spec.dns_options = {"ndots:5"};
  BOOST_TEST(resolver_text(spec, "x") == "search a.b b\nnameserver 10.96.0.10\noptions ndots:5\n");
  spec.host_network = true;
  BOOST_TEST(hosts_text(spec, "", "127.0.0.1 localhost")
                 .starts_with("# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
