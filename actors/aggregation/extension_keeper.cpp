#include "actors/aggregation/extension_keeper.hpp"

#include "actors/aggregation/extension_documents.hpp"
#include "actors/authorization/authorizer.hpp"
#include "actors/console/actor_registry.hpp"
#include "actors/controllers/conditions.hpp"
#include "actors/controllers/read_objects.hpp"
#include "actors/objects/object_router.hpp"
#include "schema/discovery/openapi.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <fmt/format.h>
#include <map>
#include <spdlog/spdlog.h>

namespace actord::actors::extension_messages {

/// Something may have changed.
struct look {};
struct timer {
  std::uint64_t number = 0;
};

enum class step : std::uint8_t { check, discovery, openapi, openapi_v2 };
struct heard {
  std::string name;
  std::uint64_t round = 0;
  step what = step::check;
  result<extension_answer> answer;
};

} // namespace actord::actors::extension_messages

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::extension_messages::look)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::extension_messages::timer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<actord::actors::extension_messages::heard>)

namespace actord::actors {
namespace {

using extension_messages::heard;
using extension_messages::look;
using extension_messages::step;
using extension_messages::timer;

constexpr std::size_t attempts_max = 3;
constexpr std::size_t events_at_once = 256;
constexpr std::size_t discovery_max_bytes = std::size_t{1} << 20U;
constexpr std::size_t openapi_max_bytes = std::size_t{8} << 20U;
constexpr std::string_view aggregated_accepted =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/"
    "json;g=apidiscovery.k8s.io;"
    "v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// What the actor shares with those that tell it things.
struct shared_part {
  std::atomic<bool> raised{false};
  std::mutex mutex;
  std::optional<authentication_facts> facts;
};

caller_identity aggregator_identity() {
  return {.user = "system:kube-aggregator", .uid = {}, .groups = {std::string(masters_group)}, .extra = {}};
}

/// One extension server, as it is looked after.
struct ward {
  extension_handle service;
  std::vector<std::unique_ptr<storage::watch_cursor>> cursors; ///< of its Service and endpoints
  std::optional<availability> verdict;
  extension_report report;           ///< being put together
  std::optional<std::string> listed; ///< its resources by the old form of discovery
  std::string described;             ///< the resources for which OpenAPI v2 was asked for last
  std::size_t failures = 0;          ///< in a row
  std::size_t attempts = 0;
  steady_time due;
  std::uint64_t round = 0;
  bool asking = false;
  bool again = false; ///< it changed while it was asked
  /// A write of its condition is under way; lowered by whoever answers it.
  std::shared_ptr<std::atomic<bool>> writing = std::make_shared<std::atomic<bool>>(false);
};

class keeper {
public:
  keeper(caf::event_based_actor* self, const extension_keeper::collaborators& with,
         std::shared_ptr<shared_part> shared)
      : self_(self), with_(with), shared_(std::move(shared)),
        card_(with_.registry.enroll("aggregator", "extension servers")) {}

  caf::behavior behavior() {
    follow();
    look_around();
    return {[this](look) {
              card_->handled("look", 0);
              shared_->raised = false;
              drain();
              look_around();
            },
            [this](const timer& which) {
              if (which.number == timers_) look_around();
            },
            [this](const std::shared_ptr<heard>& news) {
              card_->handled("heard", 0);
              take(*news);
            }};
  }

private:
  std::function<void()> waker() {
    // Weak: the cursors belong to this actor and must not keep it alive.
    return [me = caf::actor_cast<caf::actor_addr>(self_), shared = shared_] {
      if (shared->raised.exchange(true)) return;
      if (auto strong = caf::actor_cast<caf::actor>(me)) caf::anon_send(strong, look{});
    };
  }

  std::vector<std::unique_ptr<storage::watch_cursor>>
  watch(std::initializer_list<storage::watch_scope> scopes) {
    std::vector<std::unique_ptr<storage::watch_cursor>> cursors;
    const revision after = with_.store.status().last;
    for (const storage::watch_scope& scope : scopes) {
      auto cursor = with_.store.watch(scope, after, waker());
      if (!cursor) continue;
      // A cursor tells of what is new only after it was found empty once.
      bool lost = false;
      came(**cursor, lost);
      cursors.push_back(std::move(*cursor));
    }
    return cursors;
  }

