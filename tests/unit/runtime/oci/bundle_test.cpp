#include "runtime/oci/bundle.hpp"
#include "runtime/oci/container_capabilities.hpp"
#include "runtime/oci/seccomp_profile.hpp"
#include "schema/base/json.hpp"
#include "tests/support/failure_text.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace {

using namespace actord;
using namespace actord::runtime;
using test_support::failure_text;

struct parts {
  container_spec spec;
  image_config image;
  sandbox_view pod;
  resolved_user user;

  parts() {
    image.entrypoint = {"/entry"};
    image.command = {"default"};
    image.env = {{"PATH", "/image"}, {"A", "image"}};
    pod.network_namespace = "/run/netns/x";
    pod.ipc_namespace = "/proc/9/ns/ipc";
    pod.host_name_namespace = "/proc/9/ns/uts";
    pod.hosts_path = "/pod/hosts";
    pod.shared_memory_path = "/pod/shm";
    pod.hostname = "pod";
  }
  bundle_input input() const {
    return {.spec = spec,
            .image = image,
            .pod = pod,
            .user = user,
            .root_path = "/root",
            .cgroup_path = "/group/x"};
  }
  json config() const {
    auto built = build_config(input());
    BOOST_REQUIRE_MESSAGE(built, failure_text(built));
    return std::move(*built);
  }
};

std::vector<std::string> namespace_kinds(const json& config) {
  std::vector<std::string> kinds;
  for (const json& item : config.at("linux").at("namespaces")) kinds.push_back(item.at("type"));
  return kinds;
}

bool has_text(const json& list, const std::string& text) {
  return std::find(list.begin(), list.end(), json(text)) != list.end();
}

BOOST_FIXTURE_TEST_SUITE(bundle, parts)

BOOST_AUTO_TEST_CASE(command_and_arguments_follow_the_table_of_kubernetes) {
  using list = std::vector<std::string>;
  BOOST_TEST((config()["process"]["args"] == json(list{"/entry", "default"})));
  spec.args = {"mine"};
  BOOST_TEST((config()["process"]["args"] == json(list{"/entry", "mine"})));
  spec.command = {"/own"};
  BOOST_TEST((config()["process"]["args"] == json(list{"/own", "mine"})));
  spec.args.clear();
  BOOST_TEST((config()["process"]["args"] == json(list{"/own"})));
  spec.command.clear();
  image.entrypoint.clear();
  image.command.clear();
  BOOST_TEST(!build_config(input()));
}

BOOST_AUTO_TEST_CASE(later_environment_wins) {
  spec.env = {{"A", "pod"}, {"B", "1"}, {"B", "2"}};
  user.home = "/home/u";
  const json env = config()["process"]["env"];
  BOOST_TEST(has_text(env, "PATH=/image"));
  BOOST_TEST(has_text(env, "A=pod"));
  BOOST_TEST(has_text(env, "B=2"));
  BOOST_TEST(has_text(env, "HOSTNAME=pod"));
  BOOST_TEST(has_text(env, "HOME=/home/u"));
  BOOST_TEST(env.size() == 5U);
}

BOOST_AUTO_TEST_CASE(working_directories_that_lead_out_are_refused) {
  image.working_directory = "/srv";
  BOOST_TEST((config()["process"]["cwd"] == "/srv"));
  for (const char* bad : {"/proc/self/fd/3", "/proc/1/root", "/dev/fd/7", "/a/../proc/self/fd/8",
                          "//proc//self/cwd", "relative", "/sys/kernel"}) {
    spec.working_directory = bad;
    BOOST_TEST(!build_config(input()), bad);
  }
  spec.working_directory = "/processes/../devices";
  BOOST_TEST((config()["process"]["cwd"] == "/devices"));
}

BOOST_AUTO_TEST_CASE(namespaces_are_joined_made_or_left_to_the_host) {
  using list = std::vector<std::string>;
  BOOST_TEST(namespace_kinds(config()) == (list{"mount", "network", "ipc", "uts", "pid"}),
             boost::test_tools::per_element());
  pod.host_processes = true;
  pod.network_namespace.clear();
  pod.host_name_namespace.clear();
  BOOST_TEST(namespace_kinds(config()) == (list{"mount", "ipc"}), boost::test_tools::per_element());
  pod.host_processes = false;
  pod.process_namespace = "/proc/9/ns/pid";
  const json joined = config()["linux"]["namespaces"];
  BOOST_TEST((joined.back() == json{{"type", "pid"}, {"path", "/proc/9/ns/pid"}}));
}

