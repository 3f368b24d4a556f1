#include "actors/api/api_frontend.hpp"

#include "actors/aggregation/extension_endpoint.hpp"
#include "actors/api/access/access_questions.hpp"
#include "actors/api/access/issuer_endpoint.hpp"
#include "actors/api/access/review_endpoint.hpp"
#include "actors/api/access/token_endpoint.hpp"
#include "actors/api/api_request.hpp"
#include "actors/api/console_endpoint.hpp"
#include "actors/api/discovery_endpoint.hpp"
#include "actors/api/forwarding/answer_collector.hpp"
#include "actors/api/forwarding/command_request.hpp"
#include "actors/api/forwarding/for_leader.hpp"
#include "actors/api/forwarding/forwarded_exchange.hpp"
#include "actors/api/forwarding/leader_wait.hpp"
#include "actors/api/forwarding/replica_reads.hpp"
#include "actors/api/forwarding/write_forwarder.hpp"
#include "actors/api/metrics.hpp"
#include "actors/api/own_group_service.hpp"
#include "actors/api/proxy/incoming_body.hpp"
#include "actors/api/proxy/proxy_endpoint.hpp"
#include "actors/api/read_endpoint.hpp"
#include "actors/api/refused_requests.hpp"
#include "actors/api/request_admission.hpp"
#include "actors/api/streams/connect_endpoint.hpp"
#include "actors/api/streams/connect_review.hpp"
#include "actors/api/streams/log_endpoint.hpp"
#include "actors/api/telemetry/health_endpoint.hpp"
#include "actors/api/watch_endpoint.hpp"
#include "actors/api/write_endpoint.hpp"
#include "actors/audit/audit_trail.hpp"
#include "actors/authentication/impersonation.hpp"
#include "actors/authorization/authorizer.hpp"
#include "actors/cluster/leader_link.hpp"
#include "actors/conversion/form_source.hpp"
#include "actors/flow/flow_gate.hpp"
#include "actors/objects/object_router.hpp"
#include "actors/objects/refusals.hpp"
#include "actors/webhooks/webhook_gate.hpp"
#include "schema/base/json.hpp"
#include "storage/leader_errors.hpp"
#include "storage/store.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace actord::actors {
namespace {

constexpr std::string_view image_path = "/apis/actord.dev/v1/images";
constexpr std::string_view joining_path = "/apis/actord.dev/v1/joins";

void answer_metrics(net::http_exchange& exchange, std::string text) {
  net::http_response response;
  response.code = 200;
  response.headers.emplace_back("content-type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = share_bytes(std::move(text));
  exchange.respond(std::move(response));
}

std::string_view subresource_of(const api_request& request) {
  return request.route.subresource == nullptr ? std::string_view() : request.route.subresource->name;
}

/// Whether a body goes to a pod or service. Quick to say no: every request is asked.
bool is_proxied(const std::string& path) {
  if (path.find("/proxy") == std::string::npos) return false;
  const request_route route = find_route(path);
  const auto* resource = std::get_if<resource_route>(&route);
  return resource != nullptr && resource->subresource != nullptr && resource->subresource->name == "proxy";
}

/// Subresources that lead to a pod, service or node.
bool connects(const api_request& request) {
  return is_pod_stream(subresource_of(request)) || subresource_of(request) == "proxy";
}

/// A WebSocket begins with a GET, but who may only look must not get a shell: streams into pods need "create"
/// however they begin, as Kubernetes asks since 1.35.
std::optional<access_question> further_question(const api_request& request) {
  if (!is_pod_stream(subresource_of(request)) || request.verb == "create") return {};
  access_question question = resource_question(request);
  question.verb = "create";
  return question;
}

} // namespace

class api_frontend::state : public std::enable_shared_from_this<state> {
public:
  explicit state(collaborators with)
      : with_(with_gate(std::move(with))),
        waiting_(with_.link == nullptr ? nullptr
                                       : std::make_shared<leader_wait>(with_.system, with_.registry)),
        reads_(with_.store, waiting_, with_.clock, short_lane()),
        forms_(std::make_shared<form_source>(
            with_.webhooks == nullptr ? nullptr : with_.webhooks->conversions(), short_lane())),
        watches_({with_.system, reads_, forms_, with_.registry, with_.random, with_.clock}),
        metrics_(std::make_shared<api_metrics>()),
        admission_({with_.gate, with_.store, watches_, metrics_, with_.clock}) {}

