#include "actors/worker/node/overlay_actor.hpp"

#include "actors/console/actor_registry.hpp"
#include "actors/worker/worker_pool.hpp"
#include "net/overlay/overlay_network.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/store.hpp"

#include <caf/all.hpp>
#include <map>
#include <spdlog/spdlog.h>

namespace actord::actors {
namespace {

struct overlay_begin {};
struct overlay_news {};
struct overlay_applied {
  bool success;
};

} // namespace
} // namespace actord::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::overlay_begin)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::overlay_news)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::overlay_applied)

namespace actord::actors {
namespace {

using namespace std::chrono_literals;

constexpr auto retry_time = 2s;
constexpr std::size_t events_per_turn = 512;

class overlay_shell final : public caf::event_based_actor {
public:
  overlay_shell(caf::actor_config& config, overlay_actor::collaborators with)
      : caf::event_based_actor(config), with_(std::move(with)),
        card_(with_.registry.enroll("overlay", with_.node_name)), place_(with_.gate) {}

  caf::behavior make_behavior() override {
    return {
        [this](const overlay_begin&) {
          note("begin");
          begin();
        },
        [this](const overlay_news&) {
          note("news");
          woken_->store(false);
          read_news();
        },
        [this](const overlay_applied& applied) {
          note("applied");
          applying_ = false;
          if (!applied.success) delayed_send(this, retry_time, overlay_begin{});
          if (applied.success && std::exchange(changed_meanwhile_, false)) apply();
        },
    };
  }

  void on_exit() override { place_.leave(); }

private:
  void note(const char* message) { card_->handled(message, mailbox().size()); }

  void begin() {
    peers_.clear();
    cursor_.reset();
    const auto snapshot = with_.store.read();
    snapshot->scan(nodes_, "", [&](std::string_view value) {
      take(value, false);
      return true;
    });
    auto wake = [self = caf::actor_cast<caf::actor>(this), woken = woken_] {
      if (!woken->exchange(true)) caf::anon_send(self, overlay_news{});
    };
    auto cursor =
        with_.store.watch({.resource = nodes_, .space = {}, .name = {}}, snapshot->at(), std::move(wake));
    if (!cursor) return start_again(cursor.error());
    cursor_ = std::move(*cursor);
    apply();
  }

  void start_again(const error& why) {
    spdlog::warn("the overlay lost its watch, starts again: {}", why.message);
    cursor_.reset();
    delayed_send(this, 1s, overlay_begin{});
  }

  void read_news() {
    if (!cursor_) return;
    const auto events = cursor_->next(events_per_turn);
    if (!events) return start_again(events.error());
    bool changed = false;
    for (const auto& event : *events)
      changed |= take(*event.value, event.kind == storage::event_kind::removed);
    if (events->size() == events_per_turn && !woken_->exchange(true)) send(this, overlay_news{});
    if (changed) apply();
  }

  /// True when the tunnel may differ after it: most of what changes in a Node is of no interest.
  bool take(std::string_view value, bool removed) {
    const auto view = schema::object_view::open(value);
    if (!view || view->name() == with_.node_name) return false;
    const std::string name(view->name());
    const auto peer = removed ? std::nullopt : overlay_peer_of(schema::parse_node(view->text()));
    const auto found = peers_.find(name);
    if (!peer) return found != peers_.end() && peers_.erase(name) == 1;
    if (found != peers_.end() && found->second == *peer) return false;
    peers_.insert_or_assign(name, *peer);
    return true;
  }

  void apply() {
    if (std::exchange(applying_, true)) {
      changed_meanwhile_ = true;
      return;
    }
    std::vector<net::overlay_peer> peers;
    for (const auto& [name, peer] : peers_) peers.push_back(peer);
    card_->summarize(std::to_string(peers.size()) + " other nodes");
    with_.pool.run([&driver = with_.driver, peers = std::move(peers),
                    self = caf::actor_cast<caf::actor>(this)]() mutable {
      const auto applied = driver.apply(std::move(peers));
      if (!applied) spdlog::error("pods of other nodes may not be reached: {}", applied.error().message);
      caf::anon_send(self, overlay_applied{applied.has_value()});
    });
  }

  overlay_actor::collaborators with_;
  std::shared_ptr<actor_card> card_;
  std::map<std::string, net::overlay_peer> peers_; ///< by node
  std::unique_ptr<storage::watch_cursor> cursor_;
  std::shared_ptr<std::atomic<bool>> woken_ = std::make_shared<std::atomic<bool>>(false);
  bool applying_ = false;
  bool changed_meanwhile_ = false;
  const resource_id nodes_ = schema::builtin("", "nodes").id;
  actor_gate::place place_;
};

} // namespace

std::optional<net::overlay_peer> overlay_peer_of(const schema::node_view& node) {
  const auto address = net::parse_address(node.address("InternalIP"));
  const auto pods = net::parse_range(node.pod_cidr);
  if (!address || !pods) return {};
  return net::overlay_peer{.node = node.meta.name, .address = *address, .pods = *pods};
}

overlay_actor overlay_actor::start(collaborators with) {
  caf::actor_system& system = with.system;
  overlay_actor started(system.spawn<overlay_shell>(std::move(with)));
  caf::anon_send(started.handle_, overlay_begin{});
  return started;
}

void overlay_actor::stop() { caf::anon_send_exit(handle_, caf::exit_reason::user_shutdown); }

} // namespace actord::actors