  void follow() {
    own_ = watch({{.resource = services_, .space = {}, .name = {}},
                  {.resource = maps_, .space = authentication_map_space, .name = authentication_map_name}});
  }

  /// Whether anything came; a cursor that fell behind counts, and is to be opened anew.
  static bool came(storage::watch_cursor& cursor, bool& lost) {
    bool any = false;
    for (;;) {
      const auto events = cursor.next(events_at_once);
      if (!events) return lost = true;
      if (events->empty()) return any;
      any = true;
    }
  }

  void drain() {
    bool lost = false;
    for (const auto& cursor : own_) came(*cursor, lost);
    if (lost) follow();
    for (auto& [name, one] : wards_) {
      bool changed = false;
      bool behind = false;
      for (const auto& cursor : one.cursors) changed = came(*cursor, behind) || changed;
      if (behind) one.cursors = cursors_of(*one.service);
      if (changed) renew(one);
    }
  }

  std::vector<std::unique_ptr<storage::watch_cursor>> cursors_of(const extension_service& service) {
    return watch({{.resource = schema::builtin("", "services").stored_as,
                   .space = service.service.space,
                   .name = service.service.name},
                  {.resource = schema::builtin("discovery.k8s.io", "endpointslices").stored_as,
                   .space = service.service.space,
                   .name = {}}});
  }

  /// To be asked now.
  void renew(ward& one) {
    one.failures = 0;
    one.again = one.asking;
    one.due = with_.clock.steady_now();
  }

  void look_around() {
    follow_services();
    const steady_time now = with_.clock.steady_now();
    for (auto& [name, one] : wards_) {
      if (!one.asking && one.due <= now) ask(one);
      if (one.verdict) write_condition(one);
    }
    keep_map();
    std::size_t good = 0;
    for (const auto& [name, one] : wards_) good += one.verdict && one.verdict->good() ? 1U : 0U;
    card_->summarize(fmt::format("{} of {} extension servers answer", good, wards_.size()));
    arrange();
  }

  void follow_services() {
    const auto set = with_.services.current();
    bool gone = false;
    for (auto at = wards_.begin(); at != wards_.end();) {
      const bool stays = set != nullptr && std::ranges::any_of(set->all(), [&](const extension_handle& one) {
                           return one->name == at->first;
                         });
      gone = gone || !stays;
      at = stays ? std::next(at) : wards_.erase(at);
    }
    if (set != nullptr)
      for (const extension_handle& service : set->all()) {
        ward& one = wards_[service->name];
        const bool known = one.service != nullptr && one.service->leads_as(*service);
        if (!known) {
          one.cursors = cursors_of(*service);
          one.verdict.reset();
          one.asking = false; // what is still to be heard is of another server
          one.report = {};
          one.described.clear();
        }
        one.service = service;
        if (!known) renew(one);
      }
    if (gone) publish();
  }

  void arrange() {
    std::optional<steady_time> next;
    for (const auto& [name, one] : wards_)
      if (!one.asking) next = next ? std::min(*next, one.due) : one.due;
    if (!next) return;
    const auto wait = std::max(*next - with_.clock.steady_now(), std::chrono::steady_clock::duration(0));
    self_->delayed_send(self_, std::chrono::ceil<std::chrono::milliseconds>(wait), timer{++timers_});
  }

  static std::string path_of(const extension_service& service) {
    return "/apis/" + service.group + "/" + service.version;
  }
  static std::string address_of(const extension_service& service) {
    return fmt::format("https://{}:{}{}", service.host(), service.service.port, path_of(service));
  }

  void ask(ward& one) {
    one.asking = true;
    one.again = false;
    one.attempts = 0;
    one.round = ++rounds_;
    if (auto bad = with_.lines.obstacle_of(*one.service)) return conclude(one, *std::move(bad));
    request(one, step::check);
  }

