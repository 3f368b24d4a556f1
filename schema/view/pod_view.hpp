#pragma once

#include "schema/view/container_view.hpp"
#include "schema/view/placement_view.hpp"
#include "schema/view/volume_view.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A pod as the scheduler, the controllers and its node see it.

namespace actord::schema {

enum class restart_policy : std::uint8_t { always, on_failure, never };

/// securityContext of the pod.
struct pod_security_view {
  std::optional<std::int64_t> run_as_user;
  std::optional<std::int64_t> run_as_group;
  std::optional<bool> run_as_non_root;
  std::vector<std::int64_t> supplemental_groups;
  std::optional<std::int64_t> fs_group;
  std::string fs_group_change_policy;
  std::optional<profile_view> seccomp;
  std::optional<profile_view> apparmor;
  text_map sysctls;

  bool operator==(const pod_security_view&) const = default;
};

struct host_alias_view {
  std::string ip;
  std::vector<std::string> hostnames;

  bool operator==(const host_alias_view&) const = default;
};

struct dns_option_view {
  std::string name;
  std::optional<std::string> value;

  bool operator==(const dns_option_view&) const = default;
};

struct dns_config_view {
  std::vector<std::string> nameservers;
  std::vector<std::string> searches;
  std::vector<dns_option_view> options;

  bool operator==(const dns_config_view&) const = default;
};

struct pod_spec_view {
  std::string node_name;
  std::vector<container_view> containers;
  std::vector<container_view> init_containers;
  std::vector<container_view> ephemeral_containers; ///< added to a running pod, for debugging
  std::vector<volume_view> volumes;
  restart_policy restart = restart_policy::always;
  std::int64_t termination_grace_s = 30;
  std::optional<std::int64_t> active_deadline_s;
  bool host_network = false;
  bool host_pid = false;
  bool host_ipc = false;
  std::optional<bool> host_users;
  bool share_process_namespace = false;
  std::string hostname;
  std::string subdomain;
  bool set_hostname_as_fqdn = false;
  std::vector<host_alias_view> host_aliases;
  std::string dns_policy; ///< "ClusterFirst", "ClusterFirstWithHostNet", "Default" or "None"
  dns_config_view dns_config;
  pod_security_view security;
  text_map node_selector;
  node_affinity_view node_affinity;
  pod_affinity_view pod_affinity;
  pod_affinity_view pod_anti_affinity;
  std::vector<toleration_view> tolerations;
  std::vector<topology_spread_view> topology_spread;
  std::int64_t priority = 0;
  std::string priority_class;
  std::string preemption_policy;
  std::string scheduler_name;
  std::vector<std::string> scheduling_gates;
  std::string service_account;
  bool enable_service_links = true;
  resource_list_view overhead;
  std::optional<resources_view> resources; ///< of the pod as a whole, instead of the sum of its containers
  std::string runtime_class;
  std::vector<std::string> image_pull_secrets;
  std::vector<std::string> readiness_gates; ///< condition types

  bool operator==(const pod_spec_view&) const = default;
};

struct waiting_state {
  std::string reason;
  std::string message;

  bool operator==(const waiting_state&) const = default;
};

struct running_state {
  std::optional<wall_time> started;

  bool operator==(const running_state&) const = default;
};

struct terminated_state {
  std::int64_t exit_code = 0;
  std::int64_t signal = 0;
  std::string reason;
  std::string message;
  std::optional<wall_time> started;
  std::optional<wall_time> finished;
  std::string container_id;

  bool operator==(const terminated_state&) const = default;
};

/// At most one is set.
struct container_state_view {
  std::optional<waiting_state> waiting;
  std::optional<running_state> running;
  std::optional<terminated_state> terminated;

  bool operator==(const container_state_view&) const = default;
};

struct container_status_view {
  std::string name;
  bool ready = false;
  std::optional<bool> started;
  std::int64_t restart_count = 0;
  std::string container_id;
  std::string image;
  std::string image_id;
  container_state_view state;
  container_state_view last_state;
  std::optional<resources_view> resources; ///< as its node has them in force
  resource_list_view allocated;            ///< requests that its node has set aside

  bool operator==(const container_status_view&) const = default;
};

struct pod_status_view {
  std::string phase; ///< "Pending", "Running", "Succeeded", "Failed", "Unknown"
  std::string reason;
  std::string message;
  std::vector<condition_view> conditions;
  std::string pod_ip;
  std::vector<std::string> pod_ips;
  std::string host_ip;
  std::string qos_class;
  std::optional<wall_time> start_time;
  std::string nominated_node_name;
  std::vector<container_status_view> containers;
  std::vector<container_status_view> init_containers;
  std::vector<container_status_view> ephemeral_containers;
  std::int64_t observed_generation = 0;
  std::optional<resources_view> resources; ///< of the pod as a whole, as its node has them in force
  resource_list_view allocated;

  bool operator==(const pod_status_view&) const = default;
};

struct pod_view {
  meta_view meta;
  pod_spec_view spec;
  pod_status_view status;

  /// Condition Ready is True.
  [[nodiscard]] bool ready() const;
  /// When condition Ready last became True; unset while it is not.
  [[nodiscard]] std::optional<wall_time> ready_since() const;
  /// Succeeded or Failed: it holds no resources any more.
  [[nodiscard]] bool finished() const { return status.phase == "Succeeded" || status.phase == "Failed"; }
};

/// Never fails: fields that are missing or of another type read as absent.
pod_view parse_pod(std::string_view canonical_text);

} // namespace actord::schema
