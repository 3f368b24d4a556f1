#include "runtime/oci/bundle.hpp"

#include "runtime/oci/container_capabilities.hpp"
#include "runtime/oci/seccomp_profile.hpp"
#include "schema/base/json.hpp"

#include <algorithm>
#include <set>

namespace actord::runtime {
namespace {

error refuse(std::string why) { return error{.kind = error_kind::invalid, .message = std::move(why)}; }

/// Without "." and "..", as the kernel would read it where nothing is a symlink.
std::string normal_path(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part == ".." && !parts.empty())
      parts.pop_back();
    else if (!part.empty() && part != "." && part != "..")
      parts.push_back(part);
  }
  std::string normal;
  for (const std::string_view part : parts) normal.append("/").append(part);
  return normal.empty() ? "/" : normal;
}

result<std::string> working_directory(const bundle_input& input) {
  std::string asked =
      input.spec.working_directory.empty() ? input.image.working_directory : input.spec.working_directory;
  if (asked.empty()) return std::string("/");
  if (asked.front() != '/') return refuse("working directory \"" + asked + "\" is not an absolute path");
  const std::string normal = normal_path(asked);
  for (const std::string_view closed : {"/proc", "/dev/fd", "/sys"})
    if (normal == closed || normal.starts_with(std::string(closed) + "/"))
      return refuse("working directory \"" + asked + "\" is not allowed");
  return normal;
}

result<json> arguments(const bundle_input& input) {
  std::vector<std::string> all;
  const auto& command = input.spec.command;
  const auto& args = input.spec.args;
  const auto& entry = command.empty() ? input.image.entrypoint : command;
  all.insert(all.end(), entry.begin(), entry.end());
  if (!args.empty())
    all.insert(all.end(), args.begin(), args.end());
  else if (command.empty())
    all.insert(all.end(), input.image.command.begin(), input.image.command.end());
  if (all.empty()) return refuse("no command specified");
  return json(std::move(all));
}

/// Later assignments of a name replace earlier ones, in the earlier one's place.
json environment(const bundle_input& input) {
  std::vector<std::pair<std::string, std::string>> pairs{
      {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}};
  if (input.spec.tty) pairs.emplace_back("TERM", "xterm");
  pairs.emplace_back("HOSTNAME", input.pod.hostname);
  pairs.emplace_back("HOME", input.user.home);
  const auto assign = [&](const auto& assignments) {
    for (const auto& [name, value] : assignments) {
      const auto same =
          std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.first == name; });
      if (same == pairs.end())
        pairs.emplace_back(name, value);
      else
        same->second = value;
    }
  };
  assign(input.image.env);
  assign(input.spec.env);
  json list = json::array();
  for (const auto& [name, value] : pairs) list.push_back(std::string(name).append("=").append(value));
  return list;
}

json capability_sets(const std::set<std::string>& chosen, const resolved_user& user) {
  json names = json(chosen);
  const json none = json::array();
  // An ordinary user holds none at first but may be given them by files; the bounding set is the limit.
  return {{"bounding", names},
          {"effective", user.user == 0 ? names : none},
          {"permitted", user.user == 0 ? names : none},
          {"inheritable", none},
          {"ambient", none}};
}

result<json> process_part(const bundle_input& input, const std::set<std::string>& capabilities) {
  const security_spec& security = input.spec.security;
  if (security.run_as_non_root && input.user.user == 0)
    return refuse("container has runAsNonRoot and image will run as root");
  auto args = arguments(input);
  if (!args) return args;
  auto directory = working_directory(input);
  if (!directory) return std::move(directory).error();
  json process{{"terminal", input.spec.tty},
               {"user", {{"uid", input.user.user}, {"gid", input.user.group}, {"umask", 022}}},
               {"args", std::move(*args)},
               {"env", environment(input)},
               {"cwd", std::move(*directory)},
               {"capabilities", capability_sets(capabilities, input.user)},
               {"noNewPrivileges", !security.allow_privilege_escalation && !security.privileged},
               {"oomScoreAdj", std::max(input.spec.resources.oom_score_adj, input.lowest_oom_score_adj)}};
  if (!input.user.groups.empty()) process["user"]["additionalGids"] = input.user.groups;
  return process;
}

json mount_json(const char* destination, const char* type, const std::string& source,
                std::vector<std::string> options) {
  return {{"destination", destination}, {"type", type}, {"source", source}, {"options", std::move(options)}};
}

