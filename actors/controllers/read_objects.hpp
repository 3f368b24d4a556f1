#pragma once

#include "actors/controllers/plan.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/view/meta_view.hpp"
#include "schema/view/selector_view.hpp"
#include "storage/store.hpp"

#include <functional>
#include <optional>
#include <string_view>

/// From a snapshot's bytes to views, for the reading half of controllers. Damaged bytes read as no object.

namespace actord::actors {

template <class View>
std::optional<seen<View>> view_of(std::string_view bytes, View (*parse)(std::string_view)) {
  if (bytes.empty()) return std::nullopt;
  auto object = schema::object_view::open(bytes);
  if (!object) return std::nullopt;
  return seen<View>{parse(object->text()), object->at()};
}

template <class View>
std::optional<seen<View>> read_view(const storage::snapshot& state, const object_key& key,
                                    View (*parse)(std::string_view)) {
  return view_of(state.get(key), parse);
}

/// `visit(const schema::object_view&)` for each object of a resource in a namespace (all when empty).
template <class Visit>
void each_object(const storage::snapshot& state, resource_id resource, std::string_view space, Visit visit) {
  state.scan(resource, space, [&](std::string_view bytes) {
    if (auto object = schema::object_view::open(bytes)) visit(object.value());
    return true;
  });
}

/// Adds the key of every object of a resource.
void all_keys_of(const storage::snapshot& state, resource_id resource, std::vector<object_key>& keys);

/// The object's controller when it is of that resource: the key to look at when the object changes.
std::optional<object_key> controller_key(std::string_view bytes, resource_id resource);
/// The same for both sides of an event: an object may have changed hands.
void controllers_of(const storage::store_event& event, resource_id resource, std::vector<object_key>& keys);

/// Labels as a map of their own.
schema::text_map labels_of(const schema::object_view& object);

/// Adds those workloads, all of one resource, that would adopt the object of an event that nobody owns: by
/// the selector of their view. Without labels it is nobody's.
template <class View>
void adopters_of(const storage::store_event& event, const storage::snapshot& state, resource_id workloads,
                 View (*parse)(std::string_view), std::vector<object_key>& keys) {
  const auto object = schema::object_view::open(*event.value);
  if (!object || !object->controller_uid().empty()) return;
  const schema::text_map labels = labels_of(object.value());
  if (labels.empty()) return;
  each_object(state, workloads, event.key.space, [&](const schema::object_view& workload) {
    if (parse(workload.text()).selector.matches(labels)) keys.push_back(workload.key());
  });
}

/// Calls `visit` for each object of a resource whose controller has that uid.
void each_controlled(const storage::snapshot& state, resource_id resource, std::string_view controller_uid,
                     const std::function<void(const schema::object_view&)>& visit);

/// Calls `visit` for each object the selector matches that no controller has.
void each_orphan(const storage::snapshot& state, resource_id resource, std::string_view space,
                 const schema::selector_view& selector,
                 const std::function<void(const schema::object_view&)>& visit);

} // namespace actord::actors