  static std::string target_of(const extension_service& service, step what) {
    switch (what) {
    case step::check:
      return path_of(service);
    case step::discovery:
      return "/apis";
    case step::openapi:
      return "/openapi/v3";
    case step::openapi_v2:
      return "/openapi/v2";
    }
    return {};
  }

  void request(const ward& one, step what) {
    extension_call call{.service = one.service,
                        .target = target_of(*one.service, what),
                        .headers = {{"accept", what == step::discovery ? std::string(aggregated_accepted)
                                                                       : "application/json"}},
                        .caller = aggregator_identity(),
                        .answer_max_bytes =
                            what == step::openapi_v2 ? openapi_max_bytes : discovery_max_bytes};
    with_.caller.call(call, [me = caf::actor_cast<caf::actor_addr>(self_), name = one.service->name,
                             round = one.round, what](result<extension_answer> answer) {
      if (auto strong = caf::actor_cast<caf::actor>(me))
        caf::anon_send(strong, std::make_shared<heard>(heard{name, round, what, std::move(answer)}));
    });
  }

  void take(heard& news) {
    const auto found = wards_.find(news.name);
    if (found == wards_.end() || !found->second.asking || found->second.round != news.round) return;
    ward& one = found->second;
    const bool good = news.answer && news.answer->code >= 200 && news.answer->code < 300;
    switch (news.what) {
    case step::check:
      if (!good) return fail(one, news.answer);
      one.listed = resources_of_list(news.answer->body, one.service->group, one.service->version);
      if (one.report.resources.empty()) one.report.resources = one.listed.value_or("");
      one.report.fresh = true;
      one.verdict = passed();
      // In this order: who learns that it is available finds it in discovery.
      publish();
      write_condition(one);
      return request(one, step::discovery);
    case step::discovery: {
      auto resources =
          good ? resources_of_aggregated(news.answer->body, one.service->group, one.service->version)
               : std::nullopt;
      if (!resources) resources = std::move(one.listed);
      if (resources) one.report.resources = *std::move(resources);
      return request(one, step::openapi);
    }
    case step::openapi:
      one.report.openapi_v3 =
          good ? openapi_address_of(news.answer->body, one.service->group, one.service->version)
               : std::string();
      // A large document, which changes only with what it describes.
      if (one.described == one.report.resources) return conclude(one, passed());
      return request(one, step::openapi_v2);
    case step::openapi_v2:
      one.described = one.report.resources;
      one.report.openapi_v2 = nullptr;
      if (good)
        if (auto added = schema::discovery::read_openapi_v2(news.answer->body, path_of(*one.service),
                                                            schema::discovery::openapi_v2()))
          one.report.openapi_v2 =
              std::make_shared<const schema::discovery::openapi_v2_addition>(*std::move(added));
      return conclude(one, passed());
    }
  }

  void fail(ward& one, const result<extension_answer>& answer) {
    if (++one.attempts < attempts_max) return request(one, step::check);
    const std::string address = address_of(*one.service);
    conclude(one,
             failed_check(address, answer ? fmt::format("bad status from {}: {}", address, answer->code)
                                          : fmt::format("Get \"{}\": {}", address, answer.error().message)));
  }

  void conclude(ward& one, availability verdict) {
    one.asking = false;
    one.failures = verdict.good() ? 0 : one.failures + 1;
    one.due = with_.clock.steady_now();
    if (!std::exchange(one.again, false)) one.due += next_look(one.failures);
    one.report.fresh = verdict.good();
    one.verdict = std::move(verdict);
    write_condition(one);
    publish();
    arrange();
  }

  void publish() {
    extension_reports reports;
    for (const auto& [name, one] : wards_) reports.emplace(name, one.report);
    with_.board.replace(std::move(reports));
  }

