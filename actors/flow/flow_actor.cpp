#include "actors/flow/flow_actor.hpp"

#include "actors/console/actor_registry.hpp"
#include "actors/flow/default_flow_objects.hpp"
#include "actors/flow/flow_gate.hpp"
#include "actors/flow/flow_reconciler.hpp"
#include "actors/objects/object_router.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/store.hpp"

#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace actord::actors::flow_messages {

/// Objects changed.
struct wake {};
/// A second passed.
struct tick {};

} // namespace actord::actors::flow_messages

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::flow_messages::wake)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::flow_messages::tick)

namespace actord::actors {
namespace {

using namespace flow_messages;

constexpr const char* group = "flowcontrol.apiserver.k8s.io";
constexpr std::chrono::seconds tick_interval{1};
/// Also without an event, in case a write of ours was refused.
constexpr int ticks_per_look = 60;
constexpr const char* consumer = "api-priority-and-fairness-config-consumer-v1";

/// Wakes that nobody has looked at count as one.
struct wake_flag {
  std::atomic<bool> raised{false};
};

class flow_keeper {
public:
  flow_keeper(caf::event_based_actor* self, flow_config::collaborators with)
      : self_(self), with_(std::move(with)), flag_(std::make_shared<wake_flag>()),
        schemas_(schema::builtin(group, "flowschemas")),
        levels_(schema::builtin(group, "prioritylevelconfigurations")) {
    card_ = with_.registry.enroll("flow control", "configuration");
  }

  caf::behavior make() {
    follow();
    look();
    self_->delayed_send(self_, tick_interval, tick{});
    return {[this](wake) {
              card_->handled("wake", 0);
              flag_->raised = false;
              drain();
              look();
            },
            [this](tick) {
              with_.gate->expire();
              if (++ticks_ % ticks_per_look == 0) look();
              self_->delayed_send(self_, tick_interval, tick{});
            }};
  }

private:
  void follow() {
    const revision after = with_.store.read()->at();
    cursors_.clear();
    for (const schema::resource_type* type : {&schemas_, &levels_}) {
      auto wakes = [me = caf::actor_cast<caf::actor_addr>(self_), flag = flag_] {
        if (flag->raised.exchange(true)) return;
        if (auto strong = caf::actor_cast<caf::actor>(me)) caf::anon_send(strong, wake{});
      };
      auto cursor = with_.store.watch({type->stored_as, "", ""}, after, std::move(wakes));
      if (cursor) cursors_.push_back(std::move(*cursor));
    }
  }

  /// What changed does not matter: all of it is read again, for it is little.
  void drain() {
    for (const auto& cursor : cursors_) {
      for (;;) {
        const auto events = cursor->next(256);
        if (!events) return follow();
        if (events->empty()) break;
      }
    }
  }

  static std::vector<json> all(const storage::snapshot& reads, const schema::resource_type& type) {
    std::vector<json> objects;
    reads.scan(type.stored_as, {}, [&](std::string_view bytes) {
      if (const auto view = schema::object_view::open(bytes)) objects.push_back(view->to_json(type));
      return true;
    });
    return objects;
  }

  void look() {
    std::vector<json> schemas;
    std::vector<json> levels;
    {
      const auto reads = with_.store.read();
      schemas = all(*reads, schemas_);
      levels = all(*reads, levels_);
    }
    auto rules = std::make_shared<const flow_rules>(schemas, levels, flow_gate::total_seats);
    card_->summarize(
        fmt::format("{} flow schemas, {} priority levels", rules->schemas().size(), rules->levels().size()));
    with_.gate->use(std::move(rules));
    // The gate follows the objects on every server, the objects follow the server that leads.
    if (with_.router.is_open_to_all()) carry_out(plan_flow_objects(schemas, levels, with_.store.now()));
  }

  void carry_out(flow_plan plan) {
    for (json& object : plan.create)
      submit(write_verb::create, std::move(object), flow_object_manager, "every cluster has it");
    for (json& object : plan.update)
      submit(write_verb::update, std::move(object), flow_object_manager, "its spec follows the server's");
    for (json& object : plan.status)
      submit(write_verb::patch, std::move(object), consumer, "whether its priority level exists");
  }

  void submit(write_verb verb, json object, const char* manager, const char* note) {
    const schema::resource_type& type = object["kind"] == "FlowSchema" ? schemas_ : levels_;
    write_command command;
    command.verb = verb;
    command.key = {type.id, {}, object["metadata"]["name"].get<std::string>()};
    if (verb == write_verb::patch) {
      command.subresource = "status";
      command.patch = schema::patch_format::apply;
      command.force = true;
    }
    command.body = object.dump();
    command.field_manager = manager;
    command.only_in_term = with_.router.term();
    command.caller = {.user = "system:apiserver", .uid = {}, .groups = {"system:masters"}, .extra = {}};
    command.cause = {.actor = "flow control",
                     .verb = verb == write_verb::create ? "create" : "update",
                     .request_id = {},
                     .reacted_to = {},
                     .note = note};
    command.done = [name = command.key.name](const result<write_answer>& outcome) {
      // Whoever was faster wakes us; then it is looked at again.
      if (!outcome && outcome.error().kind != error_kind::conflict &&
          outcome.error().kind != error_kind::already_exists && outcome.error().kind != error_kind::not_found)
        spdlog::warn("cannot maintain the flow control object {}: {}", name, outcome.error().message);
    };
    with_.router.submit(std::move(command));
  }

  caf::event_based_actor* self_;
  flow_config::collaborators with_;
  std::shared_ptr<wake_flag> flag_;
  const schema::resource_type& schemas_;
  const schema::resource_type& levels_;
  std::shared_ptr<actor_card> card_;
  std::vector<std::unique_ptr<storage::watch_cursor>> cursors_;
  int ticks_ = 0;
};

struct keeper_state {
  std::unique_ptr<flow_keeper> keeper;
};

caf::behavior keep_flows(caf::stateful_actor<keeper_state>* self,
                         const std::shared_ptr<flow_config::collaborators>& with) {
  self->state.keeper = std::make_unique<flow_keeper>(self, *with);
  return self->state.keeper->make();
}

} // namespace

struct flow_config::state {
  caf::actor keeper;
};

flow_config::flow_config(collaborators with) : state_(std::make_unique<state>()) {
  state_->keeper = with.system.spawn(keep_flows, std::make_shared<collaborators>(with));
}

void flow_config::leader_changed() { caf::anon_send(state_->keeper, wake{}); }

flow_config::~flow_config() { caf::anon_send_exit(state_->keeper, caf::exit_reason::user_shutdown); }

} // namespace actord::actors
