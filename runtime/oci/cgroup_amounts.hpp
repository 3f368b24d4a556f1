#pragma once

#include "runtime/container_runtime.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Amounts of cpu and memory in the words of control groups, versions 1 and 2. Pure.

namespace actord::runtime {

struct cgroup_setting {
  std::string controller; ///< "cpu" or "memory"
  std::string file;       ///< "cpu.shares"
  std::string text;

  bool operator==(const cgroup_setting&) const = default;
};

/// What to write, in order: those amounts that are not 0.
std::vector<cgroup_setting> cgroup_settings(const resource_limits& limits, bool version_2);

/// The text of a controller's file ("cpu", "cpu.shares"); nothing where there is none.
using cgroup_reader =
    std::function<std::optional<std::string>(std::string_view controller, std::string_view file)>;
measured_resources measured_amounts(const cgroup_reader& read, bool version_2);

/// Shares (2 to 262144) as a weight (1 to 10000), in the proportion that OCI runtimes keep.
std::int64_t cpu_weight(std::int64_t shares);
/// The least shares that have this weight.
std::int64_t cpu_shares(std::int64_t weight);

} // namespace actord::runtime
