#include "actors/authorization/role_guard.hpp"

#include "actors/authorization/authorizer.hpp"
#include "actors/objects/refusals.hpp"
#include "schema/base/json.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/rbac_view.hpp"
#include "storage/store.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace actord::actors {
namespace {

constexpr const char* rbac_group = "rbac.authorization.k8s.io";

/// The object without what the garbage collector changes in it.
json without_collection_fields(json object) {
  if (const auto metadata = object.find("metadata"); metadata != object.end() && metadata->is_object())
    for (const char* field :
         {"ownerReferences", "finalizers", "resourceVersion", "managedFields", "generation"})
      metadata->erase(field);
  return object;
}

bool changes_only_collection_fields(const role_write& write) {
  return write.old != nullptr &&
         without_collection_fields(write.object) == without_collection_fields(*write.old);
}

std::string name_of(const json& object) { return object.at("metadata").value("name", ""); }

/// Null when all is held, else why not.
std::optional<std::string> escalation(const authorizer& authorization, const caller_identity& caller,
                                      std::string_view space, const std::vector<policy_rule>& asked) {
  const held_rules held = authorization.rules_of(caller, space);
  const rule_shortfall shortfall = rules_not_held(held.rules, asked);
  if (shortfall.none()) return {};
  std::set<std::string> lines;
  for (const policy_rule& rule : compact_rules(shortfall.missing)) lines.insert(describe_rule(rule));
  if (shortfall.too_many) lines.insert("rules with too many combinations to compare them one by one");
  std::string why = fmt::format(
      "user {} (groups={}) is attempting to grant RBAC permissions not currently held:", quote(caller.user),
      describe_list(caller.groups));
  for (const std::string& line : lines) why += "\n" + line;
  if (!held.unresolved.empty()) {
    std::string unresolved;
    for (const std::string& one : held.unresolved) unresolved += (unresolved.empty() ? "" : " ") + one;
    why += fmt::format("; resolution errors: [{}]", unresolved);
  }
  return why;
}

error missing_role(const schema::role_reference& role) {
  const std::string kind = role.kind == "Role" ? "role" : "clusterrole";
  return {.kind = error_kind::not_found,
          .message = fmt::format("{}.{} \"{}\" not found", kind, rbac_group, role.name),
          .causes = {},
          .subject = error_subject{rbac_group, kind, role.name, {}}};
}

} // namespace

result<void> role_guard::check(const role_write& write) const {
  if (write.type.group != rbac_group || is_master(write.caller)) return {};
  if (changes_only_collection_fields(write)) return {};
  return write.type.plural.ends_with("bindings") ? check_binding(write) : check_role(write);
}

result<void> role_guard::check_role(const role_write& write) const {
  if (authorization_.allows(write.caller, {.verb = "escalate",
                                           .group = rbac_group,
                                           .resource = write.type.plural,
                                           .space = write.space,
                                           .name = write.name}))
    return {};
  const std::string name = name_of(write.object);
  const schema::role_view role = schema::parse_role(write.object.dump());
  if (auto why = escalation(authorization_, write.caller, write.space, role.rules))
    return object_forbidden(write.type, name, *why);
  // An aggregated role gathers whatever others put into it.
  const bool aggregates = !role.aggregates.empty() ||
                          (write.old != nullptr && !schema::parse_role(write.old->dump()).aggregates.empty());
  static const std::vector<policy_rule> everything{{{"*"}, {"*"}, {"*"}, {}, {}}, {{"*"}, {}, {}, {}, {"*"}}};
  if (aggregates && escalation(authorization_, write.caller, {}, everything))
    return object_forbidden(write.type, name,
                            "must have cluster-admin privileges to use the aggregationRule");
  return {};
}

result<void> role_guard::check_binding(const role_write& write) const {
  const schema::role_binding_view binding = schema::parse_role_binding(write.object.dump());
  const schema::resource_type& roles =
      schema::builtin(rbac_group, binding.role.kind == "Role" ? "roles" : "clusterroles");
  if (authorization_.allows(write.caller, {.verb = "bind",
                                           .group = rbac_group,
                                           .resource = roles.plural,
                                           .space = write.space,
                                           .name = binding.role.name}))
    return {};
  const std::string stored = store_.head(
      {roles.stored_as, roles.namespaced ? std::string(write.space) : std::string(), binding.role.name});
  if (stored.empty()) return missing_role(binding.role);
  const auto view = schema::object_view::open(stored);
  if (!view) return view.error();
  if (auto why =
          escalation(authorization_, write.caller, write.space, schema::parse_role(view->text()).rules))
    return object_forbidden(write.type, name_of(write.object), *why);
  return {};
}

} // namespace actord::actors
