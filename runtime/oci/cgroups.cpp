#include "runtime/oci/cgroups.hpp"

#include "runtime/files/file_tools.hpp"
#include "runtime/oci/cgroup_amounts.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <thread>

namespace actord::runtime {
namespace {

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0) fields.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return fields;
}

std::string below(std::string_view directory, std::string_view name) {
  return std::string(directory).append("/").append(name);
}

void collect_processes(const std::string& directory, std::vector<int>& pids) {
  const auto text = read_file(directory + "/cgroup.procs");
  if (text && *text) {
    std::string_view rest = **text;
    while (!rest.empty()) {
      int pid = 0;
      const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), pid);
      if (parsed.ec == std::errc{}) pids.push_back(pid);
      rest.remove_prefix(std::min(std::min(rest.find('\n'), rest.size()) + 1, rest.size()));
    }
  }
  for (const std::string& name : subdirectories(directory)) collect_processes(below(directory, name), pids);
}

result<void> remove_group(const std::string& directory) {
  // A process that was just killed may keep its group for a moment.
  for (int attempt = 0;; ++attempt) {
    if (::rmdir(directory.c_str()) == 0 || errno == ENOENT) return {};
    const int reason = errno;
    for (const std::string& name : subdirectories(directory))
      if (auto removed = remove_group(below(directory, name)); !removed) return removed;
    if (reason != EBUSY || attempt == 100) return system_error("remove cgroup " + directory, reason);
    if (attempt > 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

/// A control file takes one write and is not replaced.
result<void> write_control(const std::string& path, std::string_view text) {
  const unique_fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return system_error("open " + path, errno);
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return system_error(std::string("write ").append(text).append(" to ").append(path), errno);
  return {};
}

/// "/sys/fs/cgroup/cpu,cpuacct" counts "cpu".
bool counts(std::string_view hierarchy, std::string_view controller) {
  hierarchy.remove_prefix(hierarchy.rfind('/') + 1);
  while (!hierarchy.empty()) {
    const std::size_t end = std::min(hierarchy.find(','), hierarchy.size());
    if (hierarchy.substr(0, end) == controller) return true;
    hierarchy.remove_prefix(std::min(end + 1, hierarchy.size()));
  }
  return false;
}

/// Version 2 counts in a group what its parents pass on.
void pass_controllers_on(const std::string& root, const std::string& group) {
  for (std::size_t end = 0; end != std::string::npos; end = group.find('/', end + 1))
    for (const char* controller : {"+cpu", "+memory"})
      static_cast<void>(write_control(root + group.substr(0, end) + "/cgroup.subtree_control", controller));
}

} // namespace

cgroup_layout parse_cgroup_layout(std::string_view mountinfo) {
  cgroup_layout layout;
  std::string second;
  while (!mountinfo.empty()) {
    const std::size_t end = std::min(mountinfo.find('\n'), mountinfo.size());
    const auto fields = fields_of(mountinfo.substr(0, end));
    mountinfo.remove_prefix(std::min(end + 1, mountinfo.size()));
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() < 5 || dash == fields.end() || dash + 1 == fields.end()) continue;
    const std::string point(fields[4]);
    if (!point.starts_with("/sys/fs/cgroup")) continue;
    if (*(dash + 1) == "cgroup") layout.hierarchies.push_back(point);
    if (*(dash + 1) == "cgroup2") second = point;
  }
  layout.version_2 = layout.hierarchies.empty() && !second.empty();
  layout.hybrid = !layout.hierarchies.empty() && !second.empty();
  // On a hybrid machine too: runc makes groups there.
  if (!second.empty()) layout.hierarchies.push_back(second);
  return layout;
}

result<cgroup_layout> read_cgroup_layout() {
  auto text = read_file("/proc/self/mountinfo", 64 << 20);
  if (!text) return std::move(text).error();
  cgroup_layout layout = parse_cgroup_layout(text->value_or(""));
  if (layout.hierarchies.empty()) return error{.message = "no control groups are mounted at /sys/fs/cgroup"};
  return layout;
}

const std::string& cgroups::tracking_hierarchy() const {
  for (const char* preferred : {"/sys/fs/cgroup/pids", "/sys/fs/cgroup/freezer", "/sys/fs/cgroup/systemd"})
    if (const auto found = std::find(layout_.hierarchies.begin(), layout_.hierarchies.end(), preferred);
        found != layout_.hierarchies.end())
      return *found;
  return layout_.hierarchies.front();
}

result<std::string> cgroups::make_tracking_group(const std::string& group) const {
  const std::string directory = tracking_hierarchy() + group;
  if (auto made = make_directories(directory); !made) return made.error();
  return directory + "/cgroup.procs";
}

std::vector<std::string> cgroups::directories_to_empty(const std::string& group) const {
  std::vector<std::string> out{tracking_hierarchy() + group};
  const std::string freezer = "/sys/fs/cgroup/freezer";
  if (tracking_hierarchy() != freezer &&
      std::ranges::find(layout_.hierarchies, freezer) != layout_.hierarchies.end())
    out.push_back(freezer + group);
  return out;
}

std::vector<int> cgroups::processes(const std::string& group) const {
  std::vector<int> pids;
  collect_processes(tracking_hierarchy() + group, pids);
  return pids;
}

bool cgroups::kill_all(const std::string& group) const {
  for (int attempt = 0; attempt < 200; ++attempt) {
    const std::vector<int> pids = processes(group);
    if (pids.empty()) return true;
    for (const int pid : pids) ::kill(pid, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(attempt < 20 ? 1 : 5));
  }
  return false;
}

std::string cgroups::hierarchy_of(std::string_view controller) const {
  if (layout_.version_2) return layout_.hierarchies.front();
  for (const std::string& hierarchy : layout_.hierarchies)
    if (counts(hierarchy, controller)) return hierarchy;
  return {};
}

result<void> cgroups::set_amounts(const std::string& group, const resource_limits& limits) const {
  for (const cgroup_setting& setting : cgroup_settings(limits, layout_.version_2)) {
    const std::string hierarchy = hierarchy_of(setting.controller);
    if (hierarchy.empty()) continue;
    const std::string directory = hierarchy + group;
    if (auto made = make_directories(directory); !made) return made;
    if (layout_.version_2) pass_controllers_on(hierarchy, group);
    if (auto written = write_control(below(directory, setting.file), setting.text); !written) return written;
  }
  return {};
}

std::optional<measured_resources> cgroups::measure(const std::string& group) const {
  bool any = false;
  measured_resources found = measured_amounts(
      [&](std::string_view controller, std::string_view file) -> std::optional<std::string> {
        const std::string hierarchy = hierarchy_of(controller);
        if (hierarchy.empty()) return std::nullopt;
        auto text = read_file(below(hierarchy + group, file), 256);
        if (!text || !*text) return std::nullopt;
        any = true;
        return std::move(**text);
      },
      layout_.version_2);
  return any ? std::optional(found) : std::nullopt;
}

result<void> cgroups::remove(const std::string& group) const {
  ALWAYS_WITH(group.size() > 1 && group.front() == '/' && group.find("..") == std::string::npos, group);
  result<void> outcome;
  for (const std::string& hierarchy : layout_.hierarchies)
    if (auto removed = remove_group(hierarchy + group); !removed && outcome) outcome = removed;
  return outcome;
}

} // namespace actord::runtime
