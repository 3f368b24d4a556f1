#include "runtime/oci/container_driver.hpp"

#include "runtime/files/file_tools.hpp"
#include "runtime/oci/container_root.hpp"
#include "runtime/oci/exec_process.hpp"
#include "runtime/oci/host_devices.hpp"
#include "runtime/oci/monitor_attach.hpp"
#include "schema/base/json.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <thread>

namespace actord::runtime {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t exec_output_limit_bytes = 10'240;
constexpr auto exit_file_patience = 5s;
constexpr auto start_pipe_patience = 2s;

error unknown_container(const std::string& id) {
  return error{.kind = error_kind::not_found, .message = "container " + id + " does not exist"};
}

int read_number(const std::string& path) {
  const auto text = read_file(path, 64);
  int number = 0;
  if (text && *text) std::from_chars((*text)->data(), (*text)->data() + (*text)->size(), number);
  return number;
}

/// This process's capabilities, a bit for each.
std::uint64_t own_capabilities() {
  const auto status = read_file("/proc/self/status", 1 << 16);
  if (!status || !*status) return 0;
  const std::size_t at = (*status)->find("CapEff:\t");
  std::uint64_t bits = 0;
  if (at != std::string::npos)
    std::from_chars((*status)->data() + at + 8, (*status)->data() + at + 24, bits, 16);
  return bits;
}

/// What may be set at least: lowering below one's own value needs CAP_SYS_RESOURCE, which not every root has.
int lowest_oom_score_adj(std::uint64_t capabilities) {
  constexpr std::uint64_t sys_resource = std::uint64_t{1} << 24;
  return (capabilities & sys_resource) != 0 ? -1000 : read_number("/proc/self/oom_score_adj");
}

bool exists(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0;
}

} // namespace

result<container_record> container_driver::create(const container_spec& spec) const {
  const auto pod = context_.sandbox(spec.sandbox_id);
  if (!pod || !is_alive(pod->pause))
    return error{.kind = error_kind::not_found, .message = "sandbox " + spec.sandbox_id + " does not run"};
  const std::string id = container_id(spec.sandbox_id, spec.name, spec.attempt);
  if (auto known = context_.container(id)) {
    if (known->init.pid != 0) return std::move(*known);
    if (auto removed = remove(id); !removed) return removed.error();
  }
  const auto image = context_.options.images->find(spec.image);
  if (!image)
    return error{.kind = error_kind::not_found, .message = "image " + spec.image + " is not on this node"};
  container_record record{.id = id,
                          .sandbox_id = spec.sandbox_id,
                          .name = spec.name,
                          .attempt = spec.attempt,
                          .image = image->id,
                          .log_path = spec.log_path,
                          .created = context_.clock.wall_now(),
                          .started = {},
                          .init = {},
                          .monitor = {},
                          .message = {},
                          .joins_processes = !spec.shares_processes_of.empty()};
  if (auto made = make_directories(context_.layout.container(id), 0711); !made) return made.error();
  if (auto saved = context_.save(record); !saved) return saved.error();
  auto config = configure(spec, record, *pod, *image);
  result<void> made;
  if (!config) made = config.error();
  if (made) made = write_file_atomic(context_.layout.container(id) + "/config.json", config->dump());
  if (made) made = launch(spec, record);
  if (made && !spec.security.privileged) made = check_masks(record, *config);
  if (made) made = context_.save(record);
  if (!made) {
    static_cast<void>(remove(id));
    return made.error();
  }
  return record;
}

result<sandbox_view> container_driver::view_of(const sandbox_record& pod) const {
  const std::string directory = context_.layout.sandbox(pod.id);
  const std::string namespaces = "/proc/" + std::to_string(pod.pause.pid) + "/ns/";
  sandbox_view view;
  view.hostname = pod.hostname;
  view.hosts_path = directory + "/hosts";
  view.hostname_path = directory + "/hostname";
  view.resolver_path = directory + "/resolv.conf";
  if (!pod.host_network) {
    view.network_namespace = context_.layout.network_namespace(pod.id);
    view.host_name_namespace = namespaces + "uts";
  }
  if (!pod.host_ipc) {
    view.ipc_namespace = namespaces + "ipc";
    view.shared_memory_path = context_.layout.shared_memory(pod.id);
  }
  view.host_processes = pod.host_pid;
  if (pod.share_processes && !pod.host_pid) view.process_namespace = namespaces + "pid";
  return view;
}

