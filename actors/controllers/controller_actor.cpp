#include "actors/controllers/controller_actor.hpp"

#include "actors/console/actor_registry.hpp"
#include "actors/controllers/reconciler_actor.hpp"

#include <spdlog/spdlog.h>

#include <atomic>
#include <map>

namespace actord::actors {

namespace {

constexpr std::size_t events_per_turn = 512;
constexpr auto restart_back_off = std::chrono::seconds(1);
constexpr auto watch_retry = std::chrono::milliseconds(200);

/// A reconciler as its controller knows it.
struct child {
  caf::actor actor;
  std::uint64_t sent = 0; ///< looks
};

class overseer {
public:
  overseer(caf::event_based_actor* actor, std::shared_ptr<const controller_context> given,
           std::shared_ptr<const controller_kind> of_kind)
      : self_(actor), context_(std::move(given)), kind_(std::move(of_kind)),
        card_(context_->registry.enroll("controller", std::string(kind_->name()))), alive_(context_->live) {}

  ~overseer() {
    for (const auto& [key, one] : children_) caf::anon_send_exit(one.actor, caf::exit_reason::user_shutdown);
  }

  /// Looks at everything, and watches from the state it looked at.
  void begin() {
    cursors_.clear();
    const auto snapshot = context_->store.read();
    for (const auto& resource : scopes())
      if (!watch(resource, snapshot->at())) {
        self_->delayed_send(self_, watch_retry, again_atom::value);
        return;
      }
    std::vector<object_key> keys;
    kind_->all_keys(*snapshot, keys);
    for (const auto& key : keys) look(key, {});
    // Events from before the watch began to wake us are in the cursor already.
    drain();
  }

  /// Until the events are drained no further wake comes.
  void wake() {
    if (kind_->patience() > std::chrono::milliseconds(0))
      self_->delayed_send(self_, kind_->patience(), drain_atom::value);
    else
      drain();
  }

  void drain() {
    woken_->store(false);
    bool more = false;
    std::unique_ptr<storage::snapshot> snapshot;
    std::vector<object_key> keys;
    for (const auto& cursor : cursors_) {
      auto events = cursor->next(events_per_turn);
      if (!events) return begin(); // fell behind the history: look at everything again
      more = more || events->size() == events_per_turn;
      for (const storage::store_event& event : events.value()) {
        if (!snapshot) snapshot = context_->store.read();
        keys.clear();
        kind_->keys_for(event, *snapshot, keys);
        for (const auto& key : keys) look(key, {event.at, event.key == key});
      }
    }
    if (more && !woken_->exchange(true)) self_->send(self_, wake_atom::value);
  }

  void idle(const idle_notice& notice) {
    const auto found = children_.find(notice.key);
    if (found == children_.end() || found->second.sent != notice.looks) return;
    self_->send(found->second.actor, retire_atom::value);
    by_address_.erase(found->second.actor->address());
    children_.erase(found);
    summarize();
  }

  void down(const caf::down_msg& message) {
    const auto found = by_address_.find(message.source);
    if (found == by_address_.end()) return; // retired
    const object_key key = found->second;
    children_.erase(key);
    by_address_.erase(found);
    ++crashes_;
    spdlog::error("the {} reconciler of {}/{} ended unexpectedly and is started again", kind_->name(),
                  key.space, key.name);
    summarize();
    self_->delayed_send(self_, restart_back_off, idle_notice{key, 0}, again_atom::value);
  }

  void restart(const object_key& key) { look(key, {}); }
  void note(const char* message) { card_->handled(message, self_->mailbox().size()); }

private:
  [[nodiscard]] std::vector<std::optional<resource_id>> scopes() const {
    std::vector<std::optional<resource_id>> out;
    for (const resource_id resource : kind_->watches()) out.emplace_back(resource);
    if (out.empty()) out.emplace_back(std::nullopt);
    return out;
  }

  bool watch(std::optional<resource_id> resource, revision after) {
    // Weak: the cursor belongs to this actor and must not keep it alive.
    auto wake = [me = caf::actor_cast<caf::actor_addr>(self_), flag = woken_] {
      if (flag->exchange(true)) return;
      if (auto strong = caf::actor_cast<caf::actor>(me)) caf::anon_send(strong, wake_atom::value);
    };
    auto cursor = context_->store.watch({resource, "", ""}, after, std::move(wake));
    if (cursor) cursors_.push_back(std::move(cursor).value());
    return !cursors_.empty() && cursor.has_value();
  }

  void look(const object_key& key, look_request request) {
    auto found = children_.find(key);
    if (found == children_.end()) {
      auto actor =
          self_->spawn<caf::monitored>(reconciler, context_, kind_, key, caf::actor_cast<caf::actor>(self_));
      found = children_.emplace(key, child{std::move(actor), 0}).first;
      by_address_[found->second.actor->address()] = key;
      summarize();
    }
    ++found->second.sent;
    self_->send(found->second.actor, request);
  }

  void summarize() {
    card_->summarize(std::to_string(children_.size()) + " keys in work" +
                     (crashes_ > 0 ? ", " + std::to_string(crashes_) + " crashes" : ""));
  }

  caf::event_based_actor* const self_;
  const std::shared_ptr<const controller_context> context_;
  const std::shared_ptr<const controller_kind> kind_;
  const std::shared_ptr<actor_card> card_;
  const actor_gate::place alive_;
  const std::shared_ptr<std::atomic<bool>> woken_ = std::make_shared<std::atomic<bool>>(false);
  std::vector<std::unique_ptr<storage::watch_cursor>> cursors_;
  std::map<object_key, child> children_;
  std::map<caf::actor_addr, object_key> by_address_;
  std::uint64_t crashes_ = 0;
};

/// Ends with the actor, whoever still has a handle to it.
struct controller_state {
  std::unique_ptr<overseer> work;
};

caf::behavior controller(caf::stateful_actor<controller_state>* self,
                         std::shared_ptr<const controller_context> context,
                         std::shared_ptr<const controller_kind> kind) {
  self->state.work = std::make_unique<overseer>(self, std::move(context), std::move(kind));
  const auto note = [self](const char* message) { self->state.work->note(message); };
  self->set_down_handler([self](const caf::down_msg& message) { self->state.work->down(message); });
  self->send(self, again_atom::value);
  return {
      [=](again_atom) {
        note("begin");
        self->state.work->begin();
      },
      [=](wake_atom) {
        note("wake");
        self->state.work->wake();
      },
      [=](drain_atom) { self->state.work->drain(); },
      [=](const idle_notice& notice) {
        note("idle");
        self->state.work->idle(notice);
      },
      [=](const idle_notice& notice, again_atom) {
        note("restart");
        self->state.work->restart(notice.key);
      },
  };
}

} // namespace

caf::actor spawn_controller(std::shared_ptr<const controller_context> context,
                            std::shared_ptr<const controller_kind> kind) {
  caf::actor_system& system = context->system;
  return system.spawn(controller, std::move(context), std::move(kind));
}

void look_at(const caf::actor& controller, const object_key& key) {
  caf::anon_send(controller, idle_notice{key, 0}, again_atom::value);
}

void look_at_everything(const caf::actor& controller) { caf::anon_send(controller, again_atom::value); }

} // namespace actord::actors
