#pragma once

#include "runtime/container_runtime.hpp"
#include "runtime/images/image_store.hpp"
#include "runtime/oci/user_lookup.hpp"
#include "schema/base/json_fwd.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace actord::runtime {

/// A device node of the host, for privileged containers.
struct host_device {
  std::string path;
  char type = 'c'; ///< 'c' or 'b'
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::uint32_t mode = 0600;
  std::uint32_t user = 0;
  std::uint32_t group = 0;
};

/// What a container shares with its pod. Empty namespace paths mean the host's.
struct sandbox_view {
  std::string network_namespace;
  std::string ipc_namespace;
  std::string host_name_namespace;
  std::string process_namespace; ///< of the pod, when processes are shared
  bool host_processes = false;   ///< the host's process namespace; else, with no path, one of its own
  std::string hosts_path;
  std::string hostname_path;
  std::string resolver_path;
  std::string shared_memory_path; ///< mounted at /dev/shm; empty: the host's
  std::string hostname;           ///< for HOSTNAME
};

/// Everything config.json depends on.
struct bundle_input {
  const container_spec& spec;
  const image_config& image;
  const sandbox_view& pod;
  const resolved_user& user;
  std::string root_path;
  std::string cgroup_path;
  int lowest_oom_score_adj = 0;                             ///< what this process may set
  std::uint64_t available_capabilities = ~std::uint64_t{0}; ///< this process's own, a bit for each
  bool cgroup_version_2 = false;
  std::vector<host_device> host_devices = {}; ///< read for privileged containers only
  std::string seccomp_text = {};              ///< content of the profile when the specification names a file
};

/// The OCI configuration. Refuses (`invalid`) what must not start: no command, root where root is forbidden,
/// a working directory that leads to inherited descriptors (CVE-2024-21626).
result<json> build_config(const bundle_input& input);

/// The part of the configuration that says what cpu and memory there is: what is 0 is left out. Also what
/// `update` takes.
json amounts_part(const resource_limits& limits);

/// The process part of a configuration for `exec`: the same user, environment and confinement, another
/// command.
json exec_process(const json& config, const std::vector<std::string>& command);

/// Paths that hide the machine from containers, when they exist.
const std::vector<std::string>& masked_paths();

/// Of a started container's /proc/PID/mountinfo: the masked paths, out of `present`, with nothing mounted
/// over them.
std::vector<std::string> unmasked_paths(std::string_view mountinfo, const std::vector<std::string>& present);

} // namespace actord::runtime