result<std::string> container_driver::process_namespace_of(const std::string& sandbox,
                                                           const std::string& name) const {
  for (const container_record& record : context_.containers_of(sandbox))
    if (record.name == name && record.init.pid != 0 && is_alive(record.init))
      return "/proc/" + std::to_string(record.init.pid) + "/ns/pid";
  return error{.kind = error_kind::not_found, .message = "target container " + name + " does not run"};
}

result<json> container_driver::configure(const container_spec& spec, const container_record& record,
                                         const sandbox_record& pod, const image_info& image) const {
  const auto layers = context_.options.images->layers(image.id);
  if (!layers) return layers.error();
  const std::string root = context_.layout.root(record.id);
  if (auto mounted = mount_container_root(*layers, context_.layout.writable(record.id), root); !mounted)
    return mounted.error();
  const auto passwd = read_file_in_root(root, "etc/passwd");
  const auto group = read_file_in_root(root, "etc/group");
  user_wish wish{.image_user = image.config.user,
                 .user = spec.security.run_as_user,
                 .group = spec.security.run_as_group,
                 .supplemental_groups = spec.security.supplemental_groups};
  if (pod.fs_group) wish.supplemental_groups.push_back(*pod.fs_group);
  const auto user = resolve_user(wish, passwd ? passwd->value_or("") : "", group ? group->value_or("") : "");
  if (!user) return user.error();
  auto view = view_of(pod);
  if (!view) return view.error();
  if (!spec.shares_processes_of.empty() && view->process_namespace.empty() && !view->host_processes) {
    const auto path = process_namespace_of(spec.sandbox_id, spec.shares_processes_of);
    if (!path) return path.error();
    view->process_namespace = *path;
  }
  const std::uint64_t capabilities = own_capabilities();
  bundle_input input{.spec = spec,
                     .image = image.config,
                     .pod = *view,
                     .user = *user,
                     .root_path = root,
                     .cgroup_path = context_.container_group(record),
                     .lowest_oom_score_adj = lowest_oom_score_adj(capabilities),
                     .available_capabilities = capabilities,
                     .cgroup_version_2 = context_.groups.layout().version_2,
                     .host_devices = {},
                     .seccomp_text = {}};
  if (spec.security.privileged) input.host_devices = list_host_devices();
  if (spec.security.seccomp.starts_with('/')) {
    auto profile = read_file(spec.security.seccomp, 1 << 20);
    if (!profile) return profile.error();
    if (!*profile)
      return error{.kind = error_kind::invalid,
                   .message = "cannot load seccomp profile " + spec.security.seccomp + ": it does not exist"};
    input.seccomp_text = std::move(**profile);
  }
  return build_config(input);
}

result<void> container_driver::launch(const container_spec& spec, container_record& record) const {
  const std::string bundle = context_.layout.container(record.id);
  monitor_request request{.id = record.id,
                          .name = spec.name,
                          .bundle = bundle,
                          .exit_directory = context_.layout.exits(),
                          .log_path = spec.log_path,
                          .log_size_limit_bytes = context_.options.log_size_limit_bytes,
                          .terminal = spec.tty,
                          .reads_input = spec.stdin_open,
                          .keeps_input_open = spec.stdin_open && !spec.stdin_once};
  if (request.log_path.empty()) request.log_path = bundle + "/log";
  if (auto made = make_directories(request.log_path.substr(0, request.log_path.rfind('/'))); !made)
    return made;
  const command what = monitor_command(context_.options.conmon_path, context_.program, request);
  const auto launched = context_.launcher.run(what);
  if (!launched) return launched.error();
  const auto pid = parse_monitor_report(launched->report);
  if (!pid) {
    if (launched->timed_out || (launched->report.empty() && !launched->succeeded()))
      return describe_failure(what, *launched);
    return pid.error();
  }
  // The process is stopped before its program until `start`, so it is there; should something have killed it,
  // the record says "no process" and the exit file how it ended.
  if (const auto init = identify_process(*pid))
    record.init = *init;
  else
    record.init.pid = *pid;
  if (const auto monitor = identify_process(read_number(bundle + "/conmon.pid"))) record.monitor = *monitor;
  return {};
}