  /// If the APIService says something else. One at a time: the answer makes us look again.
  void write_condition(const ward& one) {
    const availability& verdict = *one.verdict;
    if (!with_.router.is_open_to_all() || *one.writing) return;
    const object_key key{services_, "", one.service->name};
    const auto stored = read_view(*with_.store.read(), key, schema::parse_api_service);
    if (!stored || stored->view.meta.uid != one.service->uid) return;
    const auto conditions = with_verdict(stored->view.conditions, verdict, with_.store.now());
    if (!conditions) return;
    spdlog::info("the extension server of {} is {}: {}", one.service->name,
                 verdict.good() ? "available" : "not available", verdict.message);
    write_command command;
    command.verb = write_verb::patch;
    command.key = key;
    command.subresource = "status";
    command.body = json{{"status", {{"conditions", to_json(*conditions)}}}}.dump();
    command.only_uid = one.service->uid;
    *one.writing = true;
    submit(std::move(command), "update", "whether it answers", [writing = one.writing, wake = waker()] {
      *writing = false;
      wake();
    });
  }

  void keep_map() {
    if (!with_.router.is_open_to_all()) return;
    std::optional<authentication_facts> facts;
    {
      const std::lock_guard lock(shared_->mutex);
      facts = shared_->facts;
    }
    if (!facts) return;
    const object_key key{maps_, authentication_map_space, authentication_map_name};
    json stored;
    const auto now = with_.store.read();
    if (const std::string_view bytes = now->get(key); !bytes.empty())
      if (const auto object = schema::object_view::open(bytes))
        stored = object->to_json(schema::builtin("", "configmaps"));
    auto wanted = correct_authentication_map(stored, *facts);
    if (!wanted) return;
    write_command command;
    command.verb = stored.is_null() ? write_verb::create : write_verb::update;
    command.key = key;
    command.body = wanted->dump();
    submit(std::move(command), stored.is_null() ? "create" : "update", "whom extension servers believe");
  }

  void submit(write_command command, const char* verb, const char* note, std::function<void()> then = [] {}) {
    command.field_manager = "actord";
    command.only_in_term = with_.router.term();
    command.caller = {
        .user = "system:apiserver", .uid = {}, .groups = {std::string(masters_group)}, .extra = {}};
    command.cause = {.actor = "aggregation", .verb = verb, .request_id = {}, .reacted_to = {}, .note = note};
    command.done = [name = command.key.name, then = std::move(then)](const result<write_answer>& outcome) {
      // Whoever was faster wakes us; then it is looked at again.
      if (!outcome && outcome.error().kind != error_kind::conflict &&
          outcome.error().kind != error_kind::already_exists && outcome.error().kind != error_kind::not_found)
        spdlog::warn("cannot write {}: {}", name, outcome.error().message);
      then();
    };
    with_.router.submit(std::move(command));
  }

  caf::event_based_actor* self_;
  const extension_keeper::collaborators with_;
  const std::shared_ptr<shared_part> shared_;
  const std::shared_ptr<actor_card> card_;
  const resource_id services_ = schema::builtin(api_service_group, "apiservices").stored_as;
  const resource_id maps_ = schema::builtin("", "configmaps").stored_as;
  std::vector<std::unique_ptr<storage::watch_cursor>> own_;
  std::map<std::string, ward> wards_; ///< by APIService
  std::uint64_t rounds_ = 0;
  std::uint64_t timers_ = 0;
};

struct keeper_state {
  std::unique_ptr<keeper> work;
};

} // namespace

struct extension_keeper::state {
  caf::actor actor;
  std::shared_ptr<shared_part> shared = std::make_shared<shared_part>();
};

extension_keeper::extension_keeper(const collaborators& with) : state_(std::make_unique<state>()) {
  state_->actor = with.system.spawn(
      [](caf::stateful_actor<keeper_state>* self, const std::shared_ptr<collaborators>& given,
         const std::shared_ptr<shared_part>& shared) -> caf::behavior {
        self->state.work = std::make_unique<keeper>(self, *given, shared);
        return self->state.work->behavior();
      },
      std::make_shared<collaborators>(with), state_->shared);
}

extension_keeper::~extension_keeper() { caf::anon_send_exit(state_->actor, caf::exit_reason::user_shutdown); }

void extension_keeper::publish(authentication_facts facts) {
  {
    const std::lock_guard lock(state_->shared->mutex);
    state_->shared->facts = std::move(facts);
  }
  leader_changed();
}

void extension_keeper::leader_changed() { caf::anon_send(state_->actor, look{}); }

} // namespace actord::actors
