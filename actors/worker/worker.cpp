#include "actors/worker/worker.hpp"

#include "actors/controllers/event_recorder.hpp"
#include "actors/objects/object_router.hpp"
#include "actors/worker/local_node_services.hpp"
#include "actors/worker/local_pod_operations.hpp"
#include "actors/worker/proxy_actor.hpp"
#include "actors/worker/worker_actor.hpp"
#include "net/cni/pod_network.hpp"
#include "net/services/command_runner.hpp"
#include "net/services/iptables_driver.hpp"
#include "runtime/files/file_tools.hpp"
#include "runtime/images/image_store.hpp"
#include "runtime/oci/oci_runtime.hpp"
#include "runtime/process/process_launcher.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/node_view.hpp"
#include "storage/store.hpp"

#include <filesystem>
#include <optional>
#include <spdlog/spdlog.h>

namespace actord::actors {
namespace {

constexpr std::size_t pool_threads_max = 8;
constexpr std::size_t bridge_name_max = 15;

/// Eight hexadecimal digits that tell daemons with different data directories apart (FNV-1a).
std::string short_hash(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (int shift = 28; shift >= 0; shift -= 4) out += digits[(hash >> static_cast<unsigned>(shift)) & 15U];
  return out;
}

/// The default data directory has the plain names; any other its own.
bool is_default(const std::string& data_dir) { return data_dir == "/var/lib/actord"; }

std::string runtime_dir_of(const worker_options& options) {
  if (!options.runtime_dir.empty()) return options.runtime_dir;
  return is_default(options.data_dir) ? "/run/actord" : "/run/actord-" + short_hash(options.data_dir);
}

std::string bridge_of(const worker_options& options) {
  const std::string name = is_default(options.data_dir) ? "actord0" : "actord" + short_hash(options.data_dir);
  return name.substr(0, bridge_name_max);
}

/// This node's pod range: what its Node object says, else the first that no other node has.
result<std::string> pod_range_of(const worker_options& options, const storage::store& store) {
  const auto snapshot = store.read();
  std::vector<std::string> used;
  std::string own;
  snapshot->scan(schema::builtin("", "nodes").id, "", [&](std::string_view value) {
    const auto view = schema::object_view::open(value);
    if (!view) return true;
    const schema::node_view node = schema::parse_node(view->text());
    if (node.meta.name == options.node_name) own = node.pod_cidr;
    used.push_back(node.pod_cidr);
    return true;
  });
  if (!own.empty()) return own;
  return free_pod_range(options.cluster_cidr, used);
}

std::string default_pause_path() {
  std::error_code ignored;
  return (std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "actord-pause").string();
}

runtime::runtime_flavour flavour_of(const std::string& name) {
  if (name == "crun") return runtime::runtime_flavour::crun;
  if (name == "runc") return runtime::runtime_flavour::runc;
  return runtime::runtime_flavour::automatic;
}

/// What pods report becomes Events of theirs.
event_sink sink_to(event_recorder& recorder, const std::string& node) {
  return [&recorder, node](const schema::pod_view& pod, bool warning, std::string_view reason,
                           std::string message) {
    recorder.record({{schema::builtin("", "pods").id, pod.meta.space, pod.meta.name},
                     pod.meta.uid,
                     "",
                     warning,
                     std::string(reason),
                     std::move(message),
                     "actord",
                     node});
  };
}

/// Owns what a node is made of, in the order of dependence. Destruction ends the actors and waits for them,
/// then for the pool's jobs, then closes the drivers.
class machine_worker final : public worker {
public:
  ~machine_worker() override {
    if (!actor_) return;
    actor_->stop();
    proxy_->stop();
    gate_->wait_until_empty();
    runtime_->on_exit([](const std::string&, const std::string&) {});
  }
  [[nodiscard]] node_services& services() override { return *services_; }

  result<void> open(worker_options options, const worker_collaborators& with);

private:
  result<void> open_drivers(const worker_options& options, const worker_collaborators& with,
                            const std::string& range);
  void start_actors(const worker_options& options, const worker_collaborators& with,
                    const std::string& range);