  void handle_safely(net::http_request http, const net::exchange_handle& exchange) {
    const auto request = std::make_shared<api_request>();
    request->http = std::move(http);
    request->exchange = exchange;
    handle_safely(request);
  }

private:
  /// What no check foresaw ends the request, not the daemon.
  void handle_safely(const request_handle& request) {
    try {
      handle(request);
    } catch (const std::exception& failure) {
      spdlog::error("{} {} failed: {}", request->http.method, request->http.path, failure.what());
      answer_error(*request->exchange, {.kind = error_kind::internal,
                                        .message = std::string("Internal error occurred: ") + failure.what(),
                                        .causes = {},
                                        .subject = {}});
    }
  }

  static collaborators with_gate(collaborators with) {
    if (!with.gate) with.gate = std::make_shared<flow_gate>(with.clock);
    return with;
  }

  void handle(const request_handle& request) {
    identity_verdict sender = with_.authentication.identify(request->http);
    if (sender.what == identity_verdict::outcome::waiting) return handle_later(request);
    const bool known = sender.what == identity_verdict::outcome::known;
    // A server that has just started may lead no longer, and may not have looked yet for the others.
    const bool leads_alone = !forwarder_ || (!with_.link->has_others() && with_.router.is_open_to_all());
    if (!leads_alone && known && is_for_leader(request->http))
      return forward(std::move(request->http), request->exchange, std::move(sender.caller));
    request->request_id = new_request_id();
    proceed(request, std::move(sender));
  }

  void forward(net::http_request http, const net::exchange_handle& exchange, caller_identity sender) {
    net::forwarded_request what;
    what.request_id = new_request_id();
    what.user = std::move(sender.user);
    what.uid = std::move(sender.uid);
    what.groups = std::move(sender.groups);
    for (auto& [name, values] : sender.extra) what.extra.emplace_back(name, std::move(values));
    what.http = std::move(http);
    forwarder_->forward(std::move(what), exchange, with_.clock.steady_now() + leader_patience);
  }

  /// A write that this server takes because it leads. Kept whole until it is answered: the next leader may
  /// have to be asked.
  void serve_own(net::forwarded_request what, const net::exchange_handle& exchange, steady_time until) {
    const auto request = request_of(what, exchange);
    request->ask_next_leader = [self = shared_from_this(), until,
                                kept = std::make_shared<net::forwarded_request>(std::move(what))](
                                   const api_request& failed, const error& why) {
      net::forwarded_request next = *kept;
      next.counted = true;
      next.again = next.again || !storage::is_not_leading(why);
      self->forwarder_->pass_on(std::move(next), failed.exchange, until);
    };
    proceed_safely(request);
  }

  std::shared_ptr<api_request> request_of(const net::forwarded_request& what,
                                          const net::exchange_handle& exchange) {
    auto request = std::make_shared<api_request>();
    request->http = what.http;
    request->exchange = exchange;
    request->caller = sender_of(what);
    request->request_id = what.request_id;
    request->again = what.again;
    request->counted = what.counted;
    return request;
  }

  /// request.caller is who sent it.
  void proceed_safely(const request_handle& request) {
    try {
      proceed(request, {.what = identity_verdict::outcome::known, .caller = std::move(request->caller)});
    } catch (const std::exception& failure) {
      spdlog::error("{} {} failed: {}", request->http.method, request->http.path, failure.what());
      answer_error(*request, {.kind = error_kind::internal,
                              .message = std::string("Internal error occurred: ") + failure.what(),
                              .causes = {},
                              .subject = {}});
    }
  }

  void proceed(const request_handle& request, identity_verdict sender) {
    request_route route = find_route(request->http.path);
    extension_handle extension;
    if (with_.extensions != nullptr && std::holds_alternative<no_route>(route))
      if (auto claimed = with_.extensions->claim(request->http.path)) {
        route = std::move(claimed->route);
        extension = std::move(claimed->service);
      }
    request->query = query_values::parse(request->http.query);
    request->anonymous = sender.what == identity_verdict::outcome::nobody;
    const bool known = sender.what == identity_verdict::outcome::known;
    const bool audits = with_.audit && !request->counted;
    if (known && !asks_to_impersonate(request->http)) {
      // As nearly all do: moved, for a caller is a dozen strings.
      request->caller = std::move(sender.caller);
      if (audits) with_.audit->begin(*request, route, &request->caller);
    } else {
      request->caller = request->anonymous ? anonymous() : sender.caller;
      auto acting = acting_caller(request->http, sender);
      if (acting) request->caller = std::move(*acting);
      if (audits) with_.audit->begin(*request, route, known ? &sender.caller : nullptr);
      if (!acting) return refuse(*request, "other", explained(acting.error(), sender, request->http.path));
    }
    if (!is_plain(request->http))
      return refuse(*request, "other", packed_body(request->http.header("content-encoding")));
    request->pretty = request->query.has("pretty") && request->query.flag("pretty");
    if (auto* resource = std::get_if<resource_route>(&route)) {
      request->route = std::move(*resource);
      return extension ? handle_extension(request, extension) : handle_resource(request);
    }
    handle_path(request, route, extension);
  }

