#include "actors/authorization/rbac_mirror.hpp"

#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/rbac_view.hpp"

#include <spdlog/spdlog.h>

namespace actord::actors {
namespace {

constexpr const char* rbac_group = "rbac.authorization.k8s.io";
constexpr std::size_t first_binding = 2; ///< of the kinds: roles come first

} // namespace

rbac_mirror::rbac_mirror(storage::store& store)
    : kinds_mirror(store,
                   {schema::builtin(rbac_group, "clusterroles").stored_as,
                    schema::builtin(rbac_group, "roles").stored_as,
                    schema::builtin(rbac_group, "clusterrolebindings").stored_as,
                    schema::builtin(rbac_group, "rolebindings").stored_as},
                   "roles and bindings") {}

std::shared_ptr<const access_rules> rbac_mirror::current() const {
  catch_up();
  return rules_.load(std::memory_order_acquire);
}

void rbac_mirror::forget_all() const { editor_ = std::make_unique<access_rules_editor>(); }
void rbac_mirror::publish() const { rules_.store(editor_->publish(), std::memory_order_release); }

void rbac_mirror::take_in(std::size_t which, const object_key& key, std::string_view bytes) const {
  const auto view = schema::object_view::open(bytes);
  if (!view) return spdlog::error("a damaged role or binding is left out: {}", view.error().message);
  const rbac_name name{key.space, key.name};
  if (which < first_binding) return editor_->set_role(name, schema::parse_role(view->text()).rules);
  schema::role_binding_view binding = schema::parse_role_binding(view->text());
  editor_->set_binding(name, std::move(binding.role), std::move(binding.subjects));
}

void rbac_mirror::forget(std::size_t which, const object_key& key) const {
  const rbac_name name{key.space, key.name};
  if (which < first_binding)
    editor_->remove_role(name);
  else
    editor_->remove_binding(name);
}

} // namespace actord::actors
