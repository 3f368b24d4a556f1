#pragma once

#include "schema/view/resources_view.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// One container of a pod as its node needs it. Defaults of the API are already in the stored text.

namespace actord::schema {

struct container_port_view {
  std::string name;
  std::int64_t container_port = 0;
  std::int64_t host_port = 0; ///< 0 for none
  std::string host_ip;
  std::string protocol = "TCP";

  bool operator==(const container_port_view&) const = default;
};

/// configMapKeyRef or secretKeyRef.
struct key_reference {
  std::string name;
  std::string key;
  bool optional = false;

  bool operator==(const key_reference&) const = default;
};

/// fieldRef: "metadata.labels['x']", "status.podIP", ...
struct field_reference {
  std::string path;

  bool operator==(const field_reference&) const = default;
};

/// resourceFieldRef: "limits.cpu" of a container (empty: the one it stands in).
struct resource_field_reference {
  std::string container;
  std::string resource;
  std::string divisor; ///< quantity text; empty or "0" means 1

  bool operator==(const resource_field_reference&) const = default;
};

/// At most one of the references is set; none means `value` counts.
struct env_view {
  std::string name;
  std::string value;
  std::optional<key_reference> config_map;
  std::optional<key_reference> secret;
  std::optional<field_reference> field;
  std::optional<resource_field_reference> resource;

  bool operator==(const env_view&) const = default;
};

/// All keys of a ConfigMap or Secret become variables, each with `prefix` before it.
struct env_from_view {
  std::string prefix;
  std::string config_map; ///< name; empty when it is a Secret
  std::string secret;
  bool optional = false;

  bool operator==(const env_from_view&) const = default;
};

struct volume_mount_view {
  std::string name;
  std::string mount_path;
  std::string sub_path;
  std::string sub_path_expr;
  bool read_only = false;
  std::string recursive_read_only; ///< "", "Disabled", "IfPossible", "Enabled"
  std::string mount_propagation;   ///< "", "None", "HostToContainer", "Bidirectional"

  bool operator==(const volume_mount_view&) const = default;
};

struct http_header_view {
  std::string name;
  std::string value;

  bool operator==(const http_header_view&) const = default;
};

struct exec_action {
  std::vector<std::string> command;

  bool operator==(const exec_action&) const = default;
};

struct http_get_action {
  std::string path;
  port_reference port;
  std::string host;   ///< empty: the pod's address
  std::string scheme; ///< "HTTP" or "HTTPS"
  std::vector<http_header_view> headers;

  bool operator==(const http_get_action&) const = default;
};

struct tcp_socket_action {
  port_reference port;
  std::string host;

  bool operator==(const tcp_socket_action&) const = default;
};

struct grpc_action {
  std::int64_t port = 0;
  std::string service;

  bool operator==(const grpc_action&) const = default;
};

/// What a probe or a lifecycle hook does; at most one is set (`sleep_s` in hooks only, gRPC in probes only).
struct action_view {
  std::optional<exec_action> exec;
  std::optional<http_get_action> http_get;
  std::optional<tcp_socket_action> tcp_socket;
  std::optional<grpc_action> grpc;
  std::optional<std::int64_t> sleep_s;

  bool operator==(const action_view&) const = default;
};

struct probe_view {
  action_view action;
  std::int64_t initial_delay_s = 0;
  std::int64_t timeout_s = 1;
  std::int64_t period_s = 10;
  std::int64_t success_threshold = 1;
  std::int64_t failure_threshold = 3;
  std::optional<std::int64_t> termination_grace_s;

  bool operator==(const probe_view&) const = default;
};

struct lifecycle_view {
  std::optional<action_view> post_start;
  std::optional<action_view> pre_stop;
  std::string stop_signal; ///< "SIGUSR1"; empty: the image's

  bool operator==(const lifecycle_view&) const = default;
};

struct profile_view {
  std::string type; ///< "RuntimeDefault", "Unconfined", "Localhost"
  std::string localhost_profile;

  bool operator==(const profile_view&) const = default;
};

/// securityContext of a container. Unset members fall back to the pod's.
struct container_security_view {
  std::optional<bool> privileged;
  std::optional<bool> allow_privilege_escalation;
  std::optional<bool> read_only_root;
  std::optional<bool> run_as_non_root;
  std::optional<std::int64_t> run_as_user;
  std::optional<std::int64_t> run_as_group;
  std::vector<std::string> add_capabilities;
  std::vector<std::string> drop_capabilities;
  std::string proc_mount;
  std::optional<profile_view> seccomp;
  std::optional<profile_view> apparmor;

  bool operator==(const container_security_view&) const = default;
};

/// resizePolicy: whether a change of that amount is carried out by a restart.
struct resize_policy_view {
  bool cpu_restarts = false;
  bool memory_restarts = false;

  bool operator==(const resize_policy_view&) const = default;
};

struct container_view {
  std::string name;
  std::string image;
  std::string image_pull_policy;
  std::vector<std::string> command;
  std::vector<std::string> args;
  std::string working_dir;
  std::vector<container_port_view> ports;
  std::vector<env_view> env;
  std::vector<env_from_view> env_from;
  resource_list_view requests;
  resource_list_view limits;
  resize_policy_view resize;
  std::vector<volume_mount_view> volume_mounts;
  std::optional<probe_view> liveness;
  std::optional<probe_view> readiness;
  std::optional<probe_view> startup;
  lifecycle_view lifecycle;
  container_security_view security;
  std::string termination_message_path = "/dev/termination-log";
  std::string termination_message_policy = "File";
  bool tty = false;
  bool stdin_open = false;
  bool stdin_once = false;
  std::string restart_policy;   ///< "Always" on an init container makes it a sidecar
  std::string target_container; ///< of an ephemeral one: whose processes it sees

  bool operator==(const container_view&) const = default;
  [[nodiscard]] bool is_sidecar() const { return restart_policy == "Always"; }
};

container_view parse_container(read::value in);
field_reference parse_field_reference(read::value in);
resource_field_reference parse_resource_field_reference(read::value in);
profile_view parse_profile(read::value in);

} // namespace actord::schema
