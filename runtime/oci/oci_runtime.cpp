#include "runtime/oci/oci_runtime.hpp"

#include "runtime/files/file_tools.hpp"
#include "runtime/images/digest.hpp"
#include "runtime/oci/container_driver.hpp"
#include "runtime/oci/exit_watcher.hpp"
#include "runtime/oci/runtime_context.hpp"
#include "runtime/oci/sandbox_driver.hpp"

#include <atomic>
#include <mutex>
#include <utility>

namespace actord::runtime {
namespace {

constexpr std::string_view pause_prefix = "pause/";
constexpr std::string_view guard_prefix = "guard/";
constexpr std::string_view monitor_prefix = "monitor/";

class oci_runtime final : public container_runtime {
public:
  explicit oci_runtime(runtime_context context)
      : context_(std::move(context)), sandboxes_(context_), containers_(context_) {}

  /// Starts watching, and takes over what an earlier daemon left.
  result<void> adopt() {
    auto watcher = exit_watcher::open(
        context_.layout.exits(), {.exit_file = [this](const std::string& id) { container_ended(id); },
                                  .process_ended = [this](const std::string& key) { process_ended(key); }});
    if (!watcher) return std::move(watcher).error();
    watcher_ = std::move(*watcher);
    if (auto cleared = clear_unrecorded(); !cleared) return cleared;
    for (const std::string& id : directory_entries(context_.layout.sandboxes()))
      if (const auto record = context_.sandbox(id); record && record->pause.pid != 0) watch(*record);
    for (const std::string& id : directory_entries(context_.layout.containers()))
      if (const auto record = context_.container(id); record && record->init.pid != 0) watch(*record);
    return {};
  }

  result<sandbox> run_sandbox(const sandbox_spec& spec) override {
    const std::string id = sandbox_id(context_.options.data_dir, spec.pod_uid, spec.attempt);
    const auto lock = sandbox_locks_.lock(id);
    const auto record = sandboxes_.run(spec);
    if (!record) return record.error();
    watch(*record);
    return describe_sandbox(*record);
  }

  result<void> stop_sandbox(const std::string& id) override {
    const auto lock = sandbox_locks_.lock(id);
    if (auto ended = end_containers(id); !ended) return ended;
    return sandboxes_.stop(id);
  }

  result<void> remove_sandbox(const std::string& id) override {
    const auto lock = sandbox_locks_.lock(id);
    for (const container_record& record : context_.containers_of(id))
      if (auto removed = remove_container(record.id); !removed) return removed;
    watcher_->forget(std::string(pause_prefix) + id);
    watcher_->forget(std::string(guard_prefix) + id);
    return sandboxes_.remove(id);
  }

  result<container_status> create_container(const container_spec& spec) override {
    const std::string id = container_id(spec.sandbox_id, spec.name, spec.attempt);
    const auto lock = container_locks_.lock(id);
    const auto record = containers_.create(spec);
    if (!record) return record.error();
    watch(*record);
    return containers_.status(id);
  }

  result<void> start_container(const std::string& id) override {
    const auto lock = container_locks_.lock(id);
    return containers_.start(id);
  }

  result<void> signal_container(const std::string& id, const std::string& signal) override {
    return containers_.signal(id, signal);
  }

  result<void> remove_container(const std::string& id) override {
    const auto lock = container_locks_.lock(id);
    watcher_->forget(std::string(monitor_prefix) + id);
    return containers_.remove(id);
  }

  result<void> update_container(const std::string& id, const resource_limits& limits) override {
    const auto lock = container_locks_.lock(id);
    return containers_.update(id, limits);
  }
  result<void> update_sandbox(const std::string& id, const resource_limits& limits) override {
    const auto lock = sandbox_locks_.lock(id);
    return sandboxes_.update(id, limits);
  }
  std::optional<measured_resources> measure_sandbox(const std::string& id) override {
    return sandboxes_.measure(id);
  }

