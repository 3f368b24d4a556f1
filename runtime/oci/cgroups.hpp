#pragma once

#include "runtime/container_runtime.hpp"
#include "schema/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::runtime {

/// How this machine lays out control groups. A hybrid machine keeps its controllers on version 1 and mounts
/// version 2 beside them; stock crun refuses it unless that mount is hidden.
struct cgroup_layout {
  std::vector<std::string> hierarchies; ///< mount points; version 2's last where version 1 is there too
  bool version_2 = false;
  bool hybrid = false;
};

/// Pure: from the text of /proc/self/mountinfo.
cgroup_layout parse_cgroup_layout(std::string_view mountinfo);
result<cgroup_layout> read_cgroup_layout();

/// Groups by their path from the hierarchies' roots ("/actord-1a2b/pod-3c4d").
class cgroups {
public:
  explicit cgroups(cgroup_layout layout) : layout_(std::move(layout)) {}

  [[nodiscard]] const cgroup_layout& layout() const { return layout_; }

  /// Creates the group in the one hierarchy that is used to find processes again, and returns the file that
  /// takes process ids. Resource limits are the OCI runtime's business, in all of them.
  result<std::string> make_tracking_group(const std::string& group) const;
  /// Where to find and to stop all processes of the group: directories, which need not exist yet.
  [[nodiscard]] std::vector<std::string> directories_to_empty(const std::string& group) const;
  /// Processes in the group and in groups below it.
  [[nodiscard]] std::vector<int> processes(const std::string& group) const;
  /// SIGKILL until none is left. False: some would not go within a second.
  bool kill_all(const std::string& group) const;
  /// Sets those amounts that are not 0, making the group where it is not there. A machine that does not count
  /// that amount is left alone.
  result<void> set_amounts(const std::string& group, const resource_limits& limits) const;
  /// Nothing when there is no such group.
  [[nodiscard]] std::optional<measured_resources> measure(const std::string& group) const;
  /// Removes the empty group and those below it from every hierarchy.
  result<void> remove(const std::string& group) const;

private:
  [[nodiscard]] const std::string& tracking_hierarchy() const;
  /// Where "cpu" or "memory" is counted; empty where it is not.
  [[nodiscard]] std::string hierarchy_of(std::string_view controller) const;

  cgroup_layout layout_;
};

} // namespace actord::runtime
