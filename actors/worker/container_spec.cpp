#include "actors/worker/container_spec.hpp"

#include "actors/nodes/fence/fence_terms.hpp"
#include "actors/scheduler/scheduling_pod.hpp"

#include <algorithm>
#include <sstream>

namespace actord::actors {
namespace {

constexpr std::int64_t shares_min = 2;
constexpr std::int64_t shares_max = 262'144;
constexpr std::int64_t shares_per_core = 1024;
constexpr std::int64_t quota_min_us = 1000;
constexpr int oom_guaranteed = -997;
constexpr int oom_best_effort = 1000;

std::vector<std::string> expand_all(const std::vector<std::string>& texts, const environment& variables) {
  std::vector<std::string> expanded;
  expanded.reserve(texts.size());
  for (const auto& text : texts) expanded.push_back(expand_references(text, variables));
  return expanded;
}

int burstable_oom_score(const schema::container_view& container, std::int64_t node_memory_bytes) {
  const std::int64_t request = container.requests.memory_bytes.value_or(0);
  if (node_memory_bytes <= 0) return oom_best_effort - 1;
  const std::int64_t score = 1000 - 1000 * request / node_memory_bytes;
  return static_cast<int>(std::clamp<std::int64_t>(score, 1000 + oom_guaranteed, oom_best_effort - 1));
}

std::string lower_case(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return text;
}

std::string seccomp_of(const std::optional<schema::profile_view>& container,
                       const std::optional<schema::profile_view>& pod) {
  const auto& profile = container ? container : pod;
  if (!profile) return {};
  return profile->type == "Localhost" ? profile->localhost_profile : profile->type;
}

struct amounts {
  std::int64_t milli_cpu = 0;
  std::int64_t memory_bytes = 0;
};

/// 0 for none.
amounts limits_in_effect(const schema::pod_view& pod, const schema::container_view& container) {
  amounts most;
  if (pod.spec.resources)
    most = {pod.spec.resources->limits.milli_cpu.value_or(0),
            pod.spec.resources->limits.memory_bytes.value_or(0)};
  if (container.limits.milli_cpu) most.milli_cpu = *container.limits.milli_cpu;
  if (container.limits.memory_bytes) most.memory_bytes = *container.limits.memory_bytes;
  return most;
}

void set_cpu(runtime::resource_limits& limits, std::int64_t request_milli, std::int64_t limit_milli) {
  limits.cpu_shares = std::clamp(request_milli * shares_per_core / 1000, shares_min, shares_max);
  if (limit_milli > 0)
    limits.cpu_quota_us = std::max(quota_min_us, limit_milli * limits.cpu_period_us / 1000);
}

/// The limits in the place of requests, so that they add up as requests do.
schema::pod_spec_view limits_as_requests(const schema::pod_view& pod) {
  schema::pod_spec_view spec;
  spec.containers = pod.spec.containers;
  spec.init_containers = pod.spec.init_containers;
  spec.overhead = pod.spec.overhead;
  for (auto* list : {&spec.containers, &spec.init_containers})
    for (auto& container : *list) container.requests = container.limits;
  if (pod.spec.resources) {
    spec.resources.emplace();
    spec.resources->requests = pod.spec.resources->limits;
  }
  return spec;
}

/// Whether every container, or the pod itself, has a limit of that kind.
template <std::optional<std::int64_t> schema::resource_list_view::* Amount>
bool all_limited(const schema::pod_view& pod) {
  if (pod.spec.resources && (pod.spec.resources->limits.*Amount).value_or(0) > 0) return true;
  for (const auto* list : {&pod.spec.containers, &pod.spec.init_containers})
    for (const auto& container : *list)
      if ((container.limits.*Amount).value_or(0) <= 0) return false;
  return true;
}

} // namespace

resolver_settings parse_resolver(std::string_view text) {
  resolver_settings settings;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string keyword;
    words >> keyword;
    std::vector<std::string> values;
    for (std::string word; words >> word;) values.push_back(word);
    if (keyword == "nameserver" && !values.empty()) settings.servers.push_back(values.front());
    if (keyword == "search") settings.searches = values;
    if (keyword == "options") settings.options.insert(settings.options.end(), values.begin(), values.end());
  }
  return settings;
}

