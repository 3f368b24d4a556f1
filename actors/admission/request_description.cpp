#include "actors/admission/request_description.hpp"

#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

namespace actord::actors {
namespace {

json kind_json(const api_kind& kind) {
  return {{"group", kind.group}, {"version", kind.version}, {"kind", kind.kind}};
}

json resource_json(const schema::resource_type& type) {
  return {{"group", type.group}, {"version", type.version}, {"resource", type.plural}};
}

json user_info(const caller_identity& caller) {
  json user = {{"username", caller.user}};
  if (!caller.uid.empty()) user["uid"] = caller.uid;
  if (!caller.groups.empty()) user["groups"] = caller.groups;
  if (!caller.extra.empty()) user["extra"] = caller.extra;
  return user;
}

} // namespace

api_kind kind_of_body(const schema::resource_type& type, std::string_view subresource) {
  if (subresource.empty())
    return {std::string(type.group), std::string(type.version), std::string(type.kind)};
  const schema::subresource_type* part = type.subresource(subresource);
  if (part == nullptr || part->kind.empty())
    return {std::string(type.group), std::string(type.version), std::string(type.kind)};
  const bool own = part->body_group.empty() && part->body_version.empty();
  return {std::string(own ? type.group : part->body_group),
          std::string(own ? type.version : part->body_version), std::string(part->kind)};
}

json describe_request(const described_request& request, const schema::resource_type& as) {
  json made = {{"kind", kind_json(kind_of_body(as, request.subresource))},
               {"resource", resource_json(as)},
               {"requestKind", kind_json(kind_of_body(request.type, request.subresource))},
               {"requestResource", resource_json(request.type)},
               {"operation", request.operation},
               {"userInfo", user_info(request.caller)},
               {"dryRun", request.dry_run},
               {"options", request.options}};
  if (!request.subresource.empty()) {
    made["subResource"] = request.subresource;
    made["requestSubResource"] = request.subresource;
  }
  if (!request.name.empty()) made["name"] = request.name;
  if (!request.space.empty()) made["namespace"] = request.space;
  return made;
}

json request_in_expressions(const described_request& request, const schema::resource_type& as) {
  json made = describe_request(request, as);
  for (const char* member : {"subResource", "requestSubResource", "name", "namespace"})
    made.emplace(member, "");
  json& user = made["userInfo"];
  user.emplace("uid", "");
  user.emplace("groups", json::array());
  user.emplace("extra", json::object());
  return made;
}

} // namespace actord::actors