  std::unique_ptr<net::program_runner> runner_;
  std::unique_ptr<runtime::image_store> images_;
  std::unique_ptr<net::pod_network> network_;
  std::unique_ptr<runtime::container_runtime> runtime_;
  std::unique_ptr<runtime::network_prober> prober_;
  std::unique_ptr<net::iptables_driver> services_driver_;
  std::optional<local_pod_operations> operations_;
  std::optional<worker_pool> pool_;
  std::optional<local_node_services> services_;
  std::shared_ptr<actor_gate> gate_ = std::make_shared<actor_gate>();
  std::optional<worker_actor> actor_;
  std::optional<proxy_actor> proxy_;
};

result<void> machine_worker::open_drivers(const worker_options& options, const worker_collaborators& with,
                                          const std::string& range) {
  const std::string state_dir = runtime_dir_of(options);
  for (const auto& directory : {options.data_dir, state_dir})
    if (auto made = runtime::make_directories(directory, 0700); !made) return made;
  auto images = runtime::image_store::open(options.data_dir + "/images");
  if (!images) return std::move(images).error();
  images_ = std::move(*images);
  runtime::process_launcher& launcher = runtime::system_process_launcher();
  runner_ = runtime::make_program_runner(launcher);
  net::cni_options network;
  network.state_dir = options.data_dir + "/network";
  network.bridge = bridge_of(options);
  network.network_name = network.bridge;
  network.pod_cidr = range;
  network.cluster_cidr = options.cluster_cidr;
  network_ = net::make_cni_network(std::move(network), *runner_);
  runtime::oci_runtime_options oci;
  oci.state_dir = state_dir;
  oci.data_dir = options.data_dir + "/containers";
  oci.images = images_.get();
  oci.network = network_.get();
  oci.launcher = &launcher;
  oci.clock = &with.clock;
  oci.flavour = flavour_of(options.runtime);
  oci.pause_path = options.pause_path.empty() ? default_pause_path() : options.pause_path;
  auto runtime = runtime::open_oci_runtime(std::move(oci));
  if (!runtime) return std::move(runtime).error();
  runtime_ = std::move(*runtime);
  prober_ = runtime::make_network_prober();
  auto services = net::iptables_driver::open(net::make_process_runner());
  if (!services) return std::move(services).error();
  services_driver_ = std::move(*services);
  return {};
}

void machine_worker::start_actors(const worker_options& options, const worker_collaborators& with,
                                  const std::string& range) {
  machine_facts machine = measure_machine(options.data_dir);
  machine.runtime = "actord://" + runtime_->version();
  const pod_facts node{"", machine.address, options.node_name, machine.cores * 1000, machine.memory_bytes};
  pool_.emplace(pool_threads_max);
  const pod_files files(options.data_dir);
  operations_.emplace(local_pod_operations::collaborators{*runtime_, *images_, *prober_, *pool_, with.store,
                                                          files, options.sign_token});
  worker_actor::collaborators collaborators{
      with.store,
      *images_,
      {with.system,
       *pool_,
       with.router,
       with.registry,
       *operations_,
       with.clock,
       node,
       sink_to(with.events, options.node_name),
       gate_,
       {}},
      machine,
      range,
      options.data_dir,
      [this] { return operations_->pods_on_disk(); },
      [this](const std::string& uid) {
        if (auto removed = operations_->remove_leftovers(uid); !removed)
          spdlog::warn("left over from pod {}: {}", uid, removed.error().message);
      },
  };
  actor_ = worker_actor::start(std::move(collaborators));
  services_.emplace(local_node_services::collaborators{
      *runtime_, *images_, *pool_, files, [actor = *actor_]() mutable { actor.images_changed(); }});
  proxy_ = proxy_actor::start({with.system, with.store, with.registry, *pool_, *services_driver_,
                               options.node_name, options.cluster_cidr, gate_});
  runtime_->on_exit([this, actor = *actor_](const std::string& sandbox_id, const std::string&) mutable {
    if (auto uid = operations_->pod_of_sandbox(sandbox_id)) actor.pod_ended(std::move(*uid));
  });
}

result<void> machine_worker::open(worker_options options, const worker_collaborators& with) {
  auto range = pod_range_of(options, with.store);
  if (!range) return std::move(range).error();
  if (auto opened = open_drivers(options, with, *range); !opened) return opened;
  start_actors(options, with, *range);
  return {};
}

} // namespace

result<std::unique_ptr<worker>> start_worker(worker_options options, const worker_collaborators& with) {
  auto made = std::make_unique<machine_worker>();
  if (auto opened = made->open(std::move(options), with); !opened) return std::move(opened).error();
  return std::unique_ptr<worker>(std::move(made));
}

} // namespace actord::actors
