#include "actors/objects/expiry_actor.hpp"

#include "actors/console/actor_registry.hpp"
#include "actors/objects/object_router.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/store.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

namespace actord::actors::expiry_messages {

struct look {};

} // namespace actord::actors::expiry_messages

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::expiry_messages::look)

namespace actord::actors {
namespace {

/// One seek in an index: cheap enough to ask again instead of following every write.
constexpr std::chrono::seconds interval{5};
/// Removals of one round: the rest waits for the next, so that expiry never crowds out what people ask for.
constexpr std::size_t batch = 200;

struct actor_setup {
  storage::store* store;
  object_router* router;
  actor_registry* registry;
  std::optional<raft_term> term;
};

struct actor_state {
  std::shared_ptr<actor_card> card;
  std::uint64_t removed = 0;
};

std::string_view reason_of(resource_id resource) {
  static const resource_id events = schema::builtin("", "events").stored_as;
  return resource == events ? "an hour after its last write" : "expired";
}

void remove_expired(const actor_setup& with, actor_state& state) {
  std::vector<expired_object> expired;
  {
    const auto reads = with.store->read();
    expired = expired_objects(*reads, with.store->now(), batch);
  }
  if (expired.empty()) return;
  for (expired_object& each : expired) {
    write_command command;
    command.verb = write_verb::remove;
    command.key = std::move(each.key);
    command.only_at = each.at;
    command.only_in_term = with.term;
    command.caller = {.user = "system:expiry", .uid = {}, .groups = {}, .extra = {}};
    command.cause = {.actor = "expiry",
                     .verb = "delete",
                     .request_id = {},
                     .reacted_to = each.at,
                     .note = std::string(each.why)};
    with.router->submit(std::move(command));
  }
  state.removed += expired.size();
  state.card->summarize("removed " + std::to_string(state.removed) + " objects");
}

caf::behavior run_expiry(caf::stateful_actor<actor_state>* self, const actor_setup& with) {
  self->state.card = with.registry->enroll("timer", "expiry");
  self->delayed_send(self, interval, expiry_messages::look{});
  return {[self, with](expiry_messages::look) {
    self->state.card->handled("look", 0);
    remove_expired(with, self->state);
    self->delayed_send(self, interval, expiry_messages::look{});
  }};
}

} // namespace

struct expiry::state {
  caf::actor timer;
};

std::vector<expired_object> expired_objects(const storage::snapshot& reads, wall_time now,
                                            std::size_t limit) {
  std::vector<expired_object> expired;
  for (auto& [deadline, key] : reads.due(now, limit)) {
    const auto view = schema::object_view::open(reads.get(key));
    if (!view) continue;
    const std::string_view why = reason_of(key.resource);
    expired.push_back({std::move(key), view->at(), why});
  }
  return expired;
}

expiry::expiry(collaborators with) : state_(std::make_unique<state>()) {
  state_->timer =
      with.system.spawn(run_expiry, actor_setup{&with.store, &with.router, &with.registry, with.term});
}

expiry::~expiry() { caf::anon_send_exit(state_->timer, caf::exit_reason::user_shutdown); }

} // namespace actord::actors
