#include "actors/cluster/joining/join_service.hpp"

#include "actors/authorization/authorizer.hpp"
#include "actors/cluster/joining/join_policy.hpp"
#include "actors/cluster/keys/key_store.hpp"
#include "actors/console/actor_registry.hpp"
#include "net/pki/node_certificate.hpp"
#include "net/pki/signing_requests.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "storage/settled.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <fmt/format.h>
#include <mutex>
#include <spdlog/spdlog.h>

namespace actord::actors {
namespace {

constexpr std::string_view members_path = "/apis/actord.dev/v1/members";

/// One machine on its way in.
struct joining {
  request_handle request;
  join_request asked;
  std::shared_ptr<node_record> record; ///< as it was granted
  key_handover keys;                   ///< of servers
  bool renews = false;
};
using joining_handle = std::shared_ptr<const joining>;

} // namespace
} // namespace actord::actors

namespace actord::actors::joining_messages {

/// The store answered: register, then admit or sign.
struct registered {
  joining_handle of;
  result<void> outcome;
};
/// The members know of it: sign.
struct admitted {
  joining_handle of;
  result<void> outcome;
};
/// The store answered: the node is forgotten. A server still has to leave the members.
struct forgotten {
  request_handle request;
  node_record node;
  result<void> outcome;
};
/// It is no member any more.
struct expelled {
  request_handle request;
  node_record node;
  result<void> outcome;
};

} // namespace actord::actors::joining_messages

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::joining_messages::registered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::joining_messages::admitted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::joining_messages::expelled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::joining_messages::forgotten)

namespace actord::actors {
namespace {

using namespace joining_messages;

/// A machine that does not know whether it was let in asks again soon.
result<void> registration_of(const storage::outcome& outcome) {
  auto done = storage::settled(outcome);
  if (!std::holds_alternative<storage::unknown>(outcome)) return done;
  error lost = done.error();
  lost.retry_after_s = 1;
  return lost;
}

schema::write_cause cause_of(const api_request& request, const char* verb) {
  return {.actor = request.caller.user,
          .verb = verb,
          .request_id = request.request_id,
          .reacted_to = {},
          .note = "a node of the cluster"};
}

/// Holds secrets: never cached, never in an audit log.
void answer_joined(const api_request& request, const join_answer& answer) {
  net::http_response response;
  response.code = 201;
  response.headers.emplace_back("content-type", "application/json");
  response.headers.emplace_back("cache-control", "no-store");
  response.body = share_bytes(encode_join_answer(answer));
  request.exchange->respond(std::move(response));
}

struct service_context {
  join_service::collaborators with;
  join_service::settings how;
};

void sign(const service_context& context, const joining& of) {
  const auto authority = context.with.authority->current();
  const auto asked = net::read_signing_request(of.asked.request_pem);
  if (!asked) return answer_error(*of.request, asked.error());
  const net::node_identity identity{
      .cluster = context.with.store.cluster_id(), .node = of.record->node, .member = of.record->member};
  const auto order = net::node_certificate_order(identity, context.how.certificate_life);
  const auto certificate =
      net::certify_key(authority->signing, asked->public_pem, order, context.with.clock.wall_now());
  if (!certificate) return answer_error(*of.request, certificate.error());
  answer_joined(*of.request, {.cluster = identity.cluster,
                              .member = identity.member,
                              .certificate_pem = *certificate,
                              .authorities_pem = authority->trusted_pem,
                              .members = members_of(node_records(*context.with.store.read())),
                              .service_cidr = context.how.service_cidr,
                              .cluster_cidr = context.how.cluster_cidr,
                              .slot = of.record->slot,
                              .master_key = of.keys.master_key,
                              .key_table = of.keys.sealed_table});
  if (of.renews)
    spdlog::info("node {} got its next certificate", of.record->node);
  else
    spdlog::info("node {} joined as {}, let in by {}", of.record->node,
                 identity.member == 0 ? std::string("a worker") : fmt::format("member {}", identity.member),
                 of.request->caller.user);
}

struct taker_state {
  std::shared_ptr<actor_card> card;
  std::size_t taken_in = 0;
};

caf::behavior take_in(caf::stateful_actor<taker_state>* self,
                      const std::shared_ptr<service_context>& context) {
  self->state.card = context->with.registry.enroll("cluster", "joining");
  const auto me = caf::actor_cast<caf::actor>(self);
  const auto finish = [self, context](const joining& of) {
    sign(*context, of);
    self->state.card->summarize(fmt::format("{} certificates given", ++self->state.taken_in));
  };
  return {[=](const registered& message) {
            self->state.card->handled("registered", 0);
            const joining& of = *message.of;
            if (!message.outcome) return answer_error(*of.request, message.outcome.error());
            if (of.record->member == 0 || of.renews) return finish(of);
            context->with.members->admit(*of.record, [me, handle = message.of](result<void> outcome) {
              caf::anon_send(me, admitted{handle, std::move(outcome)});
            });
          },
          [=](const admitted& message) {
            self->state.card->handled("admitted", 0);
            if (!message.outcome) return answer_error(*message.of->request, message.outcome.error());
            finish(*message.of);
          },
          [=](const forgotten& message) {
            self->state.card->handled("forgotten", 0);
            if (!message.outcome) return answer_error(*message.request, message.outcome.error());
            const auto gone = [me, request = message.request, node = message.node](result<void> outcome) {
              caf::anon_send(me, expelled{request, node, std::move(outcome)});
            };
            if (message.node.member == 0) return gone(result<void>());
            context->with.members->expel(message.node, gone);
          },
          [=](const expelled& message) {
            self->state.card->handled("expelled", 0);
            if (!message.outcome) return answer_error(*message.request, message.outcome.error());
            spdlog::info("node {} was removed by {}", message.node.node, message.request->caller.user);
            answer_json(*message.request, 200,
                        json{{"kind", "Status"}, {"apiVersion", "v1"}, {"status", "Success"}}.dump());
          }};
}

} // namespace

class join_service::state {
public:
  state(collaborators with, settings how)
      : context_(std::make_shared<service_context>(service_context{std::move(with), std::move(how)})),
        actor_(context_->with.system.spawn(take_in, context_)) {}