runtime::sandbox_spec sandbox_spec_of(const schema::pod_view& pod, int attempt,
                                      const resolver_settings& machine) {
  runtime::sandbox_spec spec;
  spec.pod_uid = pod.meta.uid;
  spec.space = pod.meta.space;
  spec.name = pod.meta.name;
  spec.attempt = attempt;
  spec.hostname = pod.spec.hostname.empty() ? pod.meta.name.substr(0, 63) : pod.spec.hostname;
  spec.host_network = pod.spec.host_network;
  spec.host_pid = pod.spec.host_pid;
  spec.host_ipc = pod.spec.host_ipc;
  spec.share_processes = pod.spec.share_process_namespace;
  spec.fenced = is_fenced(pod.meta);
  if (pod.spec.dns_policy != "None") {
    spec.dns_servers = machine.servers;
    spec.dns_searches = machine.searches;
    spec.dns_options = machine.options;
  }
  const auto& own = pod.spec.dns_config;
  spec.dns_servers.insert(spec.dns_servers.end(), own.nameservers.begin(), own.nameservers.end());
  spec.dns_searches.insert(spec.dns_searches.end(), own.searches.begin(), own.searches.end());
  for (const auto& option : own.options)
    spec.dns_options.push_back(option.value ? option.name + ":" + *option.value : option.name);
  for (const auto& alias : pod.spec.host_aliases)
    for (const auto& hostname : alias.hostnames) spec.hosts.emplace_back(alias.ip, hostname);
  for (const auto& [name, value] : pod.spec.security.sysctls) spec.sysctls.emplace(name, value);
  for (const auto& [key, value] : pod.meta.labels) spec.labels.emplace(key, value);
  for (const auto& container : pod.spec.containers)
    for (const auto& port : container.ports)
      if (port.host_port != 0 && !pod.spec.host_network)
        spec.ports.push_back({lower_case(port.protocol), static_cast<std::uint16_t>(port.host_port),
                              static_cast<std::uint16_t>(port.container_port), port.host_ip});
  spec.fs_group = pod.spec.security.fs_group;
  spec.resources = pod_limits_of(pod);
  return spec;
}

runtime::resource_limits limits_of(const schema::pod_view& pod, const schema::container_view& container,
                                   std::int64_t node_memory_bytes) {
  const amounts most = limits_in_effect(pod, container);
  runtime::resource_limits limits;
  const std::int64_t milli_cpu = container.requests.milli_cpu.value_or(most.milli_cpu);
  set_cpu(limits, milli_cpu, most.milli_cpu);
  limits.memory_limit_bytes = most.memory_bytes;
  if (pod.status.qos_class == "Guaranteed")
    limits.oom_score_adj = oom_guaranteed;
  else if (pod.status.qos_class == "BestEffort")
    limits.oom_score_adj = oom_best_effort;
  else
    limits.oom_score_adj = burstable_oom_score(container, node_memory_bytes);
  return limits;
}

runtime::resource_limits pod_limits_of(const schema::pod_view& pod) {
  const pod_request request = request_of(pod.spec);
  const pod_request most = request_of(limits_as_requests(pod));
  runtime::resource_limits limits;
  set_cpu(limits, request.milli_cpu,
          all_limited<&schema::resource_list_view::milli_cpu>(pod) ? most.milli_cpu : 0);
  if (all_limited<&schema::resource_list_view::memory_bytes>(pod))
    limits.memory_limit_bytes = most.memory_bytes;
  return limits;
}

runtime::security_spec security_of(const schema::pod_view& pod, const schema::container_view& container) {
  const schema::container_security_view& own = container.security;
  const schema::pod_security_view& shared = pod.spec.security;
  runtime::security_spec security;
  security.privileged = own.privileged.value_or(false);
  security.run_as_user = own.run_as_user ? own.run_as_user : shared.run_as_user;
  security.run_as_group = own.run_as_group ? own.run_as_group : shared.run_as_group;
  security.supplemental_groups = shared.supplemental_groups;
  if (shared.fs_group) security.supplemental_groups.push_back(*shared.fs_group);
  security.run_as_non_root = own.run_as_non_root.value_or(shared.run_as_non_root.value_or(false));
  security.read_only_root = own.read_only_root.value_or(false);
  security.allow_privilege_escalation = own.allow_privilege_escalation.value_or(true);
  security.add_capabilities = own.add_capabilities;
  security.drop_capabilities = own.drop_capabilities;
  security.seccomp = seccomp_of(own.seccomp, shared.seccomp);
  return security;
}

runtime::container_spec container_spec_of(const schema::pod_view& pod,
                                          const schema::container_view& container, int attempt,
                                          const std::string& sandbox_id, const std::string& image_id,
                                          environment variables, const pod_facts& facts,
                                          const pod_files& files) {
  runtime::container_spec spec;
  spec.sandbox_id = sandbox_id;
  spec.name = container.name;
  spec.attempt = attempt;
  spec.image = image_id;
  spec.command = expand_all(container.command, variables);
  spec.args = expand_all(container.args, variables);
  spec.env = std::move(variables);
  spec.working_directory = container.working_dir;
  spec.resources = limits_of(pod, container, facts.node_memory_bytes);
  spec.security = security_of(pod, container);
  spec.tty = container.tty;
  spec.stdin_open = container.stdin_open;
  spec.stdin_once = container.stdin_once;
  spec.stop_signal = container.lifecycle.stop_signal;
  spec.shares_processes_of = container.target_container;
  spec.log_path = files.log(pod.meta.space, pod.meta.name, pod.meta.uid, container.name, attempt);
  return spec;
}

} // namespace actord::actors