BOOST_AUTO_TEST_CASE(mounts_come_parents_first_and_never_over_the_root_or_proc) {
  spec.mounts = {{"/host/deep", "/data/inner/deep", true, ""}, {"/host/top", "/data", false, "rshared"}};
  const json mounts = config()["mounts"];
  BOOST_TEST((mounts[mounts.size() - 2]["destination"] == "/data"));
  BOOST_TEST(has_text(mounts[mounts.size() - 2]["options"], "rshared"));
  BOOST_TEST((mounts.back()["destination"] == "/data/inner/deep"));
  BOOST_TEST(has_text(mounts.back()["options"], "ro"));
  BOOST_TEST((config()["linux"]["rootfsPropagation"] == "rshared"));
  for (const char* bad : {"/", "/../", "/proc", "/proc/sys", "//proc/./x"}) {
    spec.mounts = {{"/host", bad, false, ""}};
    BOOST_TEST(!build_config(input()), bad);
  }
}

BOOST_AUTO_TEST_CASE(a_volume_at_etc_hosts_replaces_ours) {
  const auto sources = [&] {
    std::vector<std::string> found;
    const json built = config();
    for (const json& mount : built["mounts"])
      if (mount["destination"] == "/etc/hosts") found.push_back(mount["source"]);
    return found;
  };
  BOOST_TEST(sources() == std::vector<std::string>{"/pod/hosts"}, boost::test_tools::per_element());
  spec.mounts = {{"/mine", "/etc//hosts", false, ""}};
  BOOST_TEST(sources() == std::vector<std::string>{"/mine"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(confinement_is_on_unless_privileged) {
  json config = this->config();
  BOOST_TEST(config["linux"].contains("seccomp"));
  BOOST_TEST(has_text(config["linux"]["maskedPaths"], "/proc/kcore"));
  BOOST_TEST(has_text(config["linux"]["readonlyPaths"], "/proc/sys"));
  BOOST_TEST((config["linux"]["resources"]["devices"][0]["allow"] == false));
  BOOST_TEST((config["process"]["noNewPrivileges"] == false));
  spec.security.allow_privilege_escalation = false;
  BOOST_TEST((this->config()["process"]["noNewPrivileges"] == true));
  spec.security.privileged = true;
  config = this->config();
  BOOST_TEST(!config["linux"].contains("seccomp"));
  BOOST_TEST(!config["linux"].contains("maskedPaths"));
  BOOST_TEST((config["process"]["noNewPrivileges"] == false));
  spec.security = {};
  spec.security.seccomp = "Unconfined";
  BOOST_TEST(!this->config()["linux"].contains("seccomp"));
  spec.security.seccomp = "/profiles/x.json";
  BOOST_TEST(!build_config(input()));
}

BOOST_AUTO_TEST_CASE(root_is_refused_where_it_is_forbidden) {
  spec.security.run_as_non_root = true;
  BOOST_TEST(!build_config(input()));
  user.user = 1000;
  BOOST_TEST(build_config(input()).has_value());
}

BOOST_AUTO_TEST_CASE(limits_are_passed_on_and_the_oom_score_is_held_to_what_may_be_set) {
  spec.resources = {.cpu_shares = 512,
                    .cpu_quota_us = 50'000,
                    .memory_limit_bytes = 1 << 20,
                    .pids_limit = 64,
                    .oom_score_adj = -997};
  const json resources = config()["linux"]["resources"];
  BOOST_TEST((resources["cpu"] == json{{"shares", 512}, {"quota", 50'000}, {"period", 100'000}}));
  BOOST_TEST((resources["memory"]["limit"] == 1 << 20));
  BOOST_TEST((resources["pids"]["limit"] == 64));
  BOOST_TEST((config()["process"]["oomScoreAdj"] == 0));
}

BOOST_AUTO_TEST_CASE(exec_keeps_the_confinement) {
  user.user = 7;
  const json config = this->config();
  const json process = exec_process(config, {"ls", "-l"});
  BOOST_TEST((process["args"] == json(std::vector<std::string>{"ls", "-l"})));
  BOOST_TEST((process["user"]["uid"] == 7));
  BOOST_TEST((process["capabilities"] == config["process"]["capabilities"]));
}

BOOST_AUTO_TEST_CASE(uncovered_paths_are_found) {
  const std::string mountinfo = "1 0 0:1 / / rw - overlay overlay rw\n2 1 0:2 / /proc rw - proc proc rw\n3 2 "
                                "0:3 /null /proc/kcore rw - tmpfs tmpfs rw\n";
  BOOST_TEST(unmasked_paths(mountinfo, {"/proc/kcore", "/proc/keys"}) ==
                 std::vector<std::string>{"/proc/keys"},
             boost::test_tools::per_element());
  BOOST_TEST(unmasked_paths("garbage\n\n   \n", {"/x"}).size() == 1U);
}

BOOST_AUTO_TEST_CASE(capabilities_add_and_drop) {
  BOOST_TEST(container_capabilities(false, {}, {}).size() == 14U);
  BOOST_TEST(container_capabilities(false, {}, {"ALL"}).empty());
  BOOST_TEST(
      (container_capabilities(false, {"net_admin"}, {"all"}) == std::set<std::string>{"CAP_NET_ADMIN"}));
  BOOST_TEST(!container_capabilities(false, {"ALL"}, {"CAP_SYS_ADMIN"}).contains("CAP_SYS_ADMIN"));
  BOOST_TEST(container_capabilities(false, {"ALL"}, {}).contains("CAP_SYS_ADMIN"));
  BOOST_TEST(!container_capabilities(false, {}, {"CHOWN"}).contains("CAP_CHOWN"));
  BOOST_TEST(container_capabilities(true, {}, {"ALL"}).size() == 41U);
  const std::uint64_t without_sys_resource = ~(std::uint64_t{1} << 24);
  BOOST_TEST(container_capabilities(true, {}, {}, without_sys_resource).size() == 40U);
  BOOST_TEST(!container_capabilities(true, {}, {}, without_sys_resource).contains("CAP_SYS_RESOURCE"));
  BOOST_TEST(
      container_capabilities(false, {"SYS_RESOURCE"}, {}, without_sys_resource).contains("CAP_SYS_RESOURCE"));
}

BOOST_AUTO_TEST_CASE(the_seccomp_profile_judges_each_call_once) {
  const auto action_of = [](const json& profile, const std::string& call) {
    std::vector<std::string> actions;
    for (const json& rule : profile["syscalls"])
      if (has_text(rule["names"], call))
        actions.push_back(rule["action"].get<std::string>() + (rule.contains("args") ? "?" : ""));
    return actions;
  };
  using list = std::vector<std::string>;
  const json plain = default_seccomp_profile({"CAP_CHOWN"});
  for (const char* call : {"read", "openat", "execve", "futex", "epoll_pwait2", "ptrace", "chroot"})
    BOOST_TEST(action_of(plain, call) == list{"SCMP_ACT_ALLOW"}, call);
  for (const char* call : {"mount", "bpf", "keyctl", "io_uring_setup", "unshare", "kexec_load", "init_module",
                           "reboot", "open_by_handle_at", "clone3", "setns", "perf_event_open"})
    BOOST_TEST(action_of(plain, call) == list{"SCMP_ACT_ERRNO"}, call);
  BOOST_TEST(action_of(plain, "clone") == list{"SCMP_ACT_ALLOW?"});
  const json admin = default_seccomp_profile({"CAP_SYS_ADMIN"});
  BOOST_TEST(action_of(admin, "mount") == list{"SCMP_ACT_ALLOW"});
  BOOST_TEST(action_of(admin, "clone3") == list{"SCMP_ACT_ALLOW"});
  BOOST_TEST(action_of(admin, "kexec_load") == list{"SCMP_ACT_ERRNO"});
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