  void stop() { caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown); }

  bool serve(const request_handle& request) {
    const std::string& path = request->http.path;
    const std::string& method = request->http.method;
    if (path == joins_path && method == "POST") return join(request), true;
    if (path == members_path && method == "GET") return list(request), true;
    const std::string_view rest = path;
    if (rest.starts_with(members_path) && method == "DELETE" && rest.size() > members_path.size() + 1)
      return remove(request, std::string(rest.substr(members_path.size() + 1))), true;
    constexpr std::string_view renew_suffix = "/renew";
    if (rest.starts_with(joins_path) && rest.ends_with(renew_suffix) && method == "POST" &&
        rest.size() > joins_path.size() + 1 + renew_suffix.size())
      return renew(request, rest.substr(joins_path.size() + 1,
                                        rest.size() - joins_path.size() - 1 - renew_suffix.size())),
             true;
    return false;
  }

private:
  [[nodiscard]] std::optional<error> too_fast() {
    const std::lock_guard lock(mutex_);
    int wait_s = 0;
    if (pace_.take(context_->with.clock.steady_now(), wait_s)) return {};
    return error{.kind = error_kind::too_many_requests,
                 .message = "many machines are joining at once: try again",
                 .retry_after_s = wait_s};
  }

  [[nodiscard]] result<joining> read(const request_handle& request) {
    if (const auto early = too_fast()) return *early;
    auto asked = decode_join_request(request->http.body);
    if (!asked) return asked.error();
    auto record = record_asked_for(*asked);
    if (!record) return record.error();
    return joining{.request = request,
                   .asked = *std::move(asked),
                   .record = std::make_shared<node_record>(*std::move(record)),
                   .keys = {}};
  }

  void join(const request_handle& request) {
    auto read_in = read(request);
    if (!read_in) return answer_error(*request, read_in.error());
    joining of = *std::move(read_in);
    if (of.asked.serves) {
      if (const auto why = server_objection(*request)) return answer_error(*request, *why);
      auto keys = hand_over_keys(context_->with.store, context_->how.pki_directory);
      if (!keys) return answer_error(*request, keys.error());
      of.keys = *std::move(keys);
    }
    const node_record asked = *of.record;
    const auto handle = std::make_shared<const joining>(std::move(of));
    context_->with.store.propose(
        register_node(asked, handle->asked.serves, cause_of(*request, "create"), handle->record),
        [me = actor_, handle](const storage::outcome& outcome) {
          caf::anon_send(me, registered{handle, registration_of(outcome)});
        });
  }