  /// Once the keys are there that tell whether the token is good; without them it is not.
  void handle_later(const request_handle& request) {
    const auto ready = [self = shared_from_this(), request] {
      if (self->with_.authentication.identify(request->http).what == identity_verdict::outcome::waiting)
        return answer_error(*request->exchange, not_authenticated());
      self->handle_safely(request);
    };
    const bool waits = with_.authentication.when_decidable(request->http, ready);
    if (!waits) answer_error(*request->exchange, not_authenticated());
  }

  /// Whom a request speaks for. Who shows nothing is anonymous and may not speak for others.
  result<caller_identity> acting_caller(const net::http_request& http, const identity_verdict& sender) const {
    if (sender.what == identity_verdict::outcome::known)
      return acting_identity(http, sender.caller, with_.authorization);
    if (sender.what == identity_verdict::outcome::nobody && !asks_to_impersonate(http)) return anonymous();
    return not_authenticated();
  }

  /// A machine that joins is told what is wrong with its token: whoever set it up has to know.
  static error explained(error why, const identity_verdict& sender, std::string_view path) {
    if (sender.what != identity_verdict::outcome::refused || !path.starts_with(joining_path)) return why;
    why.message = sender.why.empty()
                      ? "the token is not known here: it is mistyped, has expired or was deleted"
                      : sender.why;
    return why;
  }

  /// Why the request may not be; none when it may. Anonymous requests are asked to say who they are.
  [[nodiscard]] std::optional<error> objection(const api_request& request,
                                               const access_question& question) const {
    const bool unknown = request.anonymous && !question.about_path();
    if (!unknown && with_.authorization.allows(request.caller, question)) {
      if (request.audit)
        request.audit->authorized(true, with_.authorization.judge(request.caller, question).reason);
      return {};
    }
    const access_verdict verdict = with_.authorization.judge(request.caller, question);
    if (request.audit) request.audit->authorized(false, verdict.reason);
    if (request.anonymous) return not_authenticated();
    return access_denied(request.caller, question, verdict.reason);
  }

public:
  std::unique_ptr<net::body_sink> stream_body(const net::http_request& head,
                                              const net::exchange_handle& exchange) {
    const bool extends = with_.extensions != nullptr && with_.extensions->takes_body(head.path);
    if (extends || is_proxied(head.path)) return pass_on_body(head, exchange);
    if (head.method != "POST" || head.path != image_path) return nullptr;
    const access_question question = own_group_question(head.method, head.path);
    const identity_verdict sender = with_.authentication.identify(head);
    const auto caller = acting_caller(head, sender);
    const bool known = sender.what == identity_verdict::outcome::known;
    if (!known || !caller || !with_.authorization.allows(*caller, question))
      return nullptr; // the collected request is answered with the error
    const auto request = std::make_shared<api_request>();
    request->http = head;
    request->exchange = exchange;
    request->caller = *caller;
    request->verb = question.verb;
    if (with_.audit) with_.audit->begin(*request, find_route(head.path), &sender.caller);
    if (request->audit) request->audit->authorized(true, with_.authorization.judge(*caller, question).reason);
    return receive_image(with_.store, nodes_.load(), request,
                         [self = shared_from_this()](const request_handle& whole, std::function<void()> run) {
                           self->admission_.admit(whole, std::move(run));
                         });
  }

  /// The request is handled at its head, and what follows goes wherever that leads.
  std::unique_ptr<net::body_sink> pass_on_body(const net::http_request& head,
                                               const net::exchange_handle& exchange) {
    const auto request = std::make_shared<api_request>();
    request->http = head;
    request->exchange = exchange;
    request->incoming = std::make_shared<incoming_body>(exchange);
    auto sink = request->incoming->sink();
    handle_safely(request);
    return sink;
  }

  void stop() {
    *stopped_ = true;
    with_.gate->stop();
    if (waiting_) waiting_->stop();
  }

