#pragma once

#include "net/cni/pod_door.hpp"
#include "runtime/command_process.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What a node needs of containers, whoever runs them: our own OCI driver (crun or runc, conmon, overlayfs)
/// or a CRI socket. The words are those of the CRI.
///
/// Calls block and are made from the worker pool, never from a control-plane actor. Every call is idempotent:
/// repeating one after a crash finds what the first did. Containers and sandboxes outlive the daemon; `list`
/// after a restart says what is there, from what the runtime and conmon left on disk, not from memory.

namespace actord::runtime {

struct resource_limits {
  std::int64_t cpu_shares = 0;   ///< 0: runtime default
  std::int64_t cpu_quota_us = 0; ///< per period; 0: no limit
  std::int64_t cpu_period_us = 100'000;
  std::int64_t memory_limit_bytes = 0;
  std::int64_t pids_limit = 0;
  int oom_score_adj = 0; ///< clamped to what this process may set

  bool operator==(const resource_limits&) const = default;
};

/// What a group of processes may use and does use, as the kernel has it.
struct measured_resources {
  resource_limits limits; ///< cpu and memory only; 0 where there is no limit
  std::int64_t memory_usage_bytes = 0;
};

struct sandbox_spec {
  std::string pod_uid;
  std::string space;
  std::string name;
  int attempt = 0;
  std::string hostname;
  bool host_network = false;
  bool host_pid = false;
  bool host_ipc = false;
  bool share_processes = false;
  std::vector<std::string> dns_servers;
  std::vector<std::string> dns_searches;
  std::vector<std::string> dns_options;
  std::vector<std::pair<std::string, std::string>> hosts; ///< extra /etc/hosts lines: address, names
  std::map<std::string, std::string> sysctls;
  std::map<std::string, std::string> labels;
  struct port_mapping {
    std::string protocol; ///< "tcp", "udp", "sctp"
    std::uint16_t host_port = 0;
    std::uint16_t container_port = 0;
    std::string host_address;
  };
  std::vector<port_mapping> ports;
  std::optional<std::int64_t> fs_group;
  /// Ends by itself at the node's deadline (runtime/fence/deadline_file.hpp), whatever the daemon does.
  bool fenced = false;
  resource_limits resources; ///< of all its containers together: cpu and memory, 0 for none
};

struct sandbox {
  std::string id; ///< derived from pod_uid and attempt
  std::string pod_uid;
  std::string space;
  std::string name;
  int attempt = 0;
  bool ready = false; ///< its pause process lives, and its guard when it is fenced
  std::string address;
  wall_time created;
};

struct mount_spec {
  std::string host_path;
  std::string container_path;
  bool read_only = false;
  std::string propagation; ///< empty, "rslave" or "rshared"
};

struct security_spec {
  bool privileged = false;
  std::optional<std::int64_t> run_as_user; ///< unset: the image's user
  std::optional<std::int64_t> run_as_group;
  std::vector<std::int64_t> supplemental_groups;
  bool run_as_non_root = false; ///< refuse to start as uid 0
  bool read_only_root = false;
  bool allow_privilege_escalation = true;
  std::vector<std::string> add_capabilities; ///< "NET_ADMIN", without CAP_
  std::vector<std::string> drop_capabilities;
  std::string seccomp; ///< "RuntimeDefault", "Unconfined" or a path; empty is RuntimeDefault
};

struct container_spec {
  std::string sandbox_id;
  std::string name;
  int attempt = 0;
  std::string image;                ///< id from image_store::find
  std::vector<std::string> command; ///< empty: the image's entry point
  std::vector<std::string> args;    ///< empty: the image's command, unless `command` is given
  std::vector<std::pair<std::string, std::string>> env; ///< after the image's own
  std::string working_directory;
  std::vector<mount_spec> mounts;
  resource_limits resources;
  security_spec security;
  bool tty = false;
  bool stdin_open = false;
  bool stdin_once = false; ///< its input ends with the first who attaches
  std::string stop_signal;
  std::string log_path; ///< CRI log format: "2006-01-02T15:04:05.9Z stdout F line"
  /// The name of a running container of the sandbox whose processes this one sees; empty: its own, or the
  /// pod's.
  std::string shares_processes_of;
  std::map<std::string, std::string> labels;
};

enum class container_state : std::uint8_t { created, running, exited, unknown };

struct container_status {
  std::string id; ///< derived from sandbox, name and attempt
  std::string sandbox_id;
  std::string name;
  int attempt = 0;
  std::string image;
  container_state state = container_state::unknown;
  int exit_code = 0;
  int signal = 0;
  bool out_of_memory = false;
  wall_time created;
  wall_time started;
  wall_time finished;
  std::string message;                        ///< why it could not be created or started
  std::optional<measured_resources> measured; ///< while it runs, where the runtime can tell
};

struct exec_result {
  int exit_code = 0;
  std::string output; ///< stdout and stderr together, at most 10 KiB
  bool timed_out = false;
};

class container_runtime {
public:
  virtual ~container_runtime() = default;

