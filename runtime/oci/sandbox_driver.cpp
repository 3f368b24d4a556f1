#include "runtime/oci/sandbox_driver.hpp"

#include "net/cni/pod_dialer.hpp"
#include "runtime/files/file_tools.hpp"
#include "runtime/oci/sandbox_files.hpp"

#include <sys/mount.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace actord::runtime {
namespace {

constexpr const char* shared_memory_options = "mode=1777,size=67108864";

std::string host_file(const char* path) {
  const auto text = read_file(path, 1 << 20);
  return text && *text ? **text : std::string{};
}

/// "net.core.somaxconn" → "net/core/somaxconn". A name with slashes is already in that form.
std::string sysctl_path(std::string name) {
  if (name.find('/') == std::string::npos) std::replace(name.begin(), name.end(), '.', '/');
  return name;
}

} // namespace

sandbox describe_sandbox(const sandbox_record& record) {
  return {.id = record.id,
          .pod_uid = record.pod_uid,
          .space = record.space,
          .name = record.name,
          .attempt = record.attempt,
          .ready = is_alive(record.pause) && (!record.guard || is_alive(*record.guard)),
          .address = record.address,
          .created = record.created};
}

result<sandbox_record> sandbox_driver::run(const sandbox_spec& spec) const {
  const std::string id = sandbox_id(context_.options.data_dir, spec.pod_uid, spec.attempt);
  if (auto known = context_.sandbox(id)) {
    if (is_alive(known->pause)) return std::move(*known);
    if (auto removed = remove(id); !removed) return removed.error();
  }
  sandbox_record record{.id = id,
                        .pod_uid = spec.pod_uid,
                        .space = spec.space,
                        .name = spec.name,
                        .attempt = spec.attempt,
                        .hostname = spec.hostname,
                        .host_network = spec.host_network,
                        .host_pid = spec.host_pid,
                        .host_ipc = spec.host_ipc,
                        .share_processes = spec.share_processes,
                        .fs_group = spec.fs_group,
                        .address = {},
                        .created = context_.clock.wall_now(),
                        .pause = {}};
  if (auto made = make_directories(context_.layout.sandbox(id), 0711); !made) return made.error();
  if (auto saved = context_.save(record); !saved) return saved.error();
  auto made = context_.groups.set_amounts(context_.pod_group(id), spec.resources);
  if (made) made = make_network(spec, record);
  if (made) made = write_files(spec, record);
  if (made) made = start_pause(spec, record);
  if (made) made = context_.save(record);
  if (!made) {
    // The first reason is the one worth telling; what cannot be removed now is found again by its record.
    static_cast<void>(remove(id));
    return made.error();
  }
  return record;
}

result<void> sandbox_driver::make_network(const sandbox_spec& spec, sandbox_record& record) const {
  if (spec.host_network) return {};
  if (context_.options.network == nullptr)
    return error{.kind = error_kind::unavailable, .message = "this node has no pod network"};
  const std::string path = context_.layout.network_namespace(record.id);
  if (auto made = net::create_network_namespace(path); !made) return made;
  net::pod_attachment pod{.id = record.id,
                          .namespace_path = path,
                          .pod_space = spec.space,
                          .pod_name = spec.name,
                          .pod_uid = spec.pod_uid,
                          .ports = {}};
  for (const auto& port : spec.ports)
    if (port.host_port != 0)
      pod.ports.push_back({port.protocol, port.host_port, port.container_port, port.host_address});
  const auto addresses = context_.options.network->attach(pod);
  if (!addresses) return addresses.error();
  record.address = addresses->addresses.front();
  return {};
}

result<void> sandbox_driver::write_files(const sandbox_spec& spec, const sandbox_record& record) const {
  const std::string directory = context_.layout.sandbox(record.id);
  const std::string hosts =
      hosts_text(spec, record.address, spec.host_network ? host_file("/etc/hosts") : std::string{});
  if (auto written = write_file_atomic(directory + "/hosts", hosts, 0644); !written) return written;
  if (auto written = write_file_atomic(directory + "/hostname", spec.hostname + "\n", 0644); !written)
    return written;
  if (auto written = write_file_atomic(directory + "/resolv.conf",
                                       resolver_text(spec, host_file("/etc/resolv.conf")), 0644);
      !written)
    return written;
  if (spec.host_ipc) return {};
  const std::string memory = context_.layout.shared_memory(record.id);
  if (auto made = make_directories(memory); !made) return made;
  if (mount_points_below(memory).empty() &&
      ::mount("shm", memory.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, shared_memory_options) != 0)
    return system_error("mount shared memory at " + memory, errno);
  return {};
}