  /// Needs shared_from_this.
  void connect_leader() {
    if (with_.link == nullptr) return;
    forwarder_ = std::make_shared<write_forwarder>(write_forwarder::collaborators{
        .store = with_.store,
        .link = *with_.link,
        .waiting = waiting_,
        .clock = with_.clock,
        .deadline = [webhooks = with_.webhooks](
                        const net::http_request& http) { return answer_deadline(webhooks, http); },
        .leads = [stopped = stopped_,
                  &router = with_.router] { return !*stopped && router.is_open_to_all(); },
        .serve =
            [weak = weak_from_this()](net::forwarded_request what, const net::exchange_handle& exchange,
                                      steady_time until) {
              if (const auto self = weak.lock()) self->serve_own(std::move(what), exchange, until);
            }});
  }
  void leader_changed() {
    if (!forwarder_) return;
    // Not on the thread that told.
    waiting_->park([forwarder = forwarder_] { forwarder->leader_changed(); });
    waiting_->wake();
  }
  void write_at_leader(write_command command) {
    const net::exchange_handle exchange = answer_to(std::move(command.done));
    if (!forwarder_) return answer_error(*exchange, storage::not_leading("there is no other server"));
    forwarder_->forward(travelling_form(command, new_request_id()), exchange,
                        with_.clock.steady_now() + leader_patience);
  }
  void serve_forwarded(std::string_view payload, std::function<void(result<std::string>)> answer) {
    auto what = net::decode_forwarded_request(payload);
    if (!what) return answer(what.error());
    const auto exchange = std::make_shared<forwarded_exchange>(with_.store, std::move(answer));
    const auto not_leading = storage::not_leading("this server does not lead the cluster");
    if (!with_.router.is_open_to_all()) return exchange->turn_away(not_leading);
    const auto request = request_of(*what, exchange);
    request->ask_next_leader = [exchange](const api_request&, const error& why) { exchange->turn_away(why); };
    proceed_safely(request);
  }
  void serve_node(const std::string& node, std::string_view payload,
                  std::function<void(result<std::string>)> answer) {
    auto batch = net::decode_forwarded_batch(payload);
    if (!batch) return answer(batch.error());
    const storage::store_status status = with_.store.status();
    const bool elsewhere =
        !with_.router.is_open_to_all() && status.leader != 0 && status.leader != status.self;
    batch->node = node;
    if (elsewhere && with_.link != nullptr)
      return with_.link->call(status.leader, node_batch_method, net::encode_forwarded(*batch), batch_deadline,
                              std::move(answer));
    serve_batch(*batch, std::move(answer));
  }
  void serve_node_batch(std::string_view payload, std::function<void(result<std::string>)> answer) {
    const auto batch = net::decode_forwarded_batch(payload);
    if (!batch) return answer(batch.error());
    if (with_.router.is_open_to_all()) return serve_batch(*batch, std::move(answer));
    answer(net::encode_forwarded_answers(std::vector<std::string>(
        batch->requests.size(), net::encode_forwarded({net::forwarded_answer::not_leading{}}))));
  }
  void connect_nodes(node_directory* nodes) { nodes_ = nodes; }
  void connect_cluster(own_group_service* cluster) { cluster_ = cluster; }
  void on_connection_count(std::function<std::size_t()> count) { connection_count_ = std::move(count); }

private:
  void serve_batch(const net::forwarded_batch& batch, std::function<void(result<std::string>)> answer) {
    std::vector<net::forwarded_request> all;
    for (const std::string& bytes : batch.requests) {
      auto what = net::decode_forwarded_request(bytes);
      if (!what) return answer(what.error());
      all.push_back(std::move(*what));
    }
    const auto answers = std::make_shared<answer_collector>(all.size(), std::move(answer));
    for (std::size_t at = 0; at < all.size(); ++at) {
      net::forwarded_request& what = all[at];
      const auto exchange = std::make_shared<forwarded_exchange>(
          with_.store, [answers, at](std::string one) { answers->put(at, std::move(one)); }, what.quiet);
      what.user = "system:node:" + batch.node;
      what.uid.clear();
      what.groups = {"system:nodes", "system:authenticated"};
      what.extra.clear();
      what.counted = false;
      const steady_time until = with_.clock.steady_now() + leader_patience;
      if (forwarder_)
        forwarder_->forward(std::move(what), exchange, until);
      else
        serve_own(std::move(what), exchange, until); // the store always leads
    }
  }