  result<exec_result> exec(const std::string& id, const std::vector<std::string>& command,
                           std::chrono::milliseconds timeout) override {
    return containers_.exec(id, command, timeout);
  }

  result<std::unique_ptr<command_process>> start_command(const std::string& id,
                                                         const command_terms& terms) override {
    return containers_.start_command(id, terms);
  }
  result<unique_fd> attach(const std::string& id) override { return containers_.attach(id); }
  result<void> resize(const std::string& id, window_size size) override {
    return containers_.resize(id, size);
  }
  result<unique_fd> dial(const std::string& sandbox_id, std::uint16_t port, net::pod_door at) override {
    return sandboxes_.dial(sandbox_id, port, at);
  }

  result<container_status> status(const std::string& id) override { return containers_.status(id); }
  std::vector<sandbox> list_sandboxes() override { return sandboxes_.list(); }
  std::vector<container_status> list_containers(const std::string& sandbox) override {
    return containers_.list(sandbox);
  }

  void on_exit(std::function<void(std::string, std::string)> callback) override {
    const std::lock_guard lock(callback_mutex_);
    callback_ = std::move(callback);
    for (auto& [sandbox, container] : std::exchange(unreported_, {}))
      callback_(std::move(sandbox), std::move(container));
  }

  std::string version() const override { return context_.program.version; }

private:
  /// What crashes, or a reboot that emptied the state directory, left without a record.
  result<void> clear_unrecorded() {
    for (const std::string& id : directory_entries(context_.layout.containers())) {
      const auto record = context_.container(id);
      if (record && context_.sandbox(record->sandbox_id)) continue;
      if (auto removed = containers_.remove(id); !removed) return removed;
    }
    for (const std::string& id : directory_entries(context_.layout.sandboxes()))
      if (!context_.sandbox(id))
        if (auto removed = sandboxes_.remove(id); !removed) return removed;
    for (const std::string& id : directory_entries(context_.layout.writable()))
      if (!context_.container(id))
        if (auto removed = remove_tree(context_.layout.writable(id)); !removed) return removed;
    for (const std::string& id : directory_entries(context_.layout.exits()))
      if (!context_.container(id))
        if (auto removed = remove_tree(context_.layout.exit_file(id)); !removed) return removed;
    if (context_.options.network == nullptr) return {};
    for (const std::string& id : context_.options.network->attachments())
      if (!context_.sandbox(id))
        if (auto detached = context_.options.network->detach(id, context_.layout.network_namespace(id));
            !detached)
          return detached;
    return {};
  }

  void watch(const sandbox_record& record) {
    watcher_->watch(std::string(pause_prefix) + record.id, record.pause);
    if (record.guard) watcher_->watch(std::string(guard_prefix) + record.id, *record.guard);
  }
  void watch(const container_record& record) {
    watcher_->watch(std::string(monitor_prefix) + record.id, record.monitor);
  }

  result<void> end_containers(const std::string& sandbox) {
    for (const container_record& record : context_.containers_of(sandbox)) {
      const auto lock = container_locks_.lock(record.id);
      if (auto killed = containers_.kill(record.id); !killed) return killed;
    }
    return {};
  }

  void report(std::string sandbox, std::string container) {
    const std::lock_guard lock(callback_mutex_);
    if (callback_)
      callback_(std::move(sandbox), std::move(container));
    else
      unreported_.emplace_back(std::move(sandbox), std::move(container));
  }

  void container_ended(const std::string& id) {
    containers_.end_stragglers(id);
    if (const auto record = context_.container(id)) report(record->sandbox_id, id);
  }

  void process_ended(const std::string& key) {
    if (key.starts_with(pause_prefix)) return report(key.substr(pause_prefix.size()), {});
    if (key.starts_with(guard_prefix)) {
      // Nobody else would end the pod in time.
      const std::string id = key.substr(guard_prefix.size());
      sandboxes_.end_processes(id);
      return report(id, {});
    }
    // The exit file that this writes when conmon did not is reported as any other.
    containers_.settle_lost(key.substr(monitor_prefix.size()));
  }

