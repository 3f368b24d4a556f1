#include "actors/api/request_admission.hpp"

#include "actors/api/metrics.hpp"
#include "actors/api/watch_endpoint.hpp"
#include "actors/flow/metered_exchange.hpp"
#include "schema/rules/deprecation.hpp"
#include "storage/store.hpp"

#include <array>
#include <charconv>
#include <spdlog/spdlog.h>

namespace actord::actors {
namespace {

std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// Streams that last as long as the client likes are no work of the server's.
bool is_stream(const api_request& request) {
  if (request.route.subresource == nullptr) return false;
  const std::string_view subresource = request.route.subresource->name;
  return subresource == "exec" || subresource == "attach" || subresource == "portforward" ||
         subresource == "proxy" || (subresource == "log" && request.query.flag("follow"));
}

bool names_one(std::string_view field_selector) {
  return field_selector.find("metadata.name=") != std::string_view::npos;
}

/// A watch begins with the state unless it names a version to begin from.
bool begins_with_state(const query_values& query) {
  if (query.has("sendInitialEvents")) return query.flag("sendInitialEvents");
  const std::string_view version = query.get("resourceVersion");
  return version.empty() || version == "0";
}

flow_question question_of(const api_request& request, std::span<const std::string> groups) {
  flow_question question{.user = request.caller.user,
                         .groups = groups,
                         .verb = request.verb,
                         .about_resource = request.route.type != nullptr,
                         .group = {},
                         .resource = {},
                         .subresource = {},
                         .space = request.route.space,
                         .path = request.http.path};
  if (request.route.type == nullptr) return question;
  question.group = request.type().group;
  question.resource = request.type().plural;
  if (request.route.subresource != nullptr) question.subresource = request.route.subresource->name;
  return question;
}

/// What the connection's thread does with exceptions, on threads of the lanes.
std::function<void()> guarded(const request_handle& request, std::function<void()> run) {
  return [request, run = std::move(run)] {
    try {
      run();
    } catch (const std::exception& failure) {
      spdlog::error("{} {} failed: {}", request->http.method, request->http.path, failure.what());
      answer_error(*request, {.kind = error_kind::internal,
                              .message = std::string("Internal error occurred: ") + failure.what(),
                              .causes = {},
                              .subject = {}});
    }
  };
}

} // namespace

request_admission::request_admission(collaborators with)
    : gate_(std::move(with.gate)), counts_(with.store, with.clock), watches_(with.watches),
      metrics_(std::move(with.metrics)), clock_(with.clock) {}

request_cost request_admission::cost(const api_request& request) {
  cost_facts facts{.verb = request.verb, .body_bytes = request.http.body.size()};
  if (request.route.type == nullptr) return cost_of(facts);
  const resource_id resource = request.type().stored_as;
  if (request.verb == "list" || request.verb == "deletecollection" ||
      (request.verb == "watch" && begins_with_state(request.query))) {
    if (!request.route.name.empty() || names_one(request.query.get("fieldSelector"))) return cost_of(facts);
    facts.objects = counts_.count(resource, request.route.space);
    facts.limit = request.verb == "list" ? number_of(request.query.get("limit")) : 0;
    facts.selects =
        !request.query.get("labelSelector").empty() || !request.query.get("fieldSelector").empty();
  } else if (request.verb != "get" && request.verb != "watch") {
    facts.watchers = watches_.watchers(resource);
  }
  return cost_of(facts);
}

void request_admission::admit(const request_handle& request, std::function<void()> run) {
  static const std::array<std::string, 1> nobody{"system:unauthenticated"};
  const std::span<const std::string> groups =
      request->caller.groups.empty() ? std::span<const std::string>(nobody) : request->caller.groups;
  const request_cost estimate = is_stream(*request) ? request_cost{} : cost(*request);
  const steady_time began = clock_.steady_now();
  flow_gate::flow_seat seat;
  const auto verdict = gate_->enter(question_of(*request, groups), estimate, seat, [&] {
    return [this, request, began, heavy = estimate.heavy, run](flow_gate::flow_seat later, bool runs) {
      take_seat(request, std::move(later), began);
      if (!runs) return turn_away(request);
      heavy ? gate_->lane().run(guarded(request, run)) : guarded(request, run)();
    };
  });
  if (verdict == flow_control::verdict::wait) return;
  take_seat(request, std::move(seat), began);
  if (verdict == flow_control::verdict::refuse) return turn_away(request);
  if (!estimate.heavy) return run();
  gate_->lane().run(guarded(request, std::move(run)));
}

void request_admission::turn_away(const request_handle& request) {
  if (request->route.type != nullptr) metrics_->requests().turned_away(labels_of(*request));
  answer_error(*request, too_many_requests());
}

void request_admission::take_seat(const request_handle& request, flow_gate::flow_seat seat,
                                  steady_time began) {
  metered_exchange::terms how{
      .is_watch = request->verb == "watch", .is_list = request->verb == "list", .deprecation = {}};
  std::function<void(int)> answered = [metrics = metrics_](int code) { metrics->count("path", code); };
  if (request->route.type != nullptr) {
    how.deprecation = schema::deprecation_of(request->type());
    const bool lasts = how.is_watch || is_stream(*request);
    const request_labels labels = labels_of(*request);
    if (lasts)
      how.while_it_lasts = metrics_->requests().stream_begun(labels);
    else
      metrics_->requests().under_way(labels, 1);
    answered = [metrics = metrics_, verb = request->verb, type = request->route.type, labels, began, lasts,
                &clock = clock_](int code) {
      metrics->count(verb, code);
      if (!lasts) metrics->requests().under_way(labels, -1);
      metrics->requests().observe(labels, code, clock.steady_now() - began, lasts);
    };
  }
  request->exchange = std::make_shared<metered_exchange>(request->exchange, std::move(seat), std::move(how),
                                                         gate_, std::move(answered));
}

} // namespace actord::actors
