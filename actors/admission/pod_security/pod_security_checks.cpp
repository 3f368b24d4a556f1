#include "actors/admission/pod_security/pod_security_checks.hpp"

#include "schema/base/json.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <functional>
#include <set>
#include <string>

namespace actord::actors {

using schema::rules::field;

security_subject::security_subject(const json& pod)
    : metadata(field(pod).at("metadata")), spec(field(pod).at("spec")) {
  for (const char* list : {"initContainers", "containers", "ephemeralContainers"})
    for (const field container : spec.at(list).items()) containers.push_back(container);
}

namespace {

using finding = std::optional<security_violation>;
using names = std::vector<std::string>;
using values = std::set<std::string>;

template <class List>
std::string quoted(const List& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "\"" : ", \"") + item + "\"";
  return text;
}

std::string_view one_or_many(std::size_t count, std::string_view one, std::string_view many) {
  return count == 1 ? one : many;
}

/// `container "a"` or `containers "a", "b"`.
std::string named_containers(const names& list) {
  return fmt::format("{} {}", one_or_many(list.size(), "container", "containers"), quoted(list));
}

/// "pod and container "a"": who sets something.
std::string setters(bool pod, const names& containers) {
  std::string text = pod ? "pod" : "";
  if (!containers.empty()) text += (pod ? " and " : "") + named_containers(containers);
  return text;
}

names containers_where(const security_subject& pod, const std::function<bool(const field&)>& holds) {
  names found;
  for (const field& container : pod.containers)
    if (holds(container)) found.emplace_back(container.at("name").text());
  return found;
}

field security_of(const field& holder) { return holder.at("securityContext"); }
bool is_false(const field& value) { return value.value().is_boolean() && !value.truth(); }
bool is_zero(const field& value) { return value.is_integer() && value.integer() == 0; }

/// A pod whose users are not the node's may do more.
bool has_own_users(const security_subject& pod) { return is_false(pod.spec.at("hostUsers")); }

template <finding (*Check)(const security_subject&)>
finding unless_own_users(const security_subject& pod) {
  return has_own_users(pod) ? finding{} : Check(pod);
}

template <finding (*Check)(const security_subject&)>
finding unless_windows(const security_subject& pod) {
  return pod.spec.at("os").at("name").text() == "windows" ? finding{} : Check(pod);
}

// Baseline

finding app_armor(const security_subject& pod) {
  values bad;
  const auto judge = [&](const field& holder) {
    const field profile = security_of(holder).at("appArmorProfile");
    const std::string_view type = profile.at("type").text();
    if (!profile.present() || type == "RuntimeDefault" || type == "Localhost") return false;
    bad.emplace(type);
    return true;
  };
  const bool by_pod = judge(pod.spec);
  const names containers = containers_where(pod, judge);
  names shown(bad.begin(), bad.end());
  std::string who = setters(by_pod, containers);
  names annotations;
  if (const json& all = pod.metadata.at("annotations").value(); all.is_object())
    for (const auto& [key, value] : all.items()) {
      if (!key.starts_with("container.apparmor.security.beta.kubernetes.io/") || !value.is_string()) continue;
      const auto& profile = value.get_ref<const std::string&>();
      if (!profile.empty() && profile != "runtime/default" && !profile.starts_with("localhost/"))
        annotations.push_back(key + "=" + value.dump());
    }
  if (!annotations.empty()) {
    shown.insert(shown.end(), annotations.begin(), annotations.end());
    who += fmt::format("{}{}", who.empty() ? "" : " and ",
                       one_or_many(annotations.size(), "annotation", "annotations"));
  }
  if (who.empty()) return {};
  return security_violation{
      std::string(one_or_many(shown.size(), "forbidden AppArmor profile", "forbidden AppArmor profiles")),
      fmt::format("{} must not set AppArmor profile type to {}", who, quoted(shown))};
}

finding added_capabilities(const security_subject& pod) {
  static const std::set<std::string_view> usual{
      "AUDIT_WRITE",      "CHOWN",   "DAC_OVERRIDE", "FOWNER",  "FSETID", "KILL",      "MKNOD",
      "NET_BIND_SERVICE", "SETFCAP", "SETGID",       "SETPCAP", "SETUID", "SYS_CHROOT"};
  values bad;
  const names containers = containers_where(pod, [&](const field& container) {
    bool wrong = false;
    for (const field capability : security_of(container).at("capabilities").at("add").items())
      if (!usual.contains(capability.text())) {
        bad.emplace(capability.text());
        wrong = true;
      }
    return wrong;
  });
  if (containers.empty()) return {};
  return security_violation{"non-default capabilities",
                            fmt::format("{} must not include {} in securityContext.capabilities.add",
                                        named_containers(containers), quoted(bad))};
}

finding host_namespaces(const security_subject& pod) {
  names used;
  for (const char* name : {"hostNetwork", "hostPID", "hostIPC"})
    if (pod.spec.at(name).truth()) used.push_back(std::string(name) + "=true");
  if (used.empty()) return {};
  return security_violation{"host namespaces", fmt::format("{}", fmt::join(used, ", "))};
}

finding host_paths(const security_subject& pod) {
  names volumes;
  for (const field volume : pod.spec.at("volumes").items())
    if (volume.contains("hostPath")) volumes.emplace_back(volume.at("name").text());
  if (volumes.empty()) return {};
  return security_violation{
      "hostPath volumes",
      fmt::format("{} {}", one_or_many(volumes.size(), "volume", "volumes"), quoted(volumes))};
}

finding host_ports(const security_subject& pod) {
  values ports;
  const names containers = containers_where(pod, [&](const field& container) {
    bool wrong = false;
    for (const field port : container.at("ports").items())
      if (const auto number = port.at("hostPort").integer(); number != 0) {
        ports.insert(std::to_string(number));
        wrong = true;
      }
    return wrong;
  });
  if (containers.empty()) return {};
  return security_violation{"hostPort", fmt::format("{} {} {} {}", named_containers(containers),
                                                    one_or_many(containers.size(), "uses", "use"),
                                                    one_or_many(ports.size(), "hostPort", "hostPorts"),
                                                    fmt::join(ports, ", "))};
}

finding probe_hosts(const security_subject& pod) {
  values hosts;
  const auto judge = [&](const field& handler) {
    bool wrong = false;
    for (const char* how : {"httpGet", "tcpSocket"})
      if (const std::string_view host = handler.at(how).at("host").text(); !host.empty()) {
        hosts.emplace(host);
        wrong = true;
      }
    return wrong;
  };
  values containers;
  for (const field& container : pod.containers) {
    bool wrong = false;
    for (const char* probe : {"livenessProbe", "readinessProbe", "startupProbe"})
      wrong = judge(container.at(probe)) || wrong;
    for (const char* hook : {"postStart", "preStop"})
      wrong = judge(container.at("lifecycle").at(hook)) || wrong;
    if (wrong) containers.emplace(container.at("name").text());
  }
  if (containers.empty()) return {};
  const names list(containers.begin(), containers.end());
  return security_violation{
      "probe or lifecycle host",
      fmt::format("{} {} {} {}", named_containers(list), one_or_many(list.size(), "uses", "use"),
                  one_or_many(hosts.size(), "probe or lifecycle host", "probe or lifecycle hosts"),
                  quoted(hosts))};
}

finding privileged(const security_subject& pod) {
  const names containers = containers_where(
      pod, [](const field& container) { return security_of(container).at("privileged").truth(); });
  if (containers.empty()) return {};
  return security_violation{"privileged", fmt::format("{} must not set securityContext.privileged=true",
                                                      named_containers(containers))};
}

finding proc_mount(const security_subject& pod) {
  values bad;
  const names containers = containers_where(pod, [&](const field& container) {
    const field type = security_of(container).at("procMount");
    if (!type.present() || type.text() == "Default") return false;
    bad.emplace(type.text());
    return true;
  });
  if (containers.empty()) return {};
  return security_violation{"procMount", fmt::format("{} must not set securityContext.procMount to {}",
                                                     named_containers(containers), quoted(bad))};
}

/// Container engines in containers have a type of their own, which later versions allow.
template <bool Engine>
finding se_linux(const security_subject& pod) {
  values types;
  bool user = false;
  bool role = false;
  const auto judge = [&](const field& holder) {
    const field options = security_of(holder).at("seLinuxOptions");
    const std::string_view type = options.at("type").text();
    const bool usual = type.empty() || type == "container_t" || type == "container_init_t" ||
                       type == "container_kvm_t" || (Engine && type == "container_engine_t");
    const bool sets_user = !options.at("user").text().empty();
    const bool sets_role = !options.at("role").text().empty();
    if (!usual) types.emplace(type);
    user = user || sets_user;
    role = role || sets_role;
    return !usual || sets_user || sets_role;
  };
  const bool by_pod = judge(pod.spec);
  const std::string who = setters(by_pod, containers_where(pod, judge));
  if (who.empty()) return {};
  names what;
  if (!types.empty())
    what.push_back(fmt::format("{} {}", one_or_many(types.size(), "type", "types"), quoted(types)));
  if (user) what.emplace_back("user may not be set");
  if (role) what.emplace_back("role may not be set");
  return security_violation{
      "seLinuxOptions",
      fmt::format("{} set forbidden securityContext.seLinuxOptions: {}", who, fmt::join(what, "; "))};
}

finding seccomp_annotations(const security_subject& pod) {
  values bad;
  const auto judge = [&](const std::string& key) {
    const field value = pod.metadata.at("annotations").entry(key);
    if (!value.present()) return;
    const std::string_view profile = value.text();
    if (profile != "runtime/default" && profile != "docker/default" && !profile.starts_with("localhost/"))
      bad.insert(key + "=" + value.value().dump());
  };
  judge("seccomp.security.alpha.kubernetes.io/pod");
  for (const field& container : pod.containers)
    judge("container.seccomp.security.alpha.kubernetes.io/" + std::string(container.at("name").text()));
  if (bad.empty()) return {};
  return security_violation{
      "seccompProfile", fmt::format("forbidden {} {}", one_or_many(bad.size(), "annotation", "annotations"),
                                    fmt::join(bad, ", "))};
}

bool valid_seccomp(const field& profile) {
  const std::string_view type = profile.at("type").text();
  return type == "RuntimeDefault" || type == "Localhost";
}

finding seccomp(const security_subject& pod) {
  values bad;
  const auto judge = [&](const field& holder) {
    const field profile = security_of(holder).at("seccompProfile");
    if (!profile.present() || valid_seccomp(profile)) return false;
    bad.emplace(profile.at("type").text());
    return true;
  };
  const bool by_pod = judge(pod.spec);
  const std::string who = setters(by_pod, containers_where(pod, judge));
  if (who.empty()) return {};
  return security_violation{
      "seccompProfile",
      fmt::format("{} must not set securityContext.seccompProfile.type to {}", who, quoted(bad))};
}

/// The kernel parameters that are a pod's own, as they became known to be safe.
template <int Minor>
finding sysctls(const security_subject& pod) {
  static constexpr std::array<std::pair<int, std::string_view>, 12> safe{{
      {0, "kernel.shm_rmid_forced"},
      {0, "net.ipv4.ip_local_port_range"},
      {0, "net.ipv4.tcp_syncookies"},
      {0, "net.ipv4.ping_group_range"},
      {0, "net.ipv4.ip_unprivileged_port_start"},
      {27, "net.ipv4.ip_local_reserved_ports"},
      {29, "net.ipv4.tcp_keepalive_time"},
      {29, "net.ipv4.tcp_fin_timeout"},
      {29, "net.ipv4.tcp_keepalive_intvl"},
      {29, "net.ipv4.tcp_keepalive_probes"},
      {32, "net.ipv4.tcp_rmem"},
      {32, "net.ipv4.tcp_wmem"},
  }};
  names bad;
  for (const field sysctl : security_of(pod.spec).at("sysctls").items()) {
    const std::string_view name = sysctl.at("name").text();
    if (std::ranges::none_of(safe, [&](const auto& row) { return row.first <= Minor && row.second == name; }))
      bad.emplace_back(name);
  }
  if (bad.empty()) return {};
  return security_violation{"forbidden sysctls", fmt::format("{}", fmt::join(bad, ", "))};
}

finding host_process(const security_subject& pod) {
  const auto judge = [](const field& holder) {
    return security_of(holder).at("windowsOptions").at("hostProcess").truth();
  };
  const std::string who = setters(judge(pod.spec), containers_where(pod, judge));
  if (who.empty()) return {};
  return security_violation{
      "hostProcess", fmt::format("{} must not set securityContext.windowsOptions.hostProcess=true", who)};
}

// Restricted

finding privilege_escalation(const security_subject& pod) {
  const names containers = containers_where(pod, [](const field& container) {
    return !is_false(security_of(container).at("allowPrivilegeEscalation"));
  });
  if (containers.empty()) return {};
  return security_violation{"allowPrivilegeEscalation != false",
                            fmt::format("{} must set securityContext.allowPrivilegeEscalation=false",
                                        named_containers(containers))};
}

finding all_capabilities(const security_subject& pod) {
  values bad;
  const names keeping = containers_where(pod, [](const field& container) {
    for (const field dropped : security_of(container).at("capabilities").at("drop").items())
      if (dropped.text() == "ALL") return false;
    return true;
  });
  const names adding = containers_where(pod, [&](const field& container) {
    bool wrong = false;
    for (const field added : security_of(container).at("capabilities").at("add").items())
      if (added.text() != "NET_BIND_SERVICE") {
        bad.emplace(added.text());
        wrong = true;
      }
    return wrong;
  });
  names what;
  if (!keeping.empty())
    what.push_back(
        fmt::format("{} must set securityContext.capabilities.drop=[\"ALL\"]", named_containers(keeping)));
  if (!adding.empty())
    what.push_back(fmt::format("{} must not include {} in securityContext.capabilities.add",
                               named_containers(adding), quoted(bad)));
  if (what.empty()) return {};
  return security_violation{"unrestricted capabilities", fmt::format("{}", fmt::join(what, "; "))};
}

finding volume_types(const security_subject& pod) {
  static constexpr std::array<std::string_view, 9> allowed{
      "configMap", "csi",   "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim",
      "projected", "secret"};
  names volumes;
  values types;
  for (const field volume : pod.spec.at("volumes").items()) {
    if (std::ranges::any_of(allowed, [&](std::string_view type) { return volume.contains(type); })) continue;
    volumes.emplace_back(volume.at("name").text());
    std::string type = "unknown";
    for (const auto& [key, value] : volume.value().items())
      if (key != "name" && !value.is_null()) type = key;
    types.insert(type);
  }
  if (volumes.empty()) return {};
  return security_violation{
      "restricted volume types",
      fmt::format("{} {} {} {} {}", one_or_many(volumes.size(), "volume", "volumes"), quoted(volumes),
                  one_or_many(volumes.size(), "uses", "use"),
                  one_or_many(types.size(), "restricted volume type", "restricted volume types"),
                  quoted(types))};
}

finding run_as_non_root(const security_subject& pod) {
  const auto setting = [](const field& holder) { return security_of(holder).at("runAsNonRoot"); };
  const auto refuses = [&](const field& holder) { return is_false(setting(holder)); };
  const std::string who = setters(refuses(pod.spec), containers_where(pod, refuses));
  if (!who.empty())
    return security_violation{"runAsNonRoot != true",
                              fmt::format("{} must not set securityContext.runAsNonRoot=false", who)};
  if (setting(pod.spec).truth()) return {};
  const names silent =
      containers_where(pod, [&](const field& container) { return !setting(container).present(); });
  if (silent.empty()) return {};
  return security_violation{
      "runAsNonRoot != true",
      fmt::format("pod or {} must set securityContext.runAsNonRoot=true", named_containers(silent))};
}

finding run_as_root(const security_subject& pod) {
  const auto judge = [](const field& holder) { return is_zero(security_of(holder).at("runAsUser")); };
  const std::string who = setters(judge(pod.spec), containers_where(pod, judge));
  if (who.empty()) return {};
  return security_violation{"runAsUser=0", fmt::format("{} must not set runAsUser=0", who)};
}

finding seccomp_set(const security_subject& pod) {
  if (auto wrong = seccomp(pod)) return wrong;
  const auto silent = [](const field& holder) { return !security_of(holder).at("seccompProfile").present(); };
  if (!silent(pod.spec)) return {};
  const names containers = containers_where(pod, silent);
  if (containers.empty()) return {};
  return security_violation{
      "seccompProfile",
      fmt::format("pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or "
                  "\"Localhost\"",
                  named_containers(containers))};
}

constexpr int open_end = INT_MAX;
constexpr int never = INT_MAX;
constexpr auto baseline = security_level::baseline;
constexpr auto restricted = security_level::restricted;

constexpr std::array checks{
    security_check{baseline, 0, open_end, never, app_armor},
    security_check{baseline, 0, open_end, 22, added_capabilities},
    security_check{baseline, 0, open_end, never, host_namespaces},
    security_check{baseline, 0, open_end, 0, host_paths},
    security_check{baseline, 0, open_end, never, host_ports},
    security_check{baseline, 34, open_end, never, probe_hosts},
    security_check{baseline, 0, open_end, never, privileged},
    security_check{baseline, 0, 35, never, proc_mount},
    security_check{baseline, 35, open_end, 35, unless_own_users<proc_mount>},
    security_check{baseline, 0, 31, never, se_linux<false>},
    security_check{baseline, 31, open_end, never, se_linux<true>},
    security_check{baseline, 0, 19, never, seccomp_annotations},
    security_check{baseline, 19, open_end, 19, seccomp},
    security_check{baseline, 0, 27, never, sysctls<0>},
    security_check{baseline, 27, 29, never, sysctls<27>},
    security_check{baseline, 29, 32, never, sysctls<29>},
    security_check{baseline, 32, open_end, never, sysctls<32>},
    security_check{baseline, 0, open_end, never, host_process},
    security_check{restricted, 8, 25, never, privilege_escalation},
    security_check{restricted, 25, open_end, never, unless_windows<privilege_escalation>},
    security_check{restricted, 22, 25, never, all_capabilities},
    security_check{restricted, 25, open_end, never, unless_windows<all_capabilities>},
    security_check{restricted, 35, open_end, never, proc_mount},
    security_check{restricted, 0, open_end, never, volume_types},
    security_check{restricted, 0, 35, never, run_as_non_root},
    security_check{restricted, 35, open_end, never, unless_own_users<run_as_non_root>},
    security_check{restricted, 23, 35, never, run_as_root},
    security_check{restricted, 35, open_end, never, unless_own_users<run_as_root>},
    security_check{restricted, 19, 25, never, seccomp_set},
    security_check{restricted, 25, open_end, never, unless_windows<seccomp_set>},
};

} // namespace

std::span<const security_check> security_checks() { return checks; }

} // namespace actord::actors
