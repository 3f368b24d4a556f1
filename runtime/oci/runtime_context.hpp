#pragma once

#include "runtime/oci/cgroups.hpp"
#include "runtime/oci/oci_runtime.hpp"
#include "runtime/oci/runtime_program.hpp"
#include "runtime/oci/runtime_records.hpp"

#include <array>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::runtime {

/// What the parts of the OCI runtime share.
struct runtime_context {
  oci_runtime_options options;
  state_layout layout;
  cgroups groups;
  runtime_program program;
  process_launcher& launcher;
  const clock_source& clock;

  [[nodiscard]] std::optional<sandbox_record> sandbox(const std::string& id) const;
  [[nodiscard]] std::optional<container_record> container(const std::string& id) const;
  [[nodiscard]] std::vector<container_record> containers_of(const std::string& sandbox_id) const;
  result<void> save(const sandbox_record& record) const;
  result<void> save(const container_record& record) const;

  [[nodiscard]] std::string pod_group(const std::string& sandbox_id) const {
    return options.cgroup_parent + "/" + sandbox_id;
  }
  [[nodiscard]] std::string container_group(const container_record& record) const {
    return pod_group(record.sandbox_id) + "/" + record.id;
  }
  [[nodiscard]] std::string pause_group(const std::string& sandbox_id) const {
    return pod_group(sandbox_id) + "/pause";
  }
};

/// A lock for each name, near enough: calls for one name exclude each other, calls for two seldom do. Never
/// hold two.
class named_locks {
public:
  std::unique_lock<std::mutex> lock(const std::string& name) {
    return std::unique_lock(locks_[std::hash<std::string>{}(name) % locks_.size()]);
  }

private:
  std::array<std::mutex, 256> locks_;
};

} // namespace actord::runtime