result<void> container_driver::check_masks(const container_record& record, const json& config) const {
  std::vector<std::string> present;
  for (const json& path : config.at("linux").value("maskedPaths", json::array()))
    if (exists(path.get<std::string>())) present.push_back(path.get<std::string>());
  const auto mounts = read_file("/proc/" + std::to_string(record.init.pid) + "/mountinfo", 64 << 20);
  if (!mounts || !*mounts) return {};
  const auto bare = unmasked_paths(**mounts, present);
  if (bare.empty()) return {};
  return error{.message = "the OCI runtime left " + bare.front() +
                          " uncovered; the container was ended before it ran"};
}

/// What `crun start` does, without the process: the container's first process waits for a byte in a pipe by
/// name. False: not done, start the container by command.
bool container_driver::let_go(const container_record& record) const {
  if (context_.program.flavour != runtime_flavour::crun) return false;
  const std::string path = context_.layout.runtime_root() + "/" + record.id + "/exec.fifo";
  const steady_time deadline = context_.clock.steady_now() + start_pipe_patience;
  while (true) {
    // Refused (ENXIO) until the process has come to the point where it waits.
    const unique_fd pipe(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    if (pipe) {
      ::unlink(path.c_str());
      return ::write(pipe.get(), "", 1) == 1;
    }
    if (errno != ENXIO || !is_alive(record.init) || context_.clock.steady_now() > deadline) return false;
    std::this_thread::sleep_for(200us);
  }
}

result<void> container_driver::start(const std::string& id) const {
  auto record = context_.container(id);
  if (!record) return unknown_container(id);
  if (record->started) return {};
  const auto seen = evidence(*record);
  if (seen.exit_text || !seen.init_alive)
    return error{.kind = error_kind::conflict, .message = "container " + record->name + " has ended"};
  // Written down first: of the two ways to be wrong after a crash, "running" for a moment too early is the
  // harmless one.
  record->started = context_.clock.wall_now();
  if (auto saved = context_.save(*record); !saved) return saved;
  if (let_go(*record)) return {};
  const command what = runtime_command(context_.program, {"start", id});
  const auto started = context_.launcher.run(what);
  if (started && started->succeeded()) return {};
  const error failure = started ? describe_failure(what, *started) : started.error();
  record->message = failure.message;
  static_cast<void>(context_.save(*record));
  static_cast<void>(kill(id));
  return failure;
}

result<void> container_driver::signal(const std::string& id, const std::string& name) const {
  const auto record = context_.container(id);
  if (!record) return {};
  const auto number = signal_number(name);
  if (!number) return error{.kind = error_kind::invalid, .message = "unknown signal \"" + name + "\""};
  if (!send_signal(record->init, *number)) return system_error("signal container " + record->name, errno);
  if (*number == SIGKILL) context_.groups.kill_all(context_.container_group(*record));
  return {};
}

result<void> container_driver::kill(const std::string& id) const {
  const auto record = context_.container(id);
  if (!record) return {};
  send_signal(record->init, SIGKILL);
  context_.groups.kill_all(context_.container_group(*record));
  const steady_time deadline = context_.clock.steady_now() + exit_file_patience;
  while (is_alive(record->monitor) && !exists(context_.layout.exit_file(id))) {
    if (context_.clock.steady_now() > deadline) {
      send_signal(record->monitor, SIGKILL);
      break;
    }
    std::this_thread::sleep_for(1ms);
  }
  if (record->init.pid != 0) settle_lost(id);
  return {};
}

void container_driver::end_stragglers(const std::string& id) const {
  const auto record = context_.container(id);
  if (!record) return;
  const auto pod = context_.sandbox(record->sandbox_id);
  if (pod && (pod->share_processes || pod->host_pid || record->joins_processes))
    context_.groups.kill_all(context_.container_group(*record));
}

void container_driver::settle_lost(const std::string& id) const {
  const auto record = context_.container(id);
  if (!record || exists(context_.layout.exit_file(id))) return;
  send_signal(record->init, SIGKILL);
  context_.groups.kill_all(context_.container_group(*record));
  static_cast<void>(write_file_atomic(context_.layout.exit_file(id), "255"));
}

/// A monitor that was started and not written down before a crash: its exit file must not come after the
/// removal, when a new container may have the same name.
void container_driver::await_unrecorded_monitor(const std::string& id) const {
  const auto monitor = identify_process(read_number(context_.layout.container(id) + "/conmon.pid"));
  if (!monitor) return;
  const auto name = read_file("/proc/" + std::to_string(monitor->pid) + "/comm", 64);
  if (!name || *name != std::optional<std::string>("conmon\n")) return;
  const steady_time deadline = context_.clock.steady_now() + exit_file_patience;
  while (is_alive(*monitor) && context_.clock.steady_now() < deadline) std::this_thread::sleep_for(1ms);
  send_signal(*monitor, SIGKILL);
}

result<void> container_driver::remove(const std::string& id) const {
  if (auto killed = kill(id); !killed) return killed;
  if (exists(context_.layout.runtime_root() + "/" + id)) {
    const command what = runtime_command(context_.program, {"delete", "--force", id});
    const auto deleted = context_.launcher.run(what);
    if (!deleted) return deleted.error();
    if (!deleted->succeeded()) return describe_failure(what, *deleted);
  }
  await_unrecorded_monitor(id);
  if (const auto record = context_.container(id))
    if (auto removed = context_.groups.remove(context_.container_group(*record)); !removed) return removed;
  if (auto unmounted = unmount_below(context_.layout.container(id)); !unmounted) return unmounted;
  if (auto removed = remove_tree(context_.layout.writable(id)); !removed) return removed;
  if (auto removed = remove_tree(context_.layout.exit_file(id)); !removed) return removed;
  return remove_tree(context_.layout.container(id));
}

result<void> container_driver::update(const std::string& id, const resource_limits& limits) const {
  const auto record = running(id);
  if (!record) return record.error();
  const std::string path = context_.layout.container(id) + "/update.json";
  if (auto written = write_file_atomic(path, amounts_part(limits).dump()); !written) return written;
  const command what = runtime_command(context_.program, {"update", "--resources", path, id});
  const auto updated = context_.launcher.run(what);
  if (!updated) return updated.error();
  return updated->succeeded() ? result<void>() : describe_failure(what, *updated);
}

result<json> container_driver::configuration(const container_record& record) const {
  const auto text = read_file(context_.layout.container(record.id) + "/config.json");
  if (!text) return text.error();
  json config = json::parse(text->value_or(""), nullptr, false);
  if (!config.is_object())
    return error{.message = "the configuration of container " + record.name + " is gone"};
  return config;
}

/// A name of its own for each call: any number of them run at once.
std::string container_driver::exec_scratch(const std::string& id) const {
  return context_.layout.container(id) + "/exec-" + std::to_string(next_exec_.fetch_add(1));
}

result<exec_result> container_driver::exec(const std::string& id,
                                           const std::vector<std::string>& command_line,
                                           std::chrono::milliseconds timeout) const {
  const auto record = context_.container(id);
  if (!record) return unknown_container(id);
  if (command_line.empty()) return error{.kind = error_kind::invalid, .message = "no command to execute"};
  const auto config = configuration(*record);
  if (!config) return config.error();
  const std::string process_path = exec_scratch(id);
  if (auto written = write_file_atomic(process_path, exec_process(*config, command_line).dump()); !written)
    return written.error();
  const std::string pid_path = process_path + ".pid";
  command what =
      runtime_command(context_.program, {"exec", "--process", process_path, "--pid-file", pid_path, id});
  what.timeout = timeout;
  what.join_output = true;
  what.output_limit_bytes = exec_output_limit_bytes;
  const auto done = context_.launcher.run(what);
  if (done && done->timed_out)
    if (const auto inside = identify_process(read_number(pid_path))) send_signal(*inside, SIGKILL);
  static_cast<void>(remove_tree(process_path));
  static_cast<void>(remove_tree(pid_path));
  if (!done) return done.error();
  return exec_result{.exit_code = done->signal != 0 ? 128 + done->signal : done->exit_code,
                     .output = done->output,
                     .timed_out = done->timed_out};
}

result<container_record> container_driver::running(const std::string& id) const {
  auto record = context_.container(id);
  if (!record) return unknown_container(id);
  if (judge(*record, evidence(*record)).state != container_state::running)
    return error{.kind = error_kind::not_found, .message = "container " + record->name + " does not run"};
  return std::move(*record);
}

result<std::unique_ptr<command_process>> container_driver::start_command(const std::string& id,
                                                                         const command_terms& terms) const {
  const auto record = running(id);
  if (!record) return record.error();
  if (terms.command.empty()) return error{.kind = error_kind::invalid, .message = "no command to execute"};
  const auto config = configuration(*record);
  if (!config) return config.error();
  json process = exec_process(*config, terms.command);
  if (terms.terminal) {
    process["terminal"] = true;
    if (terms.size) process["consoleSize"] = {{"height", terms.size->rows}, {"width", terms.size->columns}};
    json& variables = process["env"];
    const bool named = std::any_of(variables.begin(), variables.end(), [](const json& variable) {
      return variable.get_ref<const std::string&>().starts_with("TERM=");
    });
    if (!named) variables.push_back("TERM=xterm");
  }
  return start_exec(context_, *record, process, terms, exec_scratch(id));
}

result<unique_fd> container_driver::attach(const std::string& id) const {
  const auto record = running(id);
  if (!record) return record.error();
  return attach_to_monitor(context_.layout.container(id));
}

result<void> container_driver::resize(const std::string& id, window_size size) const {
  return resize_by_monitor(context_.layout.container(id), size);
}

container_evidence container_driver::evidence(const container_record& record) const {
  container_evidence seen;
  const std::string path = context_.layout.exit_file(record.id);
  // The processes first: one that ends in between counts as alive, never as lost.
  seen.init_alive = is_alive(record.init);
  seen.monitor_alive = is_alive(record.monitor);
  if (auto text = read_file(path, 64); text && *text) seen.exit_text = std::move(**text);
  struct stat status{};
  if (seen.exit_text && ::stat(path.c_str(), &status) == 0)
    seen.exit_time = wall_time(std::chrono::seconds(status.st_mtim.tv_sec) +
                               std::chrono::nanoseconds(status.st_mtim.tv_nsec));
  seen.out_of_memory = exists(context_.layout.container(record.id) + "/oom");
  return seen;
}

container_status container_driver::described(const container_record& record) const {
  container_status status = judge(record, evidence(record));
  if (status.state == container_state::running)
    status.measured = context_.groups.measure(context_.container_group(record));
  return status;
}

result<container_status> container_driver::status(const std::string& id) const {
  const auto record = context_.container(id);
  if (!record) return unknown_container(id);
  return described(*record);
}

std::vector<container_status> container_driver::list(const std::string& sandbox_id) const {
  std::vector<container_status> found;
  for (const container_record& record : context_.containers_of(sandbox_id))
    found.push_back(described(record));
  return found;
}

} // namespace actord::runtime
