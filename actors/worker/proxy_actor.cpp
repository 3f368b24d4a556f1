#include "actors/worker/proxy_actor.hpp"

#include "actors/console/actor_registry.hpp"
#include "actors/worker/worker_pool.hpp"
#include "net/services/iptables_driver.hpp"
#include "net/services/service_rules.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/store.hpp"

#include <caf/all.hpp>
#include <map>
#include <spdlog/spdlog.h>

namespace actord::actors {
namespace {

struct proxy_begin {};
struct proxy_news {};
struct proxy_load {};
struct proxy_loaded {
  bool success;
};

} // namespace
} // namespace actord::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::proxy_begin)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::proxy_news)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::proxy_load)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::proxy_loaded)

namespace actord::actors {
namespace {

using namespace std::chrono_literals;

constexpr auto gather_time = 10ms;
constexpr auto retry_time = 2s;
constexpr std::size_t events_per_turn = 512;

net::transport_protocol protocol_of(std::string_view name) {
  if (name == "UDP") return net::transport_protocol::udp;
  if (name == "SCTP") return net::transport_protocol::sctp;
  return net::transport_protocol::tcp;
}

class proxy_shell final : public caf::event_based_actor {
public:
  proxy_shell(caf::actor_config& config, proxy_actor::collaborators with)
      : caf::event_based_actor(config), with_(std::move(with)),
        card_(with_.registry.enroll("proxy", with_.node_name)), place_(with_.gate) {}

  caf::behavior make_behavior() override {
    return {
        [this](const proxy_begin&) { begin(); },
        [this](const proxy_news&) {
          note("news");
          woken_->store(false);
          read_news();
        },
        [this](const proxy_load&) {
          note("load");
          load_due_ = false;
          load();
        },
        [this](const proxy_loaded& loaded) {
          note("loaded");
          loading_ = false;
          if (!loaded.success)
            plan_load(retry_time);
          else if (std::exchange(changed_meanwhile_, false))
            plan_load(gather_time);
        },
    };
  }

  void on_exit() override { place_.leave(); }

private:
  void note(const char* message) { card_->handled(message, mailbox().size()); }

  void begin() {
    note("begin");
    services_.clear();
    slices_.clear();
    cursors_.clear();
    const auto snapshot = with_.store.read();
    for (const resource_id resource : {services_resource_, slices_resource_}) {
      snapshot->scan(resource, "", [&](std::string_view value) {
        take(resource, value, false);
        return true;
      });
      follow(resource, snapshot->at());
    }
    plan_load(0ms);
  }

  void follow(resource_id resource, revision after) {
    auto wake = [self = caf::actor_cast<caf::actor>(this), woken = woken_] {
      if (!woken->exchange(true)) caf::anon_send(self, proxy_news{});
    };
    auto cursor = with_.store.watch({.resource = resource, .space = {}, .name = {}}, after, std::move(wake));
    if (cursor)
      cursors_.push_back(std::move(*cursor));
    else
      start_again(cursor.error());
  }

  void start_again(const error& why) {
    spdlog::warn("the service proxy lost its watch, starts again: {}", why.message);
    cursors_.clear();
    delayed_send(this, 1s, proxy_begin{});
  }

  void read_news() {
    bool changed = false;
    for (auto& cursor : cursors_) {
      auto events = cursor->next(events_per_turn);
      if (!events) return start_again(events.error());
      for (const auto& event : *events)
        changed |= take(event.key.resource, *event.value, event.kind == storage::event_kind::removed);
      if (events->size() == events_per_turn && !woken_->exchange(true)) send(this, proxy_news{});
    }
    if (changed) plan_load(gather_time);
  }

  /// True when the rules may differ after it.
  bool take(resource_id resource, std::string_view value, bool removed) {
    const auto view = schema::object_view::open(value);
    if (!view) return false;
    const object_key key = view->key();
    if (resource == services_resource_) {
      auto entries = removed ? std::vector<net::service_port_entry>()
                             : proxy_entries(schema::parse_service(view->text()));
      if (services_[key] == entries) return false;
      services_[key] = std::move(entries);
      if (services_[key].empty()) services_.erase(key);
      return true;
    }
    auto slice = removed ? std::nullopt : proxy_slice(schema::parse_endpoint_slice(view->text()));
    const auto found = slices_.find(key);
    if (!slice) return found != slices_.end() && slices_.erase(key) == 1;
    if (found != slices_.end() && found->second == *slice) return false;
    slices_[key] = std::move(*slice);
    return true;
  }

