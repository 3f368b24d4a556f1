#include "actors/audit/audit_event.hpp"

#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/codec/decode.hpp"
#include "schema/crypt/key_ring.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

constexpr std::size_t objects_max_bytes = 256 * 1024;

json user_json(const caller_identity& user) {
  json out = json::object();
  if (!user.user.empty()) out["username"] = user.user;
  if (!user.uid.empty()) out["uid"] = user.uid;
  if (!user.groups.empty()) out["groups"] = user.groups;
  if (!user.extra.empty()) out["extra"] = user.extra;
  return out;
}

bool is_protobuf(std::string_view content_type) {
  return content_type.find("protobuf") != std::string_view::npos;
}
bool is_yaml(std::string_view content_type) { return content_type.find("yaml") != std::string_view::npos; }

void drop_managed_fields(json& object) {
  if (!object.is_object()) return;
  if (const auto metadata = object.find("metadata"); metadata != object.end() && metadata->is_object())
    metadata->erase("managedFields");
  if (const auto items = object.find("items"); items != object.end() && items->is_array())
    for (json& item : *items) drop_managed_fields(item);
}

/// A body as a tree; null when it is none.
json read_body(const audit_request& request, std::string_view body, std::string_view content_type) {
  if (body.empty()) return {};
  if (is_protobuf(content_type)) {
    if (request.type == nullptr || request.type->type == nullptr || request.type->custom != nullptr)
      return {};
    auto decoded =
        schema::decode_object(schema::body_kind_of(*request.type, request.subresource),
                              schema::body_format::protobuf, body, schema::field_validation::ignore);
    return decoded ? std::move(decoded->object) : json();
  }
  if (is_yaml(content_type)) {
    const auto text = schema::yaml_to_json(body);
    return text ? json::parse(*text, nullptr, false) : json();
  }
  json parsed = json::parse(body, nullptr, false);
  return parsed.is_discarded() ? json() : parsed;
}

/// Writes the object unless it is too much, which an annotation then says.
void show_object(json& event, const char* member, json object, bool omit_managed_fields, std::size_t& room) {
  if (object.is_null()) return;
  if (omit_managed_fields) drop_managed_fields(object);
  const std::size_t bytes = object.dump(-1, ' ', false, json::error_handler_t::replace).size();
  if (bytes > room) {
    event["annotations"]["audit.k8s.io/truncated"] = "true";
    return;
  }
  room -= bytes;
  event[member] = std::move(object);
}

json reference_of(const audit_moment& moment, const json& answer) {
  const audit_request& request = *moment.request;
  json reference = {{"resource", request.type->plural}, {"apiVersion", request.type->version}};
  if (!request.type->group.empty()) reference["apiGroup"] = request.type->group;
  if (!request.space.empty()) reference["namespace"] = request.space;
  if (!request.name.empty()) reference["name"] = request.name;
  if (!request.subresource.empty()) reference["subresource"] = request.subresource;
  // The name that a create gave is in its answer.
  if (request.name.empty() && request.verb == "create" && answer.is_object()) {
    const json metadata = answer.value("metadata", json::object());
    if (metadata.is_object() && metadata.contains("name")) reference["name"] = metadata["name"];
  }
  return reference;
}

json status_of(int code, const json& answer) {
  json status = {{"metadata", json::object()}, {"code", code}};
  if (code < 400) return status;
  status["status"] = "Failure";
  if (!answer.is_object() || answer.value("kind", json()) != "Status") return status;
  for (const char* member : {"message", "reason", "details"})
    if (const auto found = answer.find(member); found != answer.end()) status[member] = *found;
  return status;
}

} // namespace

std::size_t audit_moment::bytes() const {
  // The request is shared by its events and counted with each: a bound, not a sum.
  return 1024 + request->uri.size() + request->body.size() + (body ? body->size() : 0);
}

bool holds_secrets(const schema::resource_type& type, std::string_view subresource) {
  if (type.group.empty() && type.plural == "secrets") return true;
  if (type.group.empty() && type.plural == "serviceaccounts" && subresource == "token") return true;
  if (type.group == "authentication.k8s.io" && type.plural == "tokenreviews") return true;
  return schema::current_key_ring()->key_for(type.stored_as).value != 0;
}

std::string audit_line(const audit_moment& moment) {
  const audit_request& request = *moment.request;
  const audit_decision& decision = request.decision;
  json event = {{"kind", "Event"},
                {"apiVersion", "audit.k8s.io/v1"},
                {"level", level_name(decision.level)},
                {"auditID", request.id},
                {"stage", stage_name(moment.stage)},
                {"requestURI", request.uri},
                {"verb", request.verb},
                {"user", user_json(request.user)},
                {"requestReceivedTimestamp", schema::format_micro_time(request.received)},
                {"stageTimestamp", schema::format_micro_time(moment.at)}};
  if (request.impersonated) event["impersonatedUser"] = user_json(*request.impersonated);
  if (!request.source_addresses.empty()) event["sourceIPs"] = request.source_addresses;
  if (!request.user_agent.empty()) event["userAgent"] = request.user_agent;
  if (!moment.annotations.decision.empty())
    event["annotations"] = {{"authorization.k8s.io/decision", moment.annotations.decision},
                            {"authorization.k8s.io/reason", moment.annotations.reason}};
  for (const auto& [name, text] : moment.annotations.more) event["annotations"][name] = text;
  json answer = moment.body ? read_body(request, *moment.body, moment.content_type) : json();
  if (request.type != nullptr) event["objectRef"] = reference_of(moment, answer);
  if (moment.code != 0) event["responseStatus"] = status_of(moment.code, answer);
  std::size_t room = objects_max_bytes;
  if (moment.stage != audit_stage::request_received && decision.level >= audit_level::request)
    show_object(event, "requestObject", read_body(request, request.body, request.content_type),
                decision.omit_managed_fields, room);
  if (moment.stage == audit_stage::response_complete && decision.level == audit_level::request_response)
    show_object(event, "responseObject", std::move(answer), decision.omit_managed_fields, room);
  return event.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace actord::actors