  [[nodiscard]] std::optional<error> server_objection(const api_request& request) const {
    const access_question question{
        .verb = "create", .group = "actord.dev", .resource = "joins", .subresource = "server"};
    if (!context_->with.authorization.allows(request.caller, question))
      return error{.kind = error_kind::forbidden,
                   .message = "this token lets workers in, not servers: make one with 'actctl token create "
                              "--roles server'"};
    if (context_->with.members == nullptr)
      return error{.kind = error_kind::forbidden, .message = "this cluster runs on one server only"};
    return {};
  }

  void renew(const request_handle& request, std::string_view node) {
    auto read_in = read(request);
    if (!read_in) return answer_error(*request, read_in.error());
    joining of = *std::move(read_in);
    const auto known = read_node_record(context_->with.store.read()->get(node_record_key(node)));
    if (const auto why = renewal_objection(request->caller, node, *of.record, known))
      return answer_error(*request, *why);
    of.record = std::make_shared<node_record>(*known);
    of.renews = true;
    caf::anon_send(actor_, registered{std::make_shared<const joining>(std::move(of)), result<void>()});
  }

  static const char* state_of(const node_record& node, const storage::store_status& status,
                              const std::vector<storage::cluster_member>& members) {
    if (node.member == 0) return "";
    if (node.member == status.leader) return "leader";
    const auto found = std::ranges::find(members, node.member, &storage::cluster_member::id);
    if (found == members.end()) return "joining";
    return found->voter ? "voter" : "learner";
  }

  void list(const request_handle& request) const {
    const storage::store_status status = context_->with.store.status();
    json items = json::array();
    const std::vector<storage::cluster_member> members = context_->with.store.members();
    std::string leader;
    for (const node_record& each : node_records(*context_->with.store.read())) {
      if (each.member != 0 && each.member == status.leader) leader = each.node;
      items.push_back({{"node", each.node},
                       {"state", state_of(each, status, members)},
                       {"member", each.member},
                       {"server", each.member != 0},
                       {"worker", each.works},
                       {"rpcAddress", each.rpc_address},
                       {"apiAddress", each.api_address},
                       {"joined", schema::format_time(each.joined)}});
    }
    const json document = {{"kind", "MemberList"},
                           {"apiVersion", "actord.dev/v1"},
                           {"cluster", context_->with.store.cluster_id()},
                           {"status",
                            {{"leader", leader},
                             {"writable", status.writable},
                             {"term", status.term.value},
                             {"revision", status.last.value},
                             {"logLast", status.log_last}}},
                           {"items", std::move(items)}};
    answer_json(*request, 200, document.dump());
  }

  void remove(const request_handle& request, const std::string& node) {
    const auto known = read_node_record(context_->with.store.read()->get(node_record_key(node)));
    if (!known)
      return answer_error(*request, {.kind = error_kind::not_found,
                                     .message = fmt::format("no node \"{}\" has joined this cluster", node)});
    const bool last =
        known->member == context_->with.store.status().self && context_->with.store.members().size() <= 1;
    if (known->member != 0 && (last || context_->with.members == nullptr))
      return answer_error(*request,
                          {.kind = error_kind::forbidden,
                           .message = fmt::format("node \"{}\" is the cluster's only server", node)});
    context_->with.store.propose(forget_node(node, cause_of(*request, "delete")),
                                 [me = actor_, request, record = *known](const storage::outcome& outcome) {
                                   caf::anon_send(me, forgotten{request, record, registration_of(outcome)});
                                 });
  }

  std::shared_ptr<service_context> context_;
  caf::actor actor_;
  std::mutex mutex_;
  join_pace pace_;
};

join_service::join_service(collaborators with, settings how)
    : state_(std::make_shared<state>(std::move(with), std::move(how))) {}
join_service::~join_service() { state_->stop(); }
bool join_service::serve(const request_handle& request) { return state_->serve(request); }

} // namespace actord::actors
