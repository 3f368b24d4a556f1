#include "actors/objects/namespace_companions.hpp"

#include "actors/objects/refusals.hpp"
#include "schema/base/timestamp.hpp"

#include <fmt/format.h>

namespace actord::actors {
namespace {

error terminating(const schema::resource_type& type, const std::string& space, const std::string& name) {
  error refusal = object_forbidden(
      type, name,
      fmt::format("unable to create new content in namespace {} because it is being terminated", space));
  refusal.causes.push_back(
      {"NamespaceTerminating", fmt::format("namespace {} is being terminated", space), "metadata.namespace"});
  return refusal;
}

/// Put unless there is one already.
storage::object_change put_if_absent(const schema::resource_type& type, const std::string& space,
                                     const json& object, const schema::write_cause& cause) {
  storage::object_change change{
      {type.stored_as, space, object["metadata"]["name"].get<std::string>()}, {}, {}};
  change.what = [bytes = schema::encode_object(type, object, cause)](
                    const storage::object_head& head, wall_time) -> result<storage::resolved_change> {
    if (head.exists()) return storage::resolved_change{storage::keep_value{}};
    return storage::resolved_change{storage::put_value{bytes}};
  };
  return change;
}

} // namespace

bool is_namespace(const schema::resource_type& type) {
  return type.group.empty() && type.plural == "namespaces";
}

storage::object_change namespace_guard(schema::resource_handle type, const std::string& space,
                                       const std::string& name) {
  static const schema::resource_type& spaces = schema::builtin("", "namespaces");
  storage::object_change guard{{spaces.stored_as, {}, space}, {}, {}};
  guard.what = [type = std::move(type), space, name](const storage::object_head& head,
                                                     wall_time) -> result<storage::resolved_change> {
    if (!head.exists()) return object_not_found(spaces, space);
    const auto view = schema::object_view::open(head.value);
    if (!view) return view.error();
    if (view->being_deleted()) return terminating(*type, space, name);
    return storage::resolved_change{storage::keep_value{}};
  };
  return guard;
}

void add_namespace_companions(const write_environment& environment, const json& space, wall_time now,
                              write_plan& plan) {
  const std::string name = space["metadata"]["name"].get<std::string>();
  const schema::write_cause cause{.actor = "namespace",
                                  .verb = "create",
                                  .request_id = {},
                                  .reacted_to = {},
                                  .note = "comes with the namespace " + name};
  const auto base = [&](const schema::resource_type& type, const char* own_name) {
    return json{{"kind", type.kind},
                {"apiVersion", type.api_version()},
                {"metadata",
                 {{"name", own_name},
                  {"namespace", name},
                  {"uid", new_uuid(environment.random)},
                  {"creationTimestamp", schema::format_time(now)}}}};
  };
  const auto add = [&](const schema::resource_type& type, const json& object) {
    plan.transaction.changes.push_back(put_if_absent(type, name, object, cause));
    plan.roles.push_back(change_role::companion);
  };
  const schema::resource_type& accounts = schema::builtin("", "serviceaccounts");
  add(accounts, base(accounts, "default"));
  const std::string published = environment.published.pem();
  if (published.empty()) return;
  const schema::resource_type& maps = schema::builtin("", "configmaps");
  json certificate = base(maps, "kube-root-ca.crt");
  certificate["metadata"]["annotations"] = {
      {"kubernetes.io/description",
       "The certificate that verifies the API server of this cluster; pods mount it to "
       "know whom they talk to."}};
  certificate["data"] = {{"ca.crt", published}};
  add(maps, certificate);
}

} // namespace actord::actors
