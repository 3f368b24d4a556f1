#include "schema/custom/custom_types.hpp"

#include "schema/base/always.hpp"
#include "schema/codec/json_text.hpp"

#include <algorithm>

namespace actord::schema::custom {
namespace {

const object_type* metadata_type() {
  static const object_type* type = find_type("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
  ALWAYS(type != nullptr);
  return type;
}

bool merges_its_own_way(const schema_node& node) {
  return node.merge != list_merge::atomic || node.atomic_map;
}

} // namespace

custom_types::custom_types(const schema_node& root, std::string name) : name_(std::move(name)) {
  root_ = structure_of(root, true);
}

value_type custom_types::value_of(const schema_node& node) {
  if (node.int_or_string) return {.kind = value_kind::int_or_string};
  switch (node.shape) {
  case value_shape::string:
    return {.kind = value_kind::string};
  case value_shape::integer:
    return {.kind = value_kind::int64};
  case value_shape::number:
    return {.kind = value_kind::number};
  case value_shape::boolean:
    return {.kind = value_kind::boolean};
  case value_shape::array:
    return {.kind = value_kind::list, .items = item_of(node.items.get())};
  case value_shape::object:
  case value_shape::any:
    break;
  }
  if (!node.properties.empty() || node.embedded)
    return {.kind = value_kind::structure, .structure = structure_of(node, node.embedded)};
  if (node.open) return {.kind = value_kind::map, .items = item_of(node.rest.get())};
  if (node.preserve_unknown || node.shape == value_shape::any) return {.kind = value_kind::deduced};
  return {.kind = value_kind::structure, .structure = structure_of(node, false)};
}

const value_type* custom_types::item_of(const schema_node* node) {
  if (node == nullptr) return keep({.kind = value_kind::deduced});
  value_type value = value_of(*node);
  if (merges_its_own_way(*node)) value.nested = &nested_.emplace_back(field_of({}, *node));
  return keep(value);
}

field_type custom_types::field_of(std::string_view name, const schema_node& node) {
  field_type field{.name = name, .value = value_of(node)};
  field.shown = presence::when_given;
  field.merge = node.merge;
  field.atomic_map = node.atomic_map;
  if (!node.keys.empty()) field.merge_keys = keys_.emplace_back(node.keys.begin(), node.keys.end());
  if (node.fallback) field.key_default = texts_.emplace_back(json_text(*node.fallback));
  return field;
}

const object_type* custom_types::structure_of(const schema_node& node, bool with_metadata) {
  std::vector<field_type> fields;
  const auto is_own = [&](std::string_view name) {
    return with_metadata && (name == "apiVersion" || name == "kind" || name == "metadata");
  };
  for (const schema_property& property : node.properties)
    if (!is_own(property.name)) fields.push_back(field_of(property.name, property.schema));
  if (with_metadata) {
    for (const std::string_view name : {"apiVersion", "kind"})
      fields.push_back({.name = name, .value = {.kind = value_kind::string}, .shown = presence::when_given});
    fields.push_back({.name = "metadata",
                      .value = {.kind = value_kind::structure, .structure = metadata_type()},
                      .shown = presence::when_given});
    std::ranges::sort(fields, {}, &field_type::name);
  }
  object_type& type = types_.emplace_back();
  type.name = name_;
  type.fields = fields_.emplace_back(std::move(fields));
  type.atomic = node.atomic_map;
  type.preserve_unknown = node.preserve_unknown;
  return &type;
}

} // namespace actord::schema::custom
