#include "actors/controllers/read_objects.hpp"

namespace actord::actors {

void all_keys_of(const storage::snapshot& state, resource_id resource, std::vector<object_key>& keys) {
  each_object(state, resource, "", [&](const schema::object_view& object) { keys.push_back(object.key()); });
}

std::optional<object_key> controller_key(std::string_view bytes, resource_id resource) {
  if (bytes.empty()) return std::nullopt;
  const auto object = schema::object_view::open(bytes);
  if (!object) return std::nullopt;
  for (const auto& owner : object->owners())
    if (owner.controller && owner.resource == resource)
      return object_key{resource, std::string(object->space()), owner.name};
  return std::nullopt;
}

void controllers_of(const storage::store_event& event, resource_id resource, std::vector<object_key>& keys) {
  const auto now = event.value ? controller_key(*event.value, resource) : std::nullopt;
  const auto before = event.previous ? controller_key(*event.previous, resource) : std::nullopt;
  if (now) keys.push_back(*now);
  if (before && before != now) keys.push_back(*before);
}

schema::text_map labels_of(const schema::object_view& object) {
  schema::text_map out;
  for (const auto& [key, value] : object.labels()) out.emplace(key, value);
  return out;
}

void each_controlled(const storage::snapshot& state, resource_id resource, std::string_view controller_uid,
                     const std::function<void(const schema::object_view&)>& visit) {
  for (const object_key& key : state.owned_by(controller_uid)) {
    if (key.resource != resource) continue;
    const auto object = schema::object_view::open(state.get(key));
    if (object && object->controller_uid() == controller_uid) visit(object.value());
  }
}

void each_orphan(const storage::snapshot& state, resource_id resource, std::string_view space,
                 const schema::selector_view& selector,
                 const std::function<void(const schema::object_view&)>& visit) {
  const auto take = [&](const schema::object_view& object) {
    if (object.controller_uid().empty() && selector.matches(labels_of(object))) visit(object);
  };
  // One equality narrows the search to an index; a selector without any is rare and scans the namespace.
  for (const auto& requirement : selector.requirements) {
    if (requirement.op != schema::selector_operator::in || requirement.values.size() != 1) continue;
    for (const object_key& key : state.labelled(resource, space, requirement.key, requirement.values[0]))
      if (const auto object = schema::object_view::open(state.get(key))) take(object.value());
    return;
  }
  each_object(state, resource, space, take);
}

} // namespace actord::actors