  void plan_load(std::chrono::milliseconds wait) {
    if (loading_) {
      changed_meanwhile_ = true;
      return;
    }
    if (std::exchange(load_due_, true)) return;
    delayed_send(this, wait, proxy_load{});
  }

  void load() {
    if (std::exchange(loading_, true)) {
      changed_meanwhile_ = true;
      return;
    }
    auto view = std::make_shared<net::service_view>();
    view->node_name = with_.node_name;
    view->cluster_cidr = with_.cluster_cidr;
    for (const auto& [key, entries] : services_)
      view->services.insert(view->services.end(), entries.begin(), entries.end());
    for (const auto& [key, slice] : slices_) view->slices.push_back(slice);
    card_->summarize(std::to_string(view->services.size()) + " service ports, " +
                     std::to_string(view->slices.size()) + " slices");
    with_.pool.run(
        [&driver = with_.driver, view, before = loaded_, self = caf::actor_cast<caf::actor>(this)] {
          const auto applied = driver.apply(net::service_rules(*view));
          if (applied)
            driver.forget(net::stale_flows(before ? *before : net::service_view{}, *view));
          else
            spdlog::error("service rules not applied: {}", applied.error().message);
          caf::anon_send(self, proxy_loaded{applied.has_value()});
        });
    loaded_ = std::move(view);
  }

  proxy_actor::collaborators with_;
  std::shared_ptr<actor_card> card_;
  std::map<object_key, std::vector<net::service_port_entry>> services_;
  std::map<object_key, net::endpoint_slice_entry> slices_;
  std::shared_ptr<const net::service_view> loaded_; ///< what the latest load was asked for
  std::vector<std::unique_ptr<storage::watch_cursor>> cursors_;
  std::shared_ptr<std::atomic<bool>> woken_ = std::make_shared<std::atomic<bool>>(false);
  bool load_due_ = false;
  bool loading_ = false;
  bool changed_meanwhile_ = false;
  const resource_id services_resource_ = schema::builtin("", "services").id;
  const resource_id slices_resource_ = schema::builtin("discovery.k8s.io", "endpointslices").id;
  actor_gate::place place_;
};

} // namespace

std::vector<net::service_port_entry> proxy_entries(const schema::service_view& service) {
  std::vector<net::service_port_entry> entries;
  if (service.type == "ExternalName") return entries;
  for (const auto& port : service.ports) {
    net::service_port_entry entry;
    entry.space = service.meta.space;
    entry.service = service.meta.name;
    entry.port_name = port.name;
    entry.protocol = protocol_of(port.protocol);
    entry.port = static_cast<std::uint16_t>(port.port);
    entry.node_port = static_cast<std::uint16_t>(port.node_port);
    if (!service.headless()) entry.cluster_ips = service.cluster_ips;
    if (entry.cluster_ips.empty() && !service.headless() && !service.cluster_ip.empty())
      entry.cluster_ips.push_back(service.cluster_ip);
    entry.external_ips = service.external_ips;
    entry.load_balancer_ips = service.load_balancer_ips;
    entry.internal_policy_local = service.internal_local;
    entry.external_policy_local = service.external_local;
    if (service.client_affinity_s)
      entry.affinity_timeout_s = static_cast<std::uint32_t>(*service.client_affinity_s);
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::optional<net::endpoint_slice_entry> proxy_slice(const schema::endpoint_slice_view& slice) {
  if (slice.address_type != "IPv4" || slice.service_name().empty()) return std::nullopt;
  net::endpoint_slice_entry entry;
  entry.space = slice.meta.space;
  entry.service = std::string(slice.service_name());
  for (const auto& port : slice.ports)
    if (port.port)
      entry.ports.push_back({port.name, protocol_of(port.protocol), static_cast<std::uint16_t>(*port.port)});
  for (const auto& endpoint : slice.endpoints)
    if (!endpoint.addresses.empty())
      entry.endpoints.push_back({endpoint.addresses.front(), endpoint.node_name, endpoint.ready,
                                 endpoint.serving, endpoint.terminating});
  return entry;
}

proxy_actor proxy_actor::start(collaborators with) {
  caf::actor_system& system = with.system;
  proxy_actor made(system.spawn<proxy_shell>(std::move(with)));
  caf::anon_send(made.handle_, proxy_begin{});
  return made;
}

void proxy_actor::stop() { caf::anon_send_exit(handle_, caf::exit_reason::user_shutdown); }

} // namespace actord::actors