result<void> sandbox_driver::start_pause(const sandbox_spec& spec, sandbox_record& record) const {
  const auto processes_file = context_.groups.make_tracking_group(context_.pause_group(record.id));
  if (!processes_file) return processes_file.error();
  command launch;
  launch.argv = {context_.options.pause_path, "sandbox", "--root=" + context_.layout.empty_root(),
                 "--cgroup=" + *processes_file};
  if (!spec.host_network) {
    launch.argv.push_back("--netns=" + context_.layout.network_namespace(record.id));
    launch.argv.push_back("--hostname=" + spec.hostname);
  }
  if (!spec.host_ipc) launch.argv.emplace_back("--ipc");
  if (spec.share_processes && !spec.host_pid) launch.argv.emplace_back("--pid");
  for (const auto& [name, value] : spec.sysctls)
    launch.argv.push_back("--sysctl=" + sysctl_path(name) + "=" + value);
  if (spec.fenced) {
    if (context_.options.deadline_path.empty())
      return error{.kind = error_kind::unavailable, .message = "this node has no deadline to end pods at"};
    launch.argv.push_back("--fence=" + context_.options.deadline_path);
    for (const std::string& directory : context_.groups.directories_to_empty(context_.pod_group(record.id)))
      launch.argv.push_back("--group=" + directory);
  }
  const auto launched = context_.launcher.run(launch);
  if (!launched) return launched.error();
  if (!launched->succeeded()) return describe_failure(launch, *launched);
  const std::string& said = launched->output;
  const auto process_at = [&](std::size_t place) {
    int pid = 0;
    if (place < said.size()) std::from_chars(said.data() + place, said.data() + said.size(), pid);
    return identify_process(pid);
  };
  const auto holder = process_at(0);
  if (!holder)
    return error{.message = "the pause process of pod " + spec.space + "/" + spec.name + " ended at once"};
  record.pause = *holder;
  if (!spec.fenced) return {};
  record.guard = process_at(said.find(' ') + 1);
  if (!record.guard)
    return error{.message = "the guard of pod " + spec.space + "/" + spec.name + " ended at once"};
  return {};
}

bool sandbox_driver::end_processes(const std::string& id) const {
  return context_.groups.kill_all(context_.pod_group(id));
}

result<void> sandbox_driver::stop(const std::string& id) const {
  // By its names alone, without its record: that may be lost or behind.
  if (!end_processes(id))
    return error{.kind = error_kind::timeout, .message = "processes of sandbox " + id + " do not end"};
  const std::string path = context_.layout.network_namespace(id);
  if (context_.options.network != nullptr)
    if (auto detached = context_.options.network->detach(id, path); !detached) return detached;
  return net::remove_network_namespace(path);
}

result<void> sandbox_driver::remove(const std::string& id) const {
  if (auto stopped = stop(id); !stopped) return stopped;
  if (auto unmounted = unmount_below(context_.layout.sandbox(id)); !unmounted) return unmounted;
  if (auto removed = context_.groups.remove(context_.pod_group(id)); !removed) return removed;
  return remove_tree(context_.layout.sandbox(id));
}

result<void> sandbox_driver::update(const std::string& id, const resource_limits& limits) const {
  const auto record = context_.sandbox(id);
  if (!record || !is_alive(record->pause))
    return error{.kind = error_kind::not_found, .message = "sandbox " + id + " does not run"};
  return context_.groups.set_amounts(context_.pod_group(id), limits);
}

std::optional<measured_resources> sandbox_driver::measure(const std::string& id) const {
  if (!context_.sandbox(id)) return std::nullopt;
  return context_.groups.measure(context_.pod_group(id));
}

result<unique_fd> sandbox_driver::dial(const std::string& id, std::uint16_t port, net::pod_door at) const {
  const auto record = context_.sandbox(id);
  if (!record || !is_alive(record->pause))
    return error{.kind = error_kind::not_found, .message = "sandbox " + id + " does not run"};
  const std::string space = record->host_network ? std::string() : context_.layout.network_namespace(id);
  return at == net::pod_door::loopback ? net::dial_loopback(space, port)
                                       : net::dial_address(space, record->address, port);
}

std::vector<sandbox> sandbox_driver::list() const {
  std::vector<sandbox> found;
  for (const std::string& id : directory_entries(context_.layout.sandboxes()))
    if (const auto record = context_.sandbox(id)) found.push_back(describe_sandbox(*record));
  return found;
}

} // namespace actord::runtime
