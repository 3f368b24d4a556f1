#pragma once

#include "runtime/container_runtime.hpp"
#include "runtime/oci/running_process.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::runtime {

/// What is written down of a sandbox before anything of it is made, so that a crash leaves nothing unknown.
struct sandbox_record {
  std::string id;
  std::string pod_uid;
  std::string space;
  std::string name;
  int attempt = 0;
  std::string hostname;
  bool host_network = false;
  bool host_pid = false;
  bool host_ipc = false;
  bool share_processes = false;
  std::optional<std::int64_t> fs_group;
  std::string address;
  wall_time created;
  process_identity pause;                     ///< pid 0 until it runs
  std::optional<process_identity> guard = {}; ///< of a fenced pod, once it runs
};

struct container_record {
  std::string id;
  std::string sandbox_id;
  std::string name;
  int attempt = 0;
  std::string image;
  std::string log_path;
  wall_time created;
  std::optional<wall_time> started;
  process_identity init;        ///< pid 0 until it is created
  process_identity monitor;     ///< its conmon
  std::string message;          ///< of a failed start
  bool joins_processes = false; ///< in the process namespace of another container
};

std::string record_text(const sandbox_record& record);
std::string record_text(const container_record& record);
/// Nothing for what is not such a record.
std::optional<sandbox_record> parse_sandbox_record(std::string_view text);
std::optional<container_record> parse_container_record(std::string_view text);

/// What can be seen of a container besides its record.
struct container_evidence {
  std::optional<std::string> exit_text = {}; ///< of conmon's exit file
  wall_time exit_time = {};
  bool out_of_memory = false;
  bool init_alive = false;
  bool monitor_alive = false;
};

/// Exit file → exited. Else a living process → running, or created when not started. Else a living monitor →
/// running still, since the exit file is about to come. Else exited with code 255: who could have told is
/// gone.
container_status judge(const container_record& record, const container_evidence& seen);

/// Names on the machine: 32 hexadecimal digits, different for two daemons with different data directories.
std::string sandbox_id(std::string_view data_dir, std::string_view pod_uid, int attempt);
std::string container_id(std::string_view sandbox, std::string_view name, int attempt);

/// Where things are. Everything of a container is in one directory, which is also its OCI bundle.
class state_layout {
public:
  state_layout(std::string state_dir, std::string data_dir)
      : state_(std::move(state_dir)), data_(std::move(data_dir)) {}

  [[nodiscard]] std::string sandboxes() const { return state_ + "/sandboxes"; }
  [[nodiscard]] std::string sandbox(const std::string& id) const { return sandboxes() + "/" + id; }
  [[nodiscard]] std::string sandbox_file(const std::string& id) const {
    return sandbox(id) + "/sandbox.json";
  }
  [[nodiscard]] std::string shared_memory(const std::string& id) const { return sandbox(id) + "/shm"; }
  [[nodiscard]] std::string containers() const { return state_ + "/containers"; }
  [[nodiscard]] std::string container(const std::string& id) const { return containers() + "/" + id; }
  [[nodiscard]] std::string container_file(const std::string& id) const {
    return container(id) + "/container.json";
  }
  [[nodiscard]] std::string root(const std::string& id) const { return container(id) + "/rootfs"; }
  [[nodiscard]] std::string exits() const { return state_ + "/exits"; }
  [[nodiscard]] std::string exit_file(const std::string& id) const { return exits() + "/" + id; }
  [[nodiscard]] std::string network_namespaces() const { return state_ + "/netns"; }
  [[nodiscard]] std::string network_namespace(const std::string& id) const {
    return network_namespaces() + "/" + id;
  }
  [[nodiscard]] std::string empty_root() const { return state_ + "/empty"; }
  [[nodiscard]] std::string runtime_root() const { return state_ + "/runtime"; }
  [[nodiscard]] std::string writable() const { return data_ + "/writable"; }
  [[nodiscard]] std::string writable(const std::string& id) const { return writable() + "/" + id; }

private:
  std::string state_;
  std::string data_;
};

} // namespace actord::runtime