  void refuse(const api_request& request, std::string_view verb, const error& why) {
    metrics_->count(verb, http_code(why.kind));
    answer_error(request, why);
  }

  std::string new_request_id() { return fmt::format("{:016x}", with_.random.next()); }

  void handle_resource(const request_handle& request) {
    const bool watch = request->query.flag("watch");
    request->verb = api_verb(request->http.method, request->route, watch);
    if (const auto why = objection(*request, resource_question(*request)))
      return refuse(*request, request->verb, *why);
    if (const auto further = further_question(*request))
      if (const auto why = objection(*request, *further)) return refuse(*request, request->verb, *why);
    const auto form = negotiate(request->http.header("accept"), request->type().custom == nullptr);
    const bool connecting = connects(*request);
    if (!form && !connecting) return refuse(*request, request->verb, form.error());
    if (form) request->form = *form;
    // A proxied request has whatever method its backend knows.
    const bool any_method = request->verb.empty() && subresource_of(*request) == "proxy";
    if (!any_method && (request->verb.empty() || !verb_is_served(request->route, request->verb)))
      return refuse(*request, request->verb.empty() ? "other" : request->verb, method_not_allowed());
    if (request->counted) return dispatch(request);
    admission_.admit(request, [self = shared_from_this(), request] { self->dispatch(request); });
  }

  /// Whoever serves it decides what it means; here it is only whether the client may ask.
  void handle_extension(const request_handle& request, const extension_handle& extension) {
    request->verb = api_verb(request->http.method, request->route, request->query.flag("watch"));
    if (const auto why = objection(*request, resource_question(*request)))
      return refuse(*request, request->verb, *why);
    admission_.admit(request, [self = shared_from_this(), request, extension] {
      self->with_.extensions->serve(request, extension);
    });
  }

  void dispatch(const request_handle& request) {
    const schema::resource_type& type = request->type();
    const std::string_view subresource = subresource_of(*request);
    if (is_review(type) && request->form.form != object_form::whole)
      return answer_error(*request, only_as_itself());
    if (is_review(type))
      return serve_review({with_.authentication, with_.authorization, asked_about_reviews()}, request);
    if (type.type == nullptr) return answer_error(*request, no_such_resource());
    if (connects(*request)) return serve_connection(request);
    if (subresource == "log") return serve_log(with_.store, nodes_.load(), request);
    if (subresource == "token")
      return serve_token_request(with_.store, with_.tokens, asked_about_reviews(), request);
    if (request->verb == "get") return serve_get(reads_, forms_, request);
    if (request->verb == "list") return serve_list(reads_, forms_, request);
    if (request->verb == "watch") return watches_.serve(request);
    if (request->verb == "deletecollection")
      return serve_delete_collection(with_.store, with_.router, forms_, request);
    serve_write(with_.router, forms_, request);
  }

  [[nodiscard]] std::function<void(std::function<void()>)> short_lane() const {
    return [gate = with_.gate](std::function<void()> job) { gate->lane().run_short(std::move(job)); };
  }
  [[nodiscard]] review_admission asked_about_reviews() const { return {with_.webhooks, short_lane()}; }

  void serve_connection(const request_handle& request) {
    const auto serve = [self = shared_from_this(), request] {
      if (subresource_of(*request) == "proxy") return self->proxy_.serve(request, self->nodes_.load());
      serve_pod_stream(self->with_.store, self->nodes_.load(), request);
    };
    review_connection({with_.admission, with_.webhooks}, short_lane(), request, serve);
  }

  /// `extension`: who answers in our place; null: we do.
  void handle_path(const request_handle& request, const request_route& route,
                   const extension_handle& extension) {
    const std::string& path = request->http.path;
    const access_question question =
        is_own_group(path) ? own_group_question(request->http.method, path) : path_question(*request);
    request->verb = question.verb;
    if (!is_open_to_all(path))
      if (const auto why = objection(*request, question)) return refuse(*request, "path", *why);
    if (const auto* nothing = std::get_if<no_route>(&route)) {
      metrics_->count("path", 404);
      return nothing->status ? answer_error(*request, no_such_resource())
                             : answer_text(*request->exchange, 404, "404 page not found\n");
    }
    if (const auto form = negotiate(request->http.header("accept"))) request->form = *form;
    admission_.admit(request, [self = shared_from_this(), request, route, extension] {
      extension ? self->with_.extensions->serve(request, extension) : self->serve_path(request, route);
    });
  }

