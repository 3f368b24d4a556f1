#include "actors/api/streams/connect_review.hpp"

#include "actors/admission/admission_chain.hpp"
#include "actors/admission/request_description.hpp"
#include "actors/api/streams/stream_request.hpp"
#include "actors/audit/audit_trail.hpp"
#include "actors/webhooks/webhook_gate.hpp"

#include <mutex>

namespace actord::actors {
namespace {

void add_command_options(const query_values& query, json& options) {
  for (const char* flag : {"stdin", "stdout", "stderr", "tty"})
    if (query.flag(flag) && query.has(flag)) options[flag] = true;
  if (const std::string_view container = query.get("container"); !container.empty())
    options["container"] = container;
}

/// Jobs one after the other, whichever thread they come on. One that runs may run another.
webhook_gate::runner in_turn(const std::function<void(std::function<void()>)>& run) {
  return [run, turn = std::make_shared<std::mutex>()](std::function<void()> job) {
    run([turn, job = std::move(job)] {
      const std::lock_guard hold(*turn);
      job();
    });
  };
}

} // namespace

json connect_options(const api_request& request) {
  const schema::resource_type& type = request.type();
  const std::string_view subresource = request.route.subresource->name;
  const api_kind kind = kind_of_body(type, subresource);
  json options = {{"kind", kind.kind}, {"apiVersion", type.api_version()}};
  if (subresource == "exec" || subresource == "attach") add_command_options(request.query, options);
  if (subresource == "exec")
    for (const std::string_view word : request.query.all("command")) options["command"].push_back(word);
  if (subresource == "portforward")
    if (const auto ports = read_forwarded_ports(request.query)) options["ports"] = *ports;
  if (subresource == "proxy" && !request.route.rest.empty()) options["path"] = request.route.rest;
  return options;
}

namespace {

result<void> ask_policies(const admission_chain& admission, const api_request& request) {
  std::map<std::string, std::string> notes;
  auto admitted = admission.admit_connection({.type = request.type(),
                                              .subresource = request.route.subresource->name,
                                              .space = request.route.space,
                                              .name = request.route.name,
                                              .verb = write_verb::create,
                                              .caller = request.caller,
                                              .audit_notes = &notes},
                                             [&request] { return connect_options(request); });
  if (request.audit) request.audit->annotate(std::move(notes));
  return admitted;
}

} // namespace

void review_connection(const connection_judges& judges, const std::function<void(std::function<void()>)>& run,
                       const request_handle& request, std::function<void()> go_on) {
  if (judges.admission != nullptr)
    if (auto admitted = ask_policies(*judges.admission, *request); !admitted)
      return answer_error(*request, admitted.error());
  if (judges.webhooks == nullptr || !judges.webhooks->any()) return go_on();
  const auto reviews =
      judges.webhooks->begin_request({.operation = "CONNECT",
                                      .type = request->route.type,
                                      .subresource = std::string(request->route.subresource->name),
                                      .space = request->route.space,
                                      .name = request->route.name,
                                      .dry_run = false,
                                      .options = {},
                                      .caller = request->caller});
  if (reviews == nullptr) return go_on();
  reviews->connect(connect_options(*request));
  judges.webhooks->carry_out(reviews, in_turn(run), [request, reviews, go_on = std::move(go_on)] {
    if (request->audit) request->audit->annotate(reviews->audit_notes());
    if (reviews->refusal()) return answer_error(*request, error_of(*reviews->refusal(), reviews->warnings()));
    go_on();
  });
}

} // namespace actord::actors