  /// Namespaces, network and pause process. The sandbox has its address when this returns.
  virtual result<sandbox> run_sandbox(const sandbox_spec& spec) = 0;
  /// Ends all its containers (SIGKILL) and the pause process, and gives the address back.
  virtual result<void> stop_sandbox(const std::string& id) = 0;
  /// Stops it when necessary and removes every trace of it and its containers, logs aside.
  virtual result<void> remove_sandbox(const std::string& id) = 0;

  virtual result<container_status> create_container(const container_spec& spec) = 0;
  virtual result<void> start_container(const std::string& id) = 0;
  /// Sends a signal to the container's first process ("TERM"); not running is success.
  virtual result<void> signal_container(const std::string& id, const std::string& signal) = 0;
  virtual result<void> remove_container(const std::string& id) = 0;
  /// Changes cpu and memory of what runs: those that are not 0, the others stay. not_found when it does not
  /// run.
  virtual result<void> update_container(const std::string& id, const resource_limits& limits) = 0;
  virtual result<void> update_sandbox(const std::string& id, const resource_limits& limits) = 0;
  /// Of all containers together; nothing when there is no such sandbox.
  [[nodiscard]] virtual std::optional<measured_resources> measure_sandbox(const std::string& id) = 0;
  virtual result<exec_result> exec(const std::string& id, const std::vector<std::string>& command,
                                   std::chrono::milliseconds timeout) = 0;

  /// Starts a command beside the container's own. not_found when the container does not run.
  virtual result<std::unique_ptr<command_process>> start_command(const std::string& id,
                                                                 const command_terms& terms) = 0;
  /// A packet socket to the container's own streams: each packet from it is a byte, 2 for standard output or
  /// 3 for standard error (of a terminal all is output), and a piece; packets into it are input.
  virtual result<unique_fd> attach(const std::string& id) = 0;
  /// The size of the container's own terminal; without one nothing happens.
  virtual result<void> resize(const std::string& id, window_size size) = 0;
  /// A connection to a port of the pod.
  virtual result<unique_fd> dial(const std::string& sandbox_id, std::uint16_t port, net::pod_door at) = 0;

  [[nodiscard]] virtual result<container_status> status(const std::string& id) = 0;
  [[nodiscard]] virtual std::vector<sandbox> list_sandboxes() = 0;
  [[nodiscard]] virtual std::vector<container_status> list_containers(const std::string& sandbox_id) = 0;

  /// Called on a thread of the runtime's own each time a container or a pause process ends, also for those
  /// adopted from before a restart. `container_id` is empty for the sandbox itself.
  virtual void on_exit(std::function<void(std::string sandbox_id, std::string container_id)> callback) = 0;

  /// "crun 1.8.1"
  [[nodiscard]] virtual std::string version() const = 0;
};

} // namespace actord::runtime