  void serve_path(const request_handle& request, const request_route& route) {
    if (const auto* document = std::get_if<discovery_route>(&route))
      return serve_discovery(*document, with_.advertised_address, request, listed());
    serve_plain(request, std::get<plain_route>(route).path);
  }

  /// What extension servers add to documents.
  [[nodiscard]] extension_list listed() const {
    return with_.extensions == nullptr ? extension_list{} : with_.extensions->listed();
  }

  static std::string store_problem(const storage::store_status& status) {
    if (!status.writable) return "the disk or the map is full";
    return status.leader == 0 ? "no leader of the cluster is heard from" : "";
  }

  void serve_plain(const request_handle& request, const std::string& path) {
    if (path == "/version") return serve_version(request);
    if (is_open_to_all(path)) {
      health_answer health = check_health(path, request->query,
                                          {.store_problem = store_problem(with_.store.status()),
                                           .waiting_for = with_.readiness ? with_.readiness() : std::string(),
                                           .explains = !request->anonymous});
      return answer_text(*request->exchange, health.code, std::move(health.text));
    }
    if (path == "/metrics")
      return answer_metrics(*request->exchange,
                            metrics_->text(with_.store.status(), with_.store.members(),
                                           connection_count_ ? connection_count_() : 0) +
                                storage_metrics_text(*with_.store.read()) + watches_.metrics_text() +
                                work_metrics_text(with_.registry) + with_.gate->metrics_text() +
                                (with_.audit ? with_.audit->metrics_text() : ""));
    if (path == "/apis/actord.dev/v1/actors" && request->http.method == "GET")
      return serve_actors(with_.registry, request);
    if (own_group_service* const cluster = cluster_.load(); cluster != nullptr && is_own_group(path))
      if (cluster->serve(request)) return;
    if (path == "/") return serve_path_list(request);
    if (is_issuer_path(path)) return serve_issuer(with_.tokens, with_.advertised_address, request);
    if (path.starts_with("/openapi/v3/") && with_.extensions != nullptr &&
        with_.extensions->serve_openapi(request, path.substr(std::string_view("/openapi/v3/").size())))
      return;
    if (path.starts_with("/openapi")) return serve_openapi(request, path, listed());
    answer_text(*request->exchange, 404, "404 page not found\n");
  }

  collaborators with_;
  /// The router may be gone: what its last actors answer goes nowhere.
  const std::shared_ptr<std::atomic<bool>> stopped_ = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<leader_wait> waiting_;       ///< null: the store always leads
  std::shared_ptr<write_forwarder> forwarder_; ///< null: the store always leads
  replica_reads reads_;
  const form_source_handle forms_;
  watch_endpoint watches_;
  std::shared_ptr<api_metrics> metrics_;
  request_admission admission_;
  proxy_endpoint proxy_{with_.store, with_.random};
  std::atomic<node_directory*> nodes_{nullptr};
  std::atomic<own_group_service*> cluster_{nullptr};
  std::function<std::size_t()> connection_count_;
};

api_frontend::api_frontend(collaborators with) : state_(std::make_shared<state>(std::move(with))) {
  state_->connect_leader();
}
api_frontend::~api_frontend() { state_->stop(); }

net::http_handler api_frontend::handler() const {
  return {.handle =
              [state = state_](net::http_request request, net::exchange_handle exchange) {
                state->handle_safely(std::move(request), exchange);
              },
          .stream_body =
              [state = state_](const net::http_request& head, const net::exchange_handle& exchange) {
                return state->stream_body(head, exchange);
              }};
}

void api_frontend::leader_changed() { state_->leader_changed(); }
void api_frontend::write_at_leader(write_command command) { state_->write_at_leader(std::move(command)); }
void api_frontend::serve_forwarded(std::string_view payload,
                                   std::function<void(result<std::string>)> answer) {
  state_->serve_forwarded(payload, std::move(answer));
}

void api_frontend::serve_node(const std::string& node, std::string_view payload,
                              std::function<void(result<std::string>)> answer) {
  state_->serve_node(node, payload, std::move(answer));
}

void api_frontend::serve_node_batch(std::string_view payload,
                                    std::function<void(result<std::string>)> answer) {
  state_->serve_node_batch(payload, std::move(answer));
}

void api_frontend::connect_nodes(node_directory* nodes) { state_->connect_nodes(nodes); }
void api_frontend::connect_cluster(own_group_service* cluster) { state_->connect_cluster(cluster); }
void api_frontend::on_connection_count(std::function<std::size_t()> count) {
  state_->on_connection_count(std::move(count));
}

} // namespace actord::actors
