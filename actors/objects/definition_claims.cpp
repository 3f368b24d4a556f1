#include "actors/objects/definition_claims.hpp"

#include "actors/definitions/resource_numbers.hpp"
#include "actors/objects/refusals.hpp"
#include "schema/custom/definition.hpp"

namespace actord::actors {
namespace {

object_key definition_key(const std::string& name) {
  return {schema::builtin("apiextensions.k8s.io", "customresourcedefinitions").stored_as, {}, name};
}

error terminating(const schema::resource_type& type) {
  return {.kind = error_kind::method_not_allowed,
          .message = "create not allowed while custom resource definition is terminating",
          .causes = {},
          .subject = error_subject{std::string(type.group), std::string(type.plural), {}, {}}};
}

void add(storage::object_change change, write_plan& plan) {
  plan.transaction.changes.push_back(std::move(change));
  plan.roles.push_back(change_role::companion);
}

} // namespace

bool is_definition(const schema::resource_type& type) {
  return type.group == "apiextensions.k8s.io" && type.plural == "customresourcedefinitions";
}

storage::object_change definition_guard(const schema::resource_handle& type) {
  storage::object_change guard{definition_key(type->custom->definition->name()), {}, {}};
  guard.what = [type](const storage::object_head& head, wall_time) -> result<storage::resolved_change> {
    if (!head.exists()) return no_such_resource();
    const auto view = schema::object_view::open(head.value);
    if (!view) return view.error();
    if (view->uid() != type->custom->definition->uid()) return no_such_resource();
    if (view->being_deleted()) return terminating(*type);
    return storage::resolved_change{storage::keep_value{}};
  };
  return guard;
}

void claim_for_definition(const std::string& definition, const schema::write_cause& cause, write_plan& plan) {
  add(claim_number(definition, cause), plan);
}

void release_from_definition(const write_environment& environment, const std::string& definition,
                             const schema::write_cause& cause, write_plan& plan) {
  const auto now = environment.store.read();
  // Creates are refused from the moment the mark is sealed: once it can be read, so can all that came before.
  const auto marked = schema::object_view::open(now->get(definition_key(definition)));
  if (!marked || !marked->being_deleted()) return;
  const number_book book = read_number_book(now->get(number_book_key()));
  const auto number = book.find(definition);
  if (number == book.end() || now->count(number->second, {}) != 0) return;
  add(release_number(definition, cause), plan);
}

} // namespace actord::actors
