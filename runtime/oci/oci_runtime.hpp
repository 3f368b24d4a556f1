#pragma once

#include "net/cni/pod_network.hpp"
#include "runtime/container_runtime.hpp"
#include "runtime/images/image_store.hpp"
#include "runtime/process/process_launcher.hpp"
#include "schema/base/clock.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace actord::runtime {

enum class runtime_flavour : std::uint8_t { automatic, crun, runc };

/// `images`, `network`, `launcher` and `clock` outlive the runtime. Two daemons on one machine differ in
/// `state_dir` and `data_dir`; all names on the machine (cgroups, namespaces, containers) derive from them.
struct oci_runtime_options {
  std::string state_dir; ///< process ids, bundles, exit files, namespaces; short, since sockets live below it
  std::string data_dir;  ///< writable layers
  image_store* images = nullptr;
  net::pod_network* network = nullptr;  ///< null: only pods on the host's network
  process_launcher* launcher = nullptr; ///< null: the system's
  const clock_source* clock = nullptr;  ///< null: the machine's
  runtime_flavour flavour = runtime_flavour::automatic;
  std::string pause_path; ///< of our actord-pause
  std::string conmon_path = "/usr/bin/conmon";
  std::string crun_path = "/usr/bin/crun";
  std::string runc_path = "/usr/sbin/runc";
  std::string deadline_path; ///< of the node's deadline_file; empty: fenced pods are refused
  std::string cgroup_parent; ///< "/actord-1a2b3c4d"; empty: derived from data_dir
  std::int64_t log_size_limit_bytes = 16 << 20; ///< of each container's log file, which then starts anew
};

/// Containers by crun or runc under conmon, images by overlayfs. Adopts what an earlier daemon left running.
result<std::unique_ptr<container_runtime>> open_oci_runtime(oci_runtime_options options);

/// Ends and removes every sandbox and container of these directories and what the runtime itself left on the
/// machine (cgroups, mounts, network): `--clean`.
result<void> remove_everything(container_runtime& runtime, const oci_runtime_options& options);

/// The runtime's way to start processes, for the network's plugins.
std::unique_ptr<net::program_runner> make_program_runner(process_launcher& launcher);

} // namespace actord::runtime