  runtime_context context_;
  sandbox_driver sandboxes_;
  container_driver containers_;
  named_locks sandbox_locks_;
  named_locks container_locks_;
  std::mutex callback_mutex_;
  std::function<void(std::string, std::string)> callback_;
  std::vector<std::pair<std::string, std::string>> unreported_; ///< ends seen before there was a callback
  std::unique_ptr<exit_watcher> watcher_;                       ///< last: its thread uses all of the above
};

class launcher_runner final : public net::program_runner {
public:
  explicit launcher_runner(process_launcher& launcher) : launcher_(launcher) {}

  result<net::program_reply> run(const std::vector<std::string>& argv,
                                 const std::vector<std::string>& environment, const std::string& input,
                                 std::chrono::milliseconds timeout) override {
    command what;
    what.argv = argv;
    what.environment = environment;
    what.input = input;
    what.timeout = timeout;
    auto done = launcher_.run(what);
    if (!done) return std::move(done).error();
    if (done->timed_out) return describe_failure(what, *done);
    return net::program_reply{.succeeded = done->succeeded(),
                              .output = std::move(done->output),
                              .error_output = std::move(done->error_output)};
  }

private:
  process_launcher& launcher_;
};

} // namespace

result<std::unique_ptr<container_runtime>> open_oci_runtime(oci_runtime_options options) {
  ALWAYS(options.images != nullptr && !options.state_dir.empty() && !options.data_dir.empty() &&
         !options.pause_path.empty());
  if (options.cgroup_parent.empty())
    options.cgroup_parent = "/actord-" + sha256_hex(options.data_dir).substr(0, 8);
  auto groups = read_cgroup_layout();
  if (!groups) return std::move(groups).error();
  process_launcher& launcher = options.launcher != nullptr ? *options.launcher : system_process_launcher();
  const clock_source& clock = options.clock != nullptr ? *options.clock : system_clock_source();
  const state_layout layout(options.state_dir, options.data_dir);
  for (const std::string& directory :
       {options.state_dir, layout.sandboxes(), layout.containers(), layout.exits(),
        layout.network_namespaces(), layout.empty_root(), layout.runtime_root(), layout.writable()})
    if (auto made = make_directories(directory, 0711); !made) return made.error();
  auto program =
      choose_runtime(options, *groups, launcher, layout.runtime_root(), options.state_dir + "/trial");
  if (!program) return std::move(program).error();
  auto runtime = std::make_unique<oci_runtime>(runtime_context{
      std::move(options), layout, cgroups(std::move(*groups)), std::move(*program), launcher, clock});
  if (auto adopted = runtime->adopt(); !adopted) return adopted.error();
  return std::unique_ptr<container_runtime>(std::move(runtime));
}

result<void> remove_everything(container_runtime& runtime, const oci_runtime_options& options) {
  for (const sandbox& pod : runtime.list_sandboxes())
    if (auto removed = runtime.remove_sandbox(pod.id); !removed) return removed;
  if (options.network != nullptr)
    if (auto dismantled = options.network->dismantle(); !dismantled) return dismantled;
  if (auto groups = read_cgroup_layout()) {
    const std::string parent = options.cgroup_parent.empty()
                                   ? "/actord-" + sha256_hex(options.data_dir).substr(0, 8)
                                   : options.cgroup_parent;
    if (auto removed = cgroups(std::move(*groups)).remove(parent); !removed) return removed;
  }
  return unmount_below(options.state_dir);
}

std::unique_ptr<net::program_runner> make_program_runner(process_launcher& launcher) {
  return std::make_unique<launcher_runner>(launcher);
}

} // namespace actord::runtime
