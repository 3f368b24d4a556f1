#include "actors/objects/expiry_actor.hpp"

#include "actors/console/actor_registry.hpp"
#include "actors/objects/object_router.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/store.hpp"

#include <algorithm>
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

constexpr std::chrono::hours event_life{1};
constexpr std::chrono::seconds interval{60};
/// Removals of one round: the rest waits a minute, so that expiry never crowds out what people ask for.
constexpr std::size_t batch = 500;

/// When an event last happened; the envelope only knows when it was first written down.
wall_time last_seen(const schema::object_view& event, const schema::resource_type& type) {
  wall_time last = event.creation_time();
  const json object = event.to_json(type);
  const auto consider = [&](const json& holder, const char* field) {
    const auto found = holder.find(field);
    if (found == holder.end() || !found->is_string()) return;
    if (const auto when = schema::parse_time(found->get_ref<const std::string&>()))
      last = std::max(last, *when);
  };
  consider(object, "lastTimestamp");
  consider(object, "eventTime");
  if (const auto series = object.find("series"); series != object.end() && series->is_object())
    consider(*series, "lastObservedTime");
  return last;
}

struct actor_setup {
  storage::store* store;
  object_router* router;
  actor_registry* registry;
};

struct actor_state {
  std::shared_ptr<actor_card> card;
  std::uint64_t removed = 0;
};

void remove_expired(const actor_setup& with, actor_state& state) {
  std::vector<expired_object> expired;
  {
    const auto reads = with.store->read();
    expired = expired_events(*reads, with.store->now(), batch);
  }
  for (expired_object& each : expired) {
    write_command command;
    command.verb = write_verb::remove;
    command.key = std::move(each.key);
    command.only_at = each.at;
    command.caller = {.user = "system:expiry", .uid = {}, .groups = {}, .extra = {}};
    command.cause = {.actor = "expiry",
                     .verb = "delete",
                     .request_id = {},
                     .reacted_to = each.at,
                     .note = "an hour after it last happened"};
    with.router->submit(std::move(command));
  }
  state.removed += expired.size();
  state.card->summarize("removed " + std::to_string(state.removed) + " events");
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

std::vector<expired_object> expired_events(const storage::snapshot& reads, wall_time now, std::size_t limit) {
  const schema::resource_type& type = schema::builtin("", "events");
  std::vector<expired_object> expired;
  reads.scan(type.stored_as, {}, [&](std::string_view bytes) {
    const auto view = schema::object_view::open(bytes);
    if (!view || now - view->creation_time() < event_life || now - last_seen(*view, type) < event_life)
      return true;
    object_key key = view->key();
    key.resource = type.id;
    expired.push_back({std::move(key), view->at()});
    return expired.size() < limit;
  });
  return expired;
}

expiry::expiry(collaborators with) : state_(std::make_unique<state>()) {
  state_->timer = with.system.spawn(run_expiry, actor_setup{&with.store, &with.router, &with.registry});
}

expiry::~expiry() { caf::anon_send_exit(state_->timer, caf::exit_reason::user_shutdown); }

} // namespace actord::actors
