#include "schema/rules/kinds/custom_resource_schema.hpp"

#include "schema/base/json.hpp"
#include "schema/custom/shape_object.hpp"
#include "schema/custom/structural_schema.hpp"
#include "schema/custom/validate_value.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/kinds/custom_resource_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace actord::schema::rules {

namespace {

constexpr std::array<std::string_view, 3> junctors{"allOf", "anyOf", "oneOf"};

/// Every part of a schema must have a type, but what is an int or a string, or anything at all.
bool may_lack_type(const field& schema) {
  return schema.at("x-kubernetes-int-or-string").truth() ||
         schema.at("x-kubernetes-preserve-unknown-fields").truth();
}

/// Inside allOf, anyOf, oneOf and not, a schema may only narrow what the structure says.
void check_narrowing(const field& schema, field_errors& errors) {
  for (const std::string_view name : {"additionalProperties", "description", "nullable", "type"})
    if (!schema.at(name).zero()) errors.forbidden(schema.at(name), "must be empty to be structural");
  if (schema.contains("default"))
    errors.forbidden(schema.at("default"), "must be undefined to be structural");
  if (!schema.at("x-kubernetes-validations").zero())
    errors.forbidden(schema.at("x-kubernetes-validations"), "must be empty to be structural");
  const field properties = schema.at("properties");
  if (properties.value().is_object())
    for (const auto& [name, value] : properties.value().items())
      check_narrowing(properties.entry(name), errors);
  if (const field items = schema.at("items"); items.value().is_object()) check_narrowing(items, errors);
  for (const std::string_view list : junctors)
    for (const field one : schema.at(list).items()) check_narrowing(one, errors);
  if (const field negated = schema.at("not"); negated.present()) check_narrowing(negated, errors);
}

/// What a structure must say of itself. Its parts are judged first.
void check_own_type(const field& schema, bool root, field_errors& errors) {
  const field type = schema.at("type");
  if (type.zero() && !may_lack_type(schema))
    errors.required(type,
                    root ? "must not be empty at the root" : "must not be empty for specified object fields");
  else if (root && !type.zero() && type.text() != "object")
    errors.invalid(type, type.text(), "must be object at the root");
  if (type.text() == "array" && !schema.contains("items"))
    errors.required(schema.at("items"), "must be specified");
}

void check_structure(const field& schema, bool root, field_errors& errors) {
  const field properties = schema.at("properties");
  if (properties.value().is_object())
    for (const auto& [name, value] : properties.value().items())
      check_structure(properties.entry(name), false, errors);
  if (const field items = schema.at("items"); items.value().is_object())
    check_structure(items, false, errors);
  if (const field rest = schema.at("additionalProperties"); rest.value().is_object())
    check_structure(rest, false, errors);
  check_own_type(schema, root, errors);
  for (const std::string_view list : junctors)
    for (const field one : schema.at(list).items()) check_narrowing(one, errors);
  if (const field negated = schema.at("not"); negated.present()) check_narrowing(negated, errors);
}

void check_unsupported(const field& schema, field_errors& errors) {
  const field type = schema.at("type");
  if (!type.zero()) one_of(type, {"array", "boolean", "integer", "number", "object", "string"}, errors);
  if (!schema.at("id").zero()) errors.forbidden(schema.at("id"), "id is not supported");
  if (schema.contains("additionalItems"))
    errors.forbidden(schema.at("additionalItems"), "additionalItems is not supported");
  if (!schema.at("patternProperties").zero())
    errors.forbidden(schema.at("patternProperties"), "patternProperties is not supported");
  if (!schema.at("definitions").zero())
    errors.forbidden(schema.at("definitions"), "definitions is not supported");
  if (schema.contains("dependencies"))
    errors.forbidden(schema.at("dependencies"), "dependencies is not supported");
  if (schema.contains("$ref")) errors.forbidden(schema.at("$ref"), "$ref is not supported");
  if (type.text() == "null")
    errors.forbidden(type, "type cannot be set to null, use nullable as an alternative");
  if (schema.at("items").value().is_array())
    errors.forbidden(schema.at("items"), "items must be a schema object and not an array");
}

void check_list_kind(const field& schema, field_errors& errors) {
  const field type = schema.at("type");
  const field kind = schema.at("x-kubernetes-list-type");
  const field keys = schema.at("x-kubernetes-list-map-keys");
  const field items = schema.at("items");
  constexpr std::string_view needs_map = "must be map if x-kubernetes-list-map-keys is non-empty";
  if (kind.present() && type.text() != "array") {
    constexpr std::string_view needs_array = "must be array if x-kubernetes-list-type is specified";
    if (type.zero())
      errors.required(type, needs_array);
    else
      errors.invalid(type, type.text(), needs_array);
  }
  if (kind.present()) one_of(kind, {"atomic", "set", "map"}, errors);
  if (!keys.zero()) {
    if (!kind.present())
      errors.required(kind, needs_map);
    else if (kind.text() != "map")
      errors.invalid(kind, kind.text(), needs_map);
  }
  if (kind.text() != "map") return;
  require(keys, errors, "must not be empty if x-kubernetes-list-type is map");
  if (!items.present()) return errors.required(items, "must have a schema if x-kubernetes-list-type is map");
  const field item_type = items.at("type");
  if (item_type.text() != "object")
    return errors.invalid(item_type, item_type.text(),
                          "must be object if parent array's x-kubernetes-list-type is map");
  for (const field key : keys.items())
    if (!items.at("properties").contains(key.text()))
      errors.invalid(keys, keys.value(), "entries must all be names of item properties");
}

/// What tells items of a list apart must always be there.
void check_list_keys(const field& schema, field_errors& errors) {
  const field kind = schema.at("x-kubernetes-list-type");
  const field items = schema.at("items");
  if ((kind.text() != "map" && kind.text() != "set") || !items.present()) return;
  if (items.at("nullable").truth())
    errors.forbidden(items.at("nullable"),
                     fmt::format("cannot be nullable when x-kubernetes-list-type is {}", kind.text()));
  if (kind.text() != "map") return;
  const json& required = items.at("required").value();
  for (const field key : schema.at("x-kubernetes-list-map-keys").items()) {
    const field property = items.at("properties").entry(key.text());
    if (!property.present()) continue;
    const bool given = required.is_array() && std::ranges::find(required, key.value()) != required.end();
    if (!given && !property.contains("default"))
      errors.required(property.named("default"),
                      "this property is in x-kubernetes-list-map-keys, so it must have a default or be a "
                      "required property");
    if (property.at("nullable").truth())
      errors.forbidden(property.at("nullable"),
                       "this property is in x-kubernetes-list-map-keys, so it cannot be nullable");
  }
}

void check_extensions(const field& schema, field_errors& errors) {
  const field type = schema.at("type");
  const field preserve = schema.at("x-kubernetes-preserve-unknown-fields");
  if (preserve.present() && !preserve.truth()) errors.invalid(preserve, false, "must be true or undefined");
  const field map = schema.at("x-kubernetes-map-type");
  if (map.present()) {
    constexpr std::string_view needs_object = "must be object if x-kubernetes-map-type is specified";
    if (type.zero())
      errors.required(type, needs_object);
    else if (type.text() != "object")
      errors.invalid(type, type.text(), needs_object);
    one_of(map, {"atomic", "granular"}, errors);
  }
  check_list_kind(schema, errors);
  check_list_keys(schema, errors);
}

void check_parts(const field& schema, field_errors& errors) {
  check_unsupported(schema, errors);
  if (schema.at("uniqueItems").truth())
    errors.forbidden(schema.at("uniqueItems"),
                     "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
  const field rest = schema.at("additionalProperties");
  const field properties = schema.at("properties");
  if (rest.present() && properties.size() > 0 && rest.value() != true)
    errors.forbidden(rest, "additionalProperties and properties are mutual exclusive");
  if (rest.value().is_object()) check_parts(rest, errors);
  if (properties.value().is_object())
    for (const auto& [name, value] : properties.value().items()) check_parts(properties.entry(name), errors);
  if (const field negated = schema.at("not"); negated.present()) check_parts(negated, errors);
  for (const std::string_view list : {"allOf", "oneOf", "anyOf"})
    for (const field one : schema.at(list).items()) check_parts(one, errors);
  if (const field items = schema.at("items"); items.value().is_object()) check_parts(items, errors);
  check_extensions(schema, errors);
}

/// Defaults must be what their own schema accepts.
void check_defaults(const field& schema, bool root, field_errors& errors) {
  if (const field value = schema.at("default"); value.present()) {
    const custom::schema_node node = custom::compile_schema(schema.value());
    json pruned = value.value();
    if (!custom::prune_part(node, pruned).empty())
      errors.invalid(value, value.value(), "must not have unknown fields");
    custom::validate_value(node, value.value(), nullptr, value.path(), errors);
  }
  if (const field items = schema.at("items"); items.value().is_object()) check_defaults(items, false, errors);
  const field properties = schema.at("properties");
  if (!properties.value().is_object()) return;
  for (const auto& [name, value] : properties.value().items())
    if (!root || (name != "metadata" && name != "apiVersion" && name != "kind"))
      check_defaults(properties.entry(name), false, errors);
}

/// Whether nothing in the schema is of a kind that no structure can hold.
bool is_convertible(const field& schema) {
  if (schema.contains("dependencies") || schema.contains("additionalItems") || schema.contains("$ref") ||
      !schema.at("patternProperties").zero() || !schema.at("definitions").zero() || !schema.at("id").zero() ||
      schema.at("items").value().is_array())
    return false;
  for (const char* name : {"items", "additionalProperties", "not"})
    if (schema.at(name).value().is_object() && !is_convertible(schema.at(name))) return false;
  for (const char* name : {"allOf", "anyOf", "oneOf"})
    for (const field one : schema.at(name).items())
      if (!is_convertible(one)) return false;
  const json& properties = schema.at("properties").value();
  return !properties.is_object() || std::ranges::all_of(properties, [](const json& property) {
    return is_convertible(field(property));
  });
}

} // namespace

const json* schema_at(const json& schema, std::string_view path) {
  const json* at = &schema;
  if (path.starts_with('.')) path.remove_prefix(1);
  while (!path.empty()) {
    const auto dot = path.find('.');
    const auto properties = at->find("properties");
    if (properties == at->end() || !properties->is_object()) return nullptr;
    const auto found = properties->find(path.substr(0, dot));
    if (found == properties->end() || !found->is_object()) return nullptr;
    at = &*found;
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return at;
}

void warn_of_schema(const json& schema, const std::string& path, std::vector<std::string>& warnings) {
  if (!schema.is_object()) return;
  if (const auto pattern = schema.find("pattern"); pattern != schema.end() && pattern->is_string())
    if (const std::string why = custom::text_pattern::complaint(pattern->get_ref<const std::string&>());
        !why.empty())
      warnings.push_back(fmt::format("{}.pattern: no value will match: {}", path, why));
  if (const auto properties = schema.find("properties");
      properties != schema.end() && properties->is_object())
    for (const auto& [name, part] : properties->items())
      warn_of_schema(part, fmt::format("{}.properties[{}]", path, name), warnings);
  for (const char* word : {"items", "additionalProperties", "not"})
    if (const auto part = schema.find(word); part != schema.end())
      warn_of_schema(*part, fmt::format("{}.{}", path, word), warnings);
  for (const std::string_view list : junctors)
    if (const auto parts = schema.find(list); parts != schema.end() && parts->is_array())
      for (std::size_t i = 0; i < parts->size(); ++i)
        warn_of_schema((*parts)[i], fmt::format("{}.{}[{}]", path, list, i), warnings);
}

bool schema_has_default(const json& schema) {
  if (schema.is_array()) return std::ranges::any_of(schema, schema_has_default);
  if (!schema.is_object()) return false;
  if (schema.contains("default") && !schema["default"].is_null()) return true;
  return std::ranges::any_of(schema.items(), [](const auto& member) {
    if (member.key() == "properties" || member.key() == "definitions" || member.key() == "patternProperties")
      return std::ranges::any_of(member.value(), schema_has_default);
    const bool nested = member.key() == "items" || member.key() == "additionalProperties" ||
                        member.key() == "allOf" || member.key() == "anyOf" || member.key() == "oneOf" ||
                        member.key() == "not";
    return nested && schema_has_default(member.value());
  });
}

void check_custom_schema(const field& schema, bool has_status, field_errors& errors) {
  const field type = schema.at("type");
  if (has_status && !type.zero() && type.text() != "object")
    errors.invalid(
        type, type.text(),
        "only \"object\" is allowed as the type at the root of the schema if the status subresource is "
        "enabled");
  if (schema.at("nullable").truth())
    errors.forbidden(schema.at("nullable"), "nullable cannot be true at the root");
  // Parts that no structure can hold are only named once: as what is not supported.
  const bool convertible = is_convertible(schema);
  if (convertible) check_structure(schema, true, errors);
  check_parts(schema, errors);
  check_rule_texts(schema, errors);
  if (!convertible || !errors.empty()) return;
  check_rule_programs(schema, errors);
  check_defaults(schema, true, errors);
}

} // namespace actord::schema::rules
