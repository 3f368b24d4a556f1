#include "schema/discovery/openapi_parts.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/tables/type_table.hpp"

namespace actord::schema::discovery {
namespace {

json schema_of(const value_type& value, openapi_dialect dialect);

json text_or(const char* other, const char* format, openapi_dialect dialect) {
  json schema = json::object();
  if (format != nullptr) schema["format"] = format;
  if (dialect == openapi_dialect::swagger2)
    schema["type"] = "string"; // it has no way to say "or"
  else
    schema["oneOf"] = json::array({{{"type", "string"}}, {{"type", other}}});
  return schema;
}

json integer(const char* format) { return {{"type", "integer"}, {"format", format}}; }

json schema_of(const value_type& value, openapi_dialect dialect) {
  switch (value.kind) {
  case value_kind::string:
    return {{"type", "string"}};
  case value_kind::boolean:
    return {{"type", "boolean"}};
  case value_kind::int32:
    return integer("int32");
  case value_kind::int64:
    return integer("int64");
  case value_kind::number:
    return {{"type", "number"}, {"format", "double"}};
  case value_kind::bytes:
    return {{"type", "string"}, {"format", "byte"}};
  case value_kind::time:
  case value_kind::micro_time:
    return {{"type", "string"}, {"format", "date-time"}};
  case value_kind::quantity:
    return text_or("number", nullptr, dialect);
  case value_kind::int_or_string:
    return text_or("integer", "int-or-string", dialect);
  case value_kind::any_object:
    return {{"type", "object"}};
  case value_kind::structure:
    return reference_to(*value.structure, dialect);
  case value_kind::map:
    return {{"type", "object"}, {"additionalProperties", schema_of(*value.items, dialect)}};
  case value_kind::list:
    return {{"type", "array"}, {"items", schema_of(*value.items, dialect)}};
  default:
    return json::object();
  }
}

void add_merge_rules(const field_type& field, json& schema) {
  if (field.value.kind == value_kind::list) {
    constexpr const char* names[] = {"atomic", "set", "map"};
    schema["x-kubernetes-list-type"] = names[static_cast<std::size_t>(field.merge)];
    for (const std::string_view key : field.merge_keys) schema["x-kubernetes-list-map-keys"].push_back(key);
  }
  if (field.atomic_map) schema["x-kubernetes-map-type"] = "atomic";
  if (field.patch_merge)
    schema["x-kubernetes-patch-strategy"] = field.patch_retain_keys ? "merge,retainKeys" : "merge";
  if (!field.patch_merge_key.empty()) schema["x-kubernetes-patch-merge-key"] = field.patch_merge_key;
}

/// The kinds that a type is the body of.
json kinds_of(const object_type& type) {
  json kinds = json::array();
  for (const resource_type& row : resource_table())
    if (row.type == &type)
      kinds.push_back({{"group", row.group}, {"version", row.version}, {"kind", row.kind}});
  return kinds;
}

void collect(const value_type& value, openapi_dialect dialect, json& definitions) {
  if (value.items != nullptr) collect(*value.items, dialect, definitions);
  if (value.structure != nullptr) add_definition(*value.structure, dialect, definitions);
}

} // namespace

json reference_to(const object_type& type, openapi_dialect dialect) {
  const std::string base = dialect == openapi_dialect::swagger2 ? "#/definitions/" : "#/components/schemas/";
  return {{"$ref", base + std::string(type.name)}};
}

void add_definition(const object_type& type, openapi_dialect dialect, json& definitions) {
  const auto [place, is_new] = definitions.get_ref<json::object_t&>().try_emplace(std::string(type.name));
  if (!is_new) return;
  json schema{{"type", "object"}};
  for (const field_type& field : type.fields) {
    json property = schema_of(field.value, dialect);
    // Nothing may stand beside a $ref, so its neighbours go around it.
    json rules = json::object();
    add_merge_rules(field, rules);
    if (!rules.empty() && property.contains("$ref"))
      property = {{"allOf", json::array({std::move(property)})}};
    property.update(rules);
    schema["properties"][std::string(field.name)] = std::move(property);
    if (field.required) schema["required"].push_back(field.name);
  }
  if (type.atomic) schema["x-kubernetes-map-type"] = "atomic";
  if (json kinds = kinds_of(type); !kinds.empty())
    schema["x-kubernetes-group-version-kind"] = std::move(kinds);
  place->second = std::move(schema);
  for (const field_type& field : type.fields) collect(field.value, dialect, definitions);
}

} // namespace actord::schema::discovery
