#include "schema/view/pod_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {

namespace {

host_alias_view parse_host_alias(read::value in) { return {in["ip"].text(), in["hostnames"].texts()}; }

dns_option_view parse_dns_option(read::value in) {
  dns_option_view out{in["name"].text(), std::nullopt};
  if (const auto given = in["value"]) out.value = given.text();
  return out;
}

dns_config_view parse_dns_config(read::value in) {
  return {in["nameservers"].texts(), in["searches"].texts(), in["options"].list(parse_dns_option)};
}

pod_security_view parse_security(read::value in) {
  pod_security_view out;
  out.run_as_user = in["runAsUser"].maybe_number();
  out.run_as_group = in["runAsGroup"].maybe_number();
  out.run_as_non_root = in["runAsNonRoot"].maybe_flag();
  in["supplementalGroups"].each(
      [&](read::value group) { out.supplemental_groups.push_back(group.number()); });
  out.fs_group = in["fsGroup"].maybe_number();
  out.fs_group_change_policy = in["fsGroupChangePolicy"].text();
  out.seccomp = in["seccompProfile"].maybe(parse_profile);
  out.apparmor = in["appArmorProfile"].maybe(parse_profile);
  in["sysctls"].each(
      [&](read::value item) { out.sysctls.emplace(item["name"].text(), item["value"].text()); });
  return out;
}

std::vector<std::string> texts_of(read::value items, std::string_view member) {
  std::vector<std::string> out;
  items.each([&](read::value item) { out.push_back(item[member].text()); });
  return out;
}

restart_policy parse_restart_policy(std::string_view text) {
  if (text == "Never") return restart_policy::never;
  return text == "OnFailure" ? restart_policy::on_failure : restart_policy::always;
}

void parse_placement(pod_spec_view& out, const read::value& in) {
  out.node_selector = in["nodeSelector"].text_map();
  out.node_affinity = parse_node_affinity(in["affinity"]["nodeAffinity"]);
  out.pod_affinity = parse_pod_affinity(in["affinity"]["podAffinity"]);
  out.pod_anti_affinity = parse_pod_affinity(in["affinity"]["podAntiAffinity"]);
  out.tolerations = in["tolerations"].list(parse_toleration);
  out.topology_spread = in["topologySpreadConstraints"].list(parse_topology_spread);
  out.priority = in["priority"].number();
  out.priority_class = in["priorityClassName"].text();
  out.preemption_policy = in["preemptionPolicy"].text();
  out.scheduler_name = in["schedulerName"].text_or("default-scheduler");
  out.scheduling_gates = texts_of(in["schedulingGates"], "name");
}

pod_spec_view parse_spec(const read::value& in) {
  pod_spec_view out;
  out.node_name = in["nodeName"].text();
  out.containers = in["containers"].list(parse_container);
  out.init_containers = in["initContainers"].list(parse_container);
  out.ephemeral_containers = in["ephemeralContainers"].list(parse_container);
  out.volumes = in["volumes"].list(parse_volume);
  out.restart = parse_restart_policy(in["restartPolicy"].view());
  out.termination_grace_s = in["terminationGracePeriodSeconds"].number(30);
  out.active_deadline_s = in["activeDeadlineSeconds"].maybe_number();
  out.host_network = in["hostNetwork"].flag();
  out.host_pid = in["hostPID"].flag();
  out.host_ipc = in["hostIPC"].flag();
  out.host_users = in["hostUsers"].maybe_flag();
  out.share_process_namespace = in["shareProcessNamespace"].flag();
  out.hostname = in["hostname"].text();
  out.subdomain = in["subdomain"].text();
  out.set_hostname_as_fqdn = in["setHostnameAsFQDN"].flag();
  out.host_aliases = in["hostAliases"].list(parse_host_alias);
  out.dns_policy = in["dnsPolicy"].text_or("ClusterFirst");
  out.dns_config = parse_dns_config(in["dnsConfig"]);
  out.security = parse_security(in["securityContext"]);
  parse_placement(out, in);
  out.service_account = in["serviceAccountName"].text();
  out.enable_service_links = in["enableServiceLinks"].flag(true);
  out.overhead = parse_resource_list(in["overhead"]);
  out.resources = in["resources"].maybe(parse_resources);
  out.runtime_class = in["runtimeClassName"].text();
  out.image_pull_secrets = texts_of(in["imagePullSecrets"], "name");
  out.readiness_gates = texts_of(in["readinessGates"], "conditionType");
  return out;
}

waiting_state parse_waiting(read::value in) { return {in["reason"].text(), in["message"].text()}; }
running_state parse_running(read::value in) { return {in["startedAt"].time()}; }

terminated_state parse_terminated(read::value in) {
  return {in["exitCode"].number(), in["signal"].number(),   in["reason"].text(),     in["message"].text(),
          in["startedAt"].time(),  in["finishedAt"].time(), in["containerID"].text()};
}

container_state_view parse_state(const read::value& in) {
  return {in["waiting"].maybe(parse_waiting), in["running"].maybe(parse_running),
          in["terminated"].maybe(parse_terminated)};
}

container_status_view parse_container_status(read::value in) {
  container_status_view out;
  out.name = in["name"].text();
  out.ready = in["ready"].flag();
  out.started = in["started"].maybe_flag();
  out.restart_count = in["restartCount"].number();
  out.container_id = in["containerID"].text();
  out.image = in["image"].text();
  out.image_id = in["imageID"].text();
  out.state = parse_state(in["state"]);
  out.last_state = parse_state(in["lastState"]);
  out.resources = in["resources"].maybe(parse_resources);
  out.allocated = parse_resource_list(in["allocatedResources"]);
  return out;
}

pod_status_view parse_status(const read::value& in) {
  pod_status_view out;
  out.phase = in["phase"].text();
  out.reason = in["reason"].text();
  out.message = in["message"].text();
  out.conditions = in["conditions"].list(parse_condition);
  out.pod_ip = in["podIP"].text();
  out.pod_ips = texts_of(in["podIPs"], "ip");
  out.host_ip = in["hostIP"].text();
  out.qos_class = in["qosClass"].text();
  out.start_time = in["startTime"].time();
  out.nominated_node_name = in["nominatedNodeName"].text();
  out.containers = in["containerStatuses"].list(parse_container_status);
  out.init_containers = in["initContainerStatuses"].list(parse_container_status);
  out.ephemeral_containers = in["ephemeralContainerStatuses"].list(parse_container_status);
  out.observed_generation = in["observedGeneration"].number();
  out.resources = in["resources"].maybe(parse_resources);
  out.allocated = parse_resource_list(in["allocatedResources"]);
  return out;
}

} // namespace

bool pod_view::ready() const {
  const condition_view* const found = find_condition(status.conditions, "Ready");
  return found != nullptr && found->status == "True";
}

std::optional<wall_time> pod_view::ready_since() const {
  const condition_view* const found = find_condition(status.conditions, "Ready");
  if (found == nullptr || found->status != "True") return std::nullopt;
  return found->transitioned;
}

pod_view parse_pod(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  return {parse_meta(object), parse_spec(object["spec"]), parse_status(object["status"])};
}

} // namespace actord::schema
