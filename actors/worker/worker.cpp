#include "actors/worker/worker.hpp"

#include "actors/controllers/event_recorder.hpp"
#include "actors/nodes/fence/node_epoch.hpp"
#include "actors/objects/object_router.hpp"
#include "actors/worker/local_node_services.hpp"
#include "actors/worker/local_pod_operations.hpp"
#include "actors/worker/node/node_drivers.hpp"
#include "actors/worker/node/overlay_actor.hpp"
#include "actors/worker/proxy_actor.hpp"
#include "actors/worker/streams/local_node_streams.hpp"
#include "actors/worker/worker_actor.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/node_view.hpp"
#include "storage/store.hpp"

#include <optional>
#include <spdlog/spdlog.h>

namespace actord::actors {
namespace {

constexpr std::size_t pool_threads_max = 8;

/// This node's pod range: what its Node object says, else what the cluster gave it when it joined.
result<std::string> pod_range_of(const worker_options& options, const storage::store& store) {
  const auto snapshot = store.read();
  const std::string_view value = snapshot->get({schema::builtin("", "nodes").id, "", options.node_name});
  if (const auto view = schema::object_view::open(value); !value.empty() && view)
    if (std::string own = schema::parse_node(view->text()).pod_cidr; !own.empty()) return own;
  return pod_range_at(options.cluster_cidr, options.slot);
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
    overlay_->stop();
    gate_->wait_until_empty();
    drivers_.runtime->on_exit([](const std::string&, const std::string&) {});
  }
  [[nodiscard]] node_services& services() override { return *services_; }
  [[nodiscard]] node_epoch& epoch() override { return *epoch_; }

  result<void> open(worker_options options, const worker_collaborators& with);

private:
  void start_actors(const worker_options& options, const worker_collaborators& with,
                    const std::string& range);

  node_drivers drivers_;
  std::optional<node_epoch> epoch_;
  std::unique_ptr<runtime::network_prober> prober_;
  std::optional<local_pod_operations> operations_;
  std::optional<worker_pool> pool_;
  std::unique_ptr<local_node_streams> streams_;
  std::optional<local_node_services> services_;
  std::shared_ptr<actor_gate> gate_ = std::make_shared<actor_gate>();
  std::optional<worker_actor> actor_;
  std::optional<proxy_actor> proxy_;
  std::optional<overlay_actor> overlay_;
};

void machine_worker::start_actors(const worker_options& options, const worker_collaborators& with,
                                  const std::string& range) {
  machine_facts machine = measure_machine(options.data_dir);
  machine.runtime = "actord://" + drivers_.runtime->version();
  const pod_facts node{"", machine.address, options.node_name, machine.cores * 1000, machine.memory_bytes};
  pool_.emplace(pool_threads_max);
  const pod_files files(options.data_dir);
  operations_.emplace(local_pod_operations::collaborators{*drivers_.runtime, *drivers_.images, *prober_,
                                                          *pool_, with.store, files, options.sign_token});
  worker_actor::collaborators collaborators{
      with.store,
      *drivers_.images,
      {with.system,
       *pool_,
       with.router,
       with.registry,
       *operations_,
       with.clock,
       node,
       sink_to(with.events, options.node_name),
       gate_,
       {},
       [this] { return epoch_->current(); }},
      machine,
      range,
      options.data_dir,
      [this](const std::string& uid) -> std::optional<pod_resources> {
        auto saved = operations_->saved_amounts(uid);
        return saved ? std::optional(std::move(saved->allocated)) : std::nullopt;
      },
      [this] { return operations_->pods_on_disk(); },
      [this](const std::string& uid) {
        if (auto removed = operations_->remove_leftovers(uid); !removed)
          spdlog::warn("left over from pod {}: {}", uid, removed.error().message);
      },
  };
  actor_ = worker_actor::start(std::move(collaborators));
  services_.emplace(
      local_node_services::collaborators{*drivers_.runtime, *drivers_.images, *pool_, files,
                                         [actor = *actor_]() mutable { actor.images_changed(); }, *streams_});
  proxy_ = proxy_actor::start({with.system, with.store, with.registry, *pool_, *drivers_.services,
                               options.node_name, options.cluster_cidr, gate_});
  overlay_ = overlay_actor::start(
      {with.system, with.store, with.registry, *pool_, *drivers_.overlay, options.node_name, gate_});
  drivers_.runtime->on_exit(
      [this, actor = *actor_](const std::string& sandbox_id, const std::string&) mutable {
        if (auto uid = operations_->pod_of_sandbox(sandbox_id)) actor.pod_ended(std::move(*uid));
      });
}

result<void> machine_worker::open(worker_options options, const worker_collaborators& with) {
  auto range = pod_range_of(options, with.store);
  if (!range) return std::move(range).error();
  auto drivers = open_node_drivers(options, with.clock, *range);
  if (!drivers) return std::move(drivers).error();
  drivers_ = std::move(*drivers);
  epoch_.emplace(*drivers_.deadline);
  auto streams = local_node_streams::open(*drivers_.runtime);
  if (!streams) return std::move(streams).error();
  streams_ = std::move(*streams);
  prober_ = runtime::make_network_prober();
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
