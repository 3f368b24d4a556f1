#pragma once

#include "runtime/container_runtime.hpp"
#include "runtime/oci/cgroups.hpp"
#include "runtime/oci/oci_runtime.hpp"

#include <string>
#include <vector>

namespace actord::runtime {

/// The OCI runtime in use, as a command line to be continued.
struct runtime_program {
  runtime_flavour flavour = runtime_flavour::crun;
  std::vector<std::string>
      prefix;          ///< program and its global options, perhaps behind the helper that hides cgroup v2
  std::string version; ///< "crun 1.8.1"
};

/// The one that was asked for, or the first of crun and runc that can run a container here: each is tried on
/// a real one. `scratch` is a directory for that container.
result<runtime_program> choose_runtime(const oci_runtime_options& options, const cgroup_layout& layout,
                                       process_launcher& launcher, const std::string& runtime_root,
                                       const std::string& scratch);

/// `prefix` followed by `arguments`.
command runtime_command(const runtime_program& program, const std::vector<std::string>& arguments);

struct monitor_request {
  std::string id;
  std::string name;
  std::string bundle;
  std::string exit_directory;
  std::string log_path;
  std::int64_t log_size_limit_bytes = 0;
  bool terminal = false;
  bool reads_input = false;
  bool keeps_input_open = false; ///< after the first who attached has left
};

/// conmon creating a container: it stays, holds the container's output and writes its exit code down.
command monitor_command(const std::string& conmon_path, const runtime_program& program,
                        const monitor_request& request);

/// What conmon reports: the process id, or why there is none.
result<int> parse_monitor_report(const std::string& report);

} // namespace actord::runtime
