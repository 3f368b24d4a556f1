#include "actors/definitions/definition_follower.hpp"

#include "actors/console/actor_registry.hpp"
#include "actors/definitions/definition_table.hpp"
#include "schema/tables/custom_rows.hpp"
#include "storage/store.hpp"

#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <fmt/format.h>

namespace actord::actors::definition_messages {

/// Definitions may have changed.
struct wake {};

} // namespace actord::actors::definition_messages

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::definition_messages::wake)

namespace actord::actors {
namespace {

constexpr std::size_t events_per_step = 256;

struct follower_setup {
  storage::store* store;
  actor_registry* registry;
  std::shared_ptr<definition_table> table;
  revision seen; ///< what the table shows already
};

class follower {
public:
  follower(caf::event_based_actor* self, follower_setup setup) : self_(self), setup_(std::move(setup)) {
    card_ = setup_.registry->enroll("definitions", "custom resources");
    open(setup_.seen);
  }

  void look() {
    raised_->store(false);
    card_->handled("wake", 0);
    bool changed = false;
    while (true) {
      auto events = cursor_->next(events_per_step);
      if (!events) { // fell behind what is kept: what is now is what counts
        open(setup_.store->status().last);
        changed = true;
        break;
      }
      if (events->empty()) break;
      changed = true;
    }
    if (changed) setup_.table->follow(*setup_.store->read());
    summarize();
  }

private:
  void open(revision after) {
    const resource_id definitions =
        schema::builtin("apiextensions.k8s.io", "customresourcedefinitions").stored_as;
    // Weak: the cursor belongs to this actor and must not keep it alive.
    auto wake = [me = caf::actor_cast<caf::actor_addr>(self_), raised = raised_] {
      if (raised->exchange(true)) return;
      if (auto strong = caf::actor_cast<caf::actor>(me)) caf::anon_send(strong, definition_messages::wake{});
    };
    cursor_.reset();
    auto cursor = setup_.store->watch({definitions, {}, {}}, after, wake);
    if (!cursor) cursor = setup_.store->watch({definitions, {}, {}}, setup_.store->status().last, wake);
    cursor_ = std::move(cursor).value();
    self_->send(self_, definition_messages::wake{});
  }

  void summarize() {
    const auto rows = schema::custom_rows::current();
    card_->summarize(
        fmt::format("{} definitions, {} versions served", rows->stored().size(), rows->served().size()));
  }

  caf::event_based_actor* self_;
  follower_setup setup_;
  std::shared_ptr<actor_card> card_;
  std::shared_ptr<std::atomic<bool>> raised_ = std::make_shared<std::atomic<bool>>(false);
  std::unique_ptr<storage::watch_cursor> cursor_;
};

struct follower_state {
  std::unique_ptr<follower> work;
};

} // namespace

struct definition_follower::state {
  caf::actor actor;
};

definition_follower::definition_follower(collaborators with) : state_(std::make_unique<state>()) {
  follower_setup setup{&with.store, &with.registry, std::make_shared<definition_table>(), {}};
  {
    const auto now = with.store.read();
    setup.seen = now->at();
    setup.table->follow(*now);
  }
  state_->actor = with.system.spawn(
      [](caf::stateful_actor<follower_state>* self,
         const std::shared_ptr<follower_setup>& given) -> caf::behavior {
        self->state.work = std::make_unique<follower>(self, std::move(*given));
        return {[self](definition_messages::wake) { self->state.work->look(); }};
      },
      std::make_shared<follower_setup>(std::move(setup)));
}

definition_follower::~definition_follower() {
  caf::anon_send_exit(state_->actor, caf::exit_reason::user_shutdown);
}

} // namespace actord::actors
