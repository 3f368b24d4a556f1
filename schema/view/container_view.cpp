#include "schema/view/container_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {

namespace {

container_port_view parse_port(read::value in) {
  return {in["name"].text(), in["containerPort"].number(), in["hostPort"].number(), in["hostIP"].text(),
          in["protocol"].text_or("TCP")};
}

key_reference parse_key_reference(read::value in) {
  return {in["name"].text(), in["key"].text(), in["optional"].flag()};
}

env_view parse_env(read::value in) {
  const read::value from = in["valueFrom"];
  env_view out;
  out.name = in["name"].text();
  out.value = in["value"].text();
  out.config_map = from["configMapKeyRef"].maybe(parse_key_reference);
  out.secret = from["secretKeyRef"].maybe(parse_key_reference);
  out.field = from["fieldRef"].maybe(parse_field_reference);
  out.resource = from["resourceFieldRef"].maybe(parse_resource_field_reference);
  return out;
}

env_from_view parse_env_from(read::value in) {
  const read::value config_map = in["configMapRef"];
  const read::value secret = in["secretRef"];
  return {in["prefix"].text(), config_map["name"].text(), secret["name"].text(),
          config_map["optional"].flag() || secret["optional"].flag()};
}

volume_mount_view parse_mount(read::value in) {
  volume_mount_view out;
  out.name = in["name"].text();
  out.mount_path = in["mountPath"].text();
  out.sub_path = in["subPath"].text();
  out.sub_path_expr = in["subPathExpr"].text();
  out.read_only = in["readOnly"].flag();
  out.recursive_read_only = in["recursiveReadOnly"].text();
  out.mount_propagation = in["mountPropagation"].text();
  return out;
}

http_header_view parse_header(read::value in) { return {in["name"].text(), in["value"].text()}; }

action_view parse_action(read::value in) {
  action_view out;
  if (const auto exec = in["exec"]) out.exec = exec_action{exec["command"].texts()};
  if (const auto get = in["httpGet"])
    out.http_get =
        http_get_action{get["path"].text_or("/"), parse_port_reference(get["port"]), get["host"].text(),
                        get["scheme"].text_or("HTTP"), get["httpHeaders"].list(parse_header)};
  if (const auto tcp = in["tcpSocket"])
    out.tcp_socket = tcp_socket_action{parse_port_reference(tcp["port"]), tcp["host"].text()};
  if (const auto grpc = in["grpc"]) out.grpc = grpc_action{grpc["port"].number(), grpc["service"].text()};
  if (const auto sleep = in["sleep"]) out.sleep_s = sleep["seconds"].number();
  return out;
}

probe_view parse_probe(read::value in) {
  probe_view out;
  out.action = parse_action(in);
  out.initial_delay_s = in["initialDelaySeconds"].number(0);
  out.timeout_s = in["timeoutSeconds"].number(1);
  out.period_s = in["periodSeconds"].number(10);
  out.success_threshold = in["successThreshold"].number(1);
  out.failure_threshold = in["failureThreshold"].number(3);
  out.termination_grace_s = in["terminationGracePeriodSeconds"].maybe_number();
  return out;
}

container_security_view parse_security(read::value in) {
  container_security_view out;
  out.privileged = in["privileged"].maybe_flag();
  out.allow_privilege_escalation = in["allowPrivilegeEscalation"].maybe_flag();
  out.read_only_root = in["readOnlyRootFilesystem"].maybe_flag();
  out.run_as_non_root = in["runAsNonRoot"].maybe_flag();
  out.run_as_user = in["runAsUser"].maybe_number();
  out.run_as_group = in["runAsGroup"].maybe_number();
  out.add_capabilities = in["capabilities"]["add"].texts();
  out.drop_capabilities = in["capabilities"]["drop"].texts();
  out.proc_mount = in["procMount"].text();
  out.seccomp = in["seccompProfile"].maybe(parse_profile);
  out.apparmor = in["appArmorProfile"].maybe(parse_profile);
  return out;
}

resize_policy_view parse_resize_policy(const read::value& in) {
  resize_policy_view out;
  in.each([&](read::value policy) {
    const bool restarts = policy["restartPolicy"].view() == "RestartContainer";
    if (policy["resourceName"].view() == "cpu") out.cpu_restarts = restarts;
    if (policy["resourceName"].view() == "memory") out.memory_restarts = restarts;
  });
  return out;
}

} // namespace

profile_view parse_profile(read::value in) { return {in["type"].text(), in["localhostProfile"].text()}; }

field_reference parse_field_reference(read::value in) { return {in["fieldPath"].text()}; }

resource_field_reference parse_resource_field_reference(read::value in) {
  return {in["containerName"].text(), in["resource"].text(), in["divisor"].text()};
}

container_view parse_container(read::value in) {
  container_view out;
  out.name = in["name"].text();
  out.image = in["image"].text();
  out.image_pull_policy = in["imagePullPolicy"].text();
  out.command = in["command"].texts();
  out.args = in["args"].texts();
  out.working_dir = in["workingDir"].text();
  out.ports = in["ports"].list(parse_port);
  out.env = in["env"].list(parse_env);
  out.env_from = in["envFrom"].list(parse_env_from);
  out.requests = parse_resource_list(in["resources"]["requests"]);
  out.limits = parse_resource_list(in["resources"]["limits"]);
  out.resize = parse_resize_policy(in["resizePolicy"]);
  out.volume_mounts = in["volumeMounts"].list(parse_mount);
  out.liveness = in["livenessProbe"].maybe(parse_probe);
  out.readiness = in["readinessProbe"].maybe(parse_probe);
  out.startup = in["startupProbe"].maybe(parse_probe);
  out.lifecycle.post_start = in["lifecycle"]["postStart"].maybe(parse_action);
  out.lifecycle.pre_stop = in["lifecycle"]["preStop"].maybe(parse_action);
  out.lifecycle.stop_signal = in["lifecycle"]["stopSignal"].text();
  out.security = parse_security(in["securityContext"]);
  out.termination_message_path = in["terminationMessagePath"].text_or("/dev/termination-log");
  out.termination_message_policy = in["terminationMessagePolicy"].text_or("File");
  out.tty = in["tty"].flag();
  out.stdin_open = in["stdin"].flag();
  out.stdin_once = in["stdinOnce"].flag();
  out.restart_policy = in["restartPolicy"].text();
  out.target_container = in["targetContainerName"].text();
  return out;
}

} // namespace actord::schema
