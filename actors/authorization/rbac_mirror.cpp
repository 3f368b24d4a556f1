#include "actors/authorization/rbac_mirror.hpp"

#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/rbac_view.hpp"

#include <spdlog/spdlog.h>

namespace actord::actors {
namespace {

constexpr std::size_t events_at_once = 256;
constexpr const char* rbac_group = "rbac.authorization.k8s.io";
constexpr std::size_t first_binding = 2; ///< of `resources_`: roles come first

} // namespace

rbac_mirror::rbac_mirror(storage::store& store)
    : store_(store), resources_{schema::builtin(rbac_group, "clusterroles").stored_as,
                                schema::builtin(rbac_group, "roles").stored_as,
                                schema::builtin(rbac_group, "clusterrolebindings").stored_as,
                                schema::builtin(rbac_group, "rolebindings").stored_as} {}

std::shared_ptr<const access_rules> rbac_mirror::current() const {
  if (seen_.load(std::memory_order_acquire) != told_.load(std::memory_order_acquire)) catch_up();
  return rules_.load(std::memory_order_acquire);
}

void rbac_mirror::catch_up() const {
  const std::lock_guard lock(mutex_);
  const std::uint64_t told = told_.load(std::memory_order_acquire);
  if (seen_.load(std::memory_order_acquire) == told) return;
  if (!editor_ || !take_in_events()) {
    read_all();
    // A cursor tells of what is new only after it was found empty once.
    take_in_events();
  }
  rules_.store(editor_->publish(), std::memory_order_release);
  seen_.store(told, std::memory_order_release);
}

bool rbac_mirror::take_in_events() const {
  for (std::size_t which = 0; which < resource_count; ++which) {
    if (!cursors_[which]) return false;
    for (bool more = true; more;) {
      const auto events = cursors_[which]->next(events_at_once);
      if (!events) return false;
      more = !events->empty();
      for (const storage::store_event& event : *events) {
        if (event.kind == storage::event_kind::removed)
          forget(which, event.key);
        else
          take_in(which, event.key, *event.value);
      }
    }
  }
  return true;
}

void rbac_mirror::read_all() const {
  editor_ = std::make_unique<access_rules_editor>();
  const auto reads = store_.read();
  for (std::size_t which = 0; which < resource_count; ++which) {
    auto cursor = store_.watch({.resource = resources_[which], .space = {}, .name = {}}, reads->at(),
                               [this] { told_.fetch_add(1, std::memory_order_acq_rel); });
    // Without a cursor the next question would never learn of a change: keep reading all instead.
    if (!cursor) {
      spdlog::error("cannot watch roles and bindings: {}", cursor.error().message);
      told_.fetch_add(1, std::memory_order_acq_rel);
    }
    cursors_[which] = cursor ? std::move(*cursor) : nullptr;
    reads->scan(resources_[which], {}, [&](std::string_view bytes) {
      if (const auto view = schema::object_view::open(bytes)) take_in(which, view->key(), bytes);
      return true;
    });
  }
}

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