json system_mounts(const bundle_input& input) {
  const bool privileged = input.spec.security.privileged;
  const std::string access = privileged ? "rw" : "ro";
  json mounts = json::array();
  mounts.push_back(mount_json("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}));
  mounts.push_back(
      mount_json("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}));
  mounts.push_back(mount_json("/dev/pts", "devpts", "devpts",
                              {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}));
  mounts.push_back(mount_json("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}));
  mounts.push_back(mount_json("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", access}));
  mounts.push_back(
      mount_json("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", access}));
  const std::string memory = input.pod.shared_memory_path.empty() ? "/dev/shm" : input.pod.shared_memory_path;
  mounts.push_back(
      mount_json("/dev/shm", "bind", memory, {"rbind", "rprivate", "nosuid", "nodev", "noexec", "rw"}));
  return mounts;
}

bool has_mount_at(const container_spec& spec, std::string_view path) {
  return std::any_of(spec.mounts.begin(), spec.mounts.end(),
                     [&](const mount_spec& mount) { return normal_path(mount.container_path) == path; });
}

result<json> all_mounts(const bundle_input& input) {
  json mounts = system_mounts(input);
  const std::string access = input.spec.security.read_only_root ? "ro" : "rw";
  for (const auto& [path, source] :
       {std::pair<const char*, const std::string&>{"/etc/hosts", input.pod.hosts_path},
        {"/etc/hostname", input.pod.hostname_path},
        {"/etc/resolv.conf", input.pod.resolver_path}})
    if (!source.empty() && !has_mount_at(input.spec, path))
      mounts.push_back(mount_json(path, "bind", source, {"rbind", "rprivate", access}));
  // Parents before what is mounted inside them, whatever order they were given in.
  std::vector<const mount_spec*> ordered;
  ordered.reserve(input.spec.mounts.size());
  for (const mount_spec& mount : input.spec.mounts) ordered.push_back(&mount);
  std::stable_sort(ordered.begin(), ordered.end(), [](const mount_spec* left, const mount_spec* right) {
    const auto depth = [](const mount_spec* mount) {
      const std::string path = normal_path(mount->container_path);
      return path == "/" ? 0 : std::count(path.begin(), path.end(), '/');
    };
    return depth(left) < depth(right);
  });
  for (const mount_spec* mount : ordered) {
    const std::string path = normal_path(mount->container_path);
    if (path == "/") return refuse("a volume cannot be mounted at /");
    if (path == "/proc" || path.starts_with("/proc/")) return refuse("a volume cannot be mounted at " + path);
    const std::string propagation = mount->propagation.empty() ? "rprivate" : mount->propagation;
    mounts.push_back(mount_json(path.c_str(), "bind", mount->host_path,
                                {"rbind", propagation, mount->read_only ? "ro" : "rw"}));
  }
  return mounts;
}

json namespaces(const bundle_input& input) {
  json list = json::array({{{"type", "mount"}}});
  const auto join = [&](const char* type, const std::string& path) {
    if (!path.empty()) list.push_back({{"type", type}, {"path", path}});
  };
  join("network", input.pod.network_namespace);
  join("ipc", input.pod.ipc_namespace);
  join("uts", input.pod.host_name_namespace);
  join("pid", input.pod.process_namespace);
  if (input.pod.process_namespace.empty() && !input.pod.host_processes) list.push_back({{"type", "pid"}});
  if (input.cgroup_version_2 && !input.spec.security.privileged) list.push_back({{"type", "cgroup"}});
  return list;
}

json device_rules(bool privileged) {
  if (privileged) return json::array({{{"allow", true}, {"access", "rwm"}}});
  json rules = json::array({{{"allow", false}, {"access", "rwm"}}});
  const auto allow = [&](int major, int minor, const char* access) {
    json allowed{{"allow", true}, {"type", "c"}, {"access", access}};
    if (major >= 0) allowed["major"] = major;
    if (minor >= 0) allowed["minor"] = minor;
    rules.push_back(std::move(allowed));
  };
  // Nodes of any kind may be made, as CAP_MKNOD says; only these may be used: null, zero, full, tty, urandom,
  // random, console, pseudo terminals.
  allow(-1, -1, "m");
  rules.push_back({{"allow", true}, {"type", "b"}, {"access", "m"}});
  for (const auto& [major, minor] : {std::pair{1, 3}, {1, 5}, {1, 7}, {5, 0}, {1, 9}, {1, 8}, {5, 1}, {5, 2}})
    allow(major, minor, "rwm");
  allow(136, -1, "rwm");
  return rules;
}

json resources_part(const bundle_input& input) {
  const resource_limits& limits = input.spec.resources;
  json resources = amounts_part(limits);
  resources["devices"] = device_rules(input.spec.security.privileged);
  if (limits.pids_limit > 0) resources["pids"] = {{"limit", limits.pids_limit}};
  return resources;
}

json devices_part(const std::vector<host_device>& devices) {
  json list = json::array();
  for (const host_device& device : devices)
    list.push_back({{"path", device.path},
                    {"type", std::string(1, device.type)},
                    {"major", device.major},
                    {"minor", device.minor},
                    {"fileMode", device.mode},
                    {"uid", device.user},
                    {"gid", device.group}});
  return list;
}

result<json> seccomp_part(const bundle_input& input, const std::set<std::string>& capabilities) {
  const std::string& wish = input.spec.security.seccomp;
  if (input.spec.security.privileged || wish == "Unconfined") return json();
  if (wish.empty() || wish == "RuntimeDefault") return default_seccomp_profile(capabilities);
  json profile = json::parse(input.seccomp_text, nullptr, false);
  if (!profile.is_object()) return refuse("seccomp profile " + wish + " is not a JSON object");
  return profile;
}

} // namespace

json amounts_part(const resource_limits& limits) {
  json resources = json::object();
  json cpu = json::object();
  if (limits.cpu_shares > 0) cpu["shares"] = limits.cpu_shares;
  if (limits.cpu_quota_us > 0) {
    cpu["quota"] = limits.cpu_quota_us;
    cpu["period"] = limits.cpu_period_us;
  }
  if (!cpu.empty()) resources["cpu"] = std::move(cpu);
  if (limits.memory_limit_bytes > 0) resources["memory"] = {{"limit", limits.memory_limit_bytes}};
  return resources;
}

result<json> build_config(const bundle_input& input) {
  const security_spec& security = input.spec.security;
  const auto capabilities = container_capabilities(security.privileged, security.add_capabilities,
                                                   security.drop_capabilities, input.available_capabilities);
  auto process = process_part(input, capabilities);
  if (!process) return process;
  auto mounts = all_mounts(input);
  if (!mounts) return mounts;
  auto seccomp = seccomp_part(input, capabilities);
  if (!seccomp) return seccomp;
  json system{{"namespaces", namespaces(input)},
              {"cgroupsPath", input.cgroup_path},
              {"resources", resources_part(input)}};
  if (!security.privileged) {
    system["maskedPaths"] = masked_paths();
    system["readonlyPaths"] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
  } else {
    system["devices"] = devices_part(input.host_devices);
  }
  if (!seccomp->is_null()) system["seccomp"] = std::move(*seccomp);
  const bool propagates = std::any_of(input.spec.mounts.begin(), input.spec.mounts.end(),
                                      [](const mount_spec& mount) { return mount.propagation == "rshared"; });
  system["rootfsPropagation"] = propagates ? "rshared" : "rslave";
  return json{{"ociVersion", "1.0.2"},
              {"process", std::move(*process)},
              {"root", {{"path", input.root_path}, {"readonly", security.read_only_root}}},
              {"mounts", std::move(*mounts)},
              {"linux", std::move(system)}};
}

json exec_process(const json& config, const std::vector<std::string>& command) {
  json process = config.at("process");
  process["args"] = command;
  process["terminal"] = false;
  return process;
}

const std::vector<std::string>& masked_paths() {
  static const std::vector<std::string> paths{
      "/proc/acpi",        "/proc/asound",        "/proc/interrupts", "/proc/kcore",
      "/proc/keys",        "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
      "/proc/sched_debug", "/proc/scsi",          "/sys/firmware",    "/sys/devices/virtual/powercap"};
  return paths;
}

std::vector<std::string> unmasked_paths(std::string_view mountinfo, const std::vector<std::string>& present) {
  std::set<std::string, std::less<>> mounted;
  while (!mountinfo.empty()) {
    const std::size_t end = std::min(mountinfo.find('\n'), mountinfo.size());
    std::string_view line = mountinfo.substr(0, end);
    mountinfo.remove_prefix(std::min(end + 1, mountinfo.size()));
    for (int field = 0; field < 4; ++field) line.remove_prefix(std::min(line.find(' ') + 1, line.size()));
    mounted.emplace(line.substr(0, line.find(' ')));
  }
  std::vector<std::string> bare;
  for (const std::string& path : present)
    if (!mounted.contains(path)) bare.push_back(path);
  return bare;
}

} // namespace actord::runtime
