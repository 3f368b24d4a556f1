// What each request pays at the gates: priority and fairness, the audit log, the encryption of a Secret.
#include "actors/audit/audit_event.hpp"
#include "actors/flow/default_flow_objects.hpp"
#include "actors/flow/flow_gate.hpp"
#include "schema/crypt/text_cipher.hpp"
#include "schema/tables/resource_table.hpp"

#include <cstdio>
#include <cstdlib>
#include <ctime>

using namespace actord;
using namespace actord::actors;

namespace {

template <class Work>
void measure(const char* what, int rounds, const Work& work) {
  for (int i = 0; i < rounds / 10; ++i) work();
  // Processor time: what others do on this machine is no part of the figure.
  const std::clock_t began = std::clock();
  for (int i = 0; i < rounds; ++i) work();
  const double took_us = static_cast<double>(std::clock() - began) * 1e6 / CLOCKS_PER_SEC;
  std::printf("%-64s %8.3f us\n", what, took_us / rounds);
}

void pass_gate(const char* what, flow_gate& gate, const flow_question& question) {
  measure(what, 1'000'000, [&] {
    flow_gate::flow_seat seat;
    const auto verdict =
        gate.enter(question, request_cost{}, seat, [] { return flow_gate::parked_request(); });
    if (verdict != flow_control::verdict::run) std::abort();
    net::http_response response;
    response.headers.reserve(8);
    seat.mark(response);
  });
}

std::vector<json> with_uids(const std::vector<json>& left, const std::vector<json>& right) {
  std::vector<json> all = left;
  all.insert(all.end(), right.begin(), right.end());
  for (json& each : all) each["metadata"]["uid"] = "3f67449f-599c-430e-8d35-5a7bcc2cc27a";
  return all;
}

void measure_gate() {
  const auto gate = std::make_shared<flow_gate>(system_clock_source());
  gate->use(std::make_shared<const flow_rules>(
      with_uids(mandatory_flow_schemas(), suggested_flow_schemas()),
      with_uids(mandatory_priority_levels(), suggested_priority_levels()), flow_gate::total_seats));
  const std::vector<std::string> masters{"system:masters", "system:authenticated"};
  pass_gate("gate: an administrator, headers included", *gate,
            {.user = "kubernetes-admin",
             .groups = masters,
             .verb = "create",
             .about_resource = true,
             .group = {},
             .resource = "configmaps",
             .subresource = {},
             .space = "default",
             .path = {}});
  const std::vector<std::string> accounts{"system:serviceaccounts", "system:serviceaccounts:shop",
                                          "system:authenticated"};
  pass_gate("gate: a service account, headers included", *gate,
            {.user = "system:serviceaccount:shop:web",
             .groups = accounts,
             .verb = "create",
             .about_resource = true,
             .group = {},
             .resource = "configmaps",
             .subresource = {},
             .space = "shop",
             .path = {}});
}

void measure_cipher() {
  schema::cipher_key key{};
  const std::string text(1024, 'x');
  const std::string envelope(300, 'e');
  const std::string sealed = schema::seal_text(key, text, envelope, system_random_source()).value();
  measure("encrypt a text of 1 KiB", 200'000,
          [&] { static_cast<void>(schema::seal_text(key, text, envelope, system_random_source()).value()); });
  measure("decrypt a text of 1 KiB", 200'000,
          [&] { static_cast<void>(schema::open_text(key, sealed, envelope).value()); });
}

void measure_audit() {
  audit_request request;
  request.id = "3f67449f-599c-430e-8d35-5a7bcc2cc27a";
  request.uri = "/api/v1/namespaces/shop/configmaps?fieldManager=kubectl-create&fieldValidation=Strict";
  request.verb = "create";
  request.user = {
      .user = "system:serviceaccount:shop:web", .uid = {}, .groups = {"system:serviceaccounts"}, .extra = {}};
  request.source_addresses = {"192.0.2.1"};
  request.user_agent = "kubectl/v1.33.4 (linux/amd64) kubernetes/abcdef";
  request.type = schema::find_resource("", "v1", "configmaps");
  request.space = "shop";
  request.name = "one";
  request.decision.level = audit_level::metadata;
  audit_moment moment;
  moment.request = std::make_shared<const audit_request>(std::move(request));
  moment.stage = audit_stage::response_complete;
  moment.code = 201;
  moment.annotations = {"allow", "", {}};
  measure("an audit line of level Metadata (on the writer's thread)", 100'000, [&] {
    if (audit_line(moment).empty()) std::abort();
  });
}

} // namespace

int main() {
  measure_gate();
  measure_cipher();
  measure_audit();
}
