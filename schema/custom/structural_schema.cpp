#include "schema/custom/structural_schema.hpp"

#include "schema/custom/text_formats.hpp"

#include <algorithm>

namespace actord::schema::custom {
namespace {

const json* member(const json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text(const json& object, const char* name) {
  const json* found = member(object, name);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

bool truth(const json& object, const char* name) {
  const json* found = member(object, name);
  return found != nullptr && found->is_boolean() && found->get<bool>();
}

template <class Number>
std::optional<Number> number(const json& object, const char* name) {
  const json* found = member(object, name);
  return found != nullptr && found->is_number() ? std::optional(found->get<Number>()) : std::nullopt;
}

value_shape shape_of(const std::string& type) {
  if (type == "object") return value_shape::object;
  if (type == "array") return value_shape::array;
  if (type == "string") return value_shape::string;
  if (type == "integer") return value_shape::integer;
  if (type == "number") return value_shape::number;
  if (type == "boolean") return value_shape::boolean;
  return value_shape::any;
}

std::vector<std::string> texts(const json& object, const char* name) {
  std::vector<std::string> list;
  if (const json* found = member(object, name); found != nullptr && found->is_array())
    for (const json& one : *found)
      if (one.is_string()) list.push_back(one.get<std::string>());
  return list;
}

std::vector<schema_node> nodes(const json& object, const char* name) {
  std::vector<schema_node> list;
  if (const json* found = member(object, name); found != nullptr && found->is_array())
    for (const json& one : *found) list.push_back(compile_schema(one));
  return list;
}

/// Formats of other types than the schema's, and formats nobody knows, are not checked.
std::string checked_format(const json& schema, const schema_node& node) {
  std::string format = text(schema, "format");
  if (node.int_or_string) return {};
  switch (node.shape) {
  case value_shape::any:
  case value_shape::string:
    return is_known_format(format) ? format : std::string();
  case value_shape::integer:
    return format == "int32" || format == "int64" ? format : std::string();
  case value_shape::number:
    return format == "float" || format == "double" ? format : std::string();
  default:
    return {};
  }
}

constexpr const char* check_words[] = {
    "format",    "enum",          "minimum",  "maximum",  "multipleOf", "uniqueItems",
    "minLength", "maxLength",     "minItems", "maxItems", "pattern",    "minProperties",
    "required",  "maxProperties", "allOf",    "anyOf",    "oneOf",      "not"};

std::unique_ptr<value_checks> checks_of(const json& schema, const schema_node& node) {
  if (std::ranges::none_of(check_words, [&](const char* word) { return member(schema, word) != nullptr; }))
    return nullptr;
  auto checks = std::make_unique<value_checks>();
  checks->format = checked_format(schema, node);
  if (const json* choices = member(schema, "enum"); choices != nullptr && choices->is_array())
    checks->choices.assign(choices->begin(), choices->end());
  checks->minimum = number<double>(schema, "minimum");
  checks->maximum = number<double>(schema, "maximum");
  checks->multiple_of = number<double>(schema, "multipleOf");
  checks->exclusive_minimum = truth(schema, "exclusiveMinimum");
  checks->exclusive_maximum = truth(schema, "exclusiveMaximum");
  checks->unique_items = truth(schema, "uniqueItems");
  checks->min_length = number<std::int64_t>(schema, "minLength");
  checks->max_length = number<std::int64_t>(schema, "maxLength");
  checks->min_items = number<std::int64_t>(schema, "minItems");
  checks->max_items = number<std::int64_t>(schema, "maxItems");
  checks->min_properties = number<std::int64_t>(schema, "minProperties");
  checks->max_properties = number<std::int64_t>(schema, "maxProperties");
  if (std::string pattern = text(schema, "pattern"); !pattern.empty())
    checks->pattern.emplace(std::move(pattern));
  checks->required = texts(schema, "required");
  checks->all_of = nodes(schema, "allOf");
  checks->any_of = nodes(schema, "anyOf");
  checks->one_of = nodes(schema, "oneOf");
  if (const json* negated = member(schema, "not"))
    checks->negation = std::make_unique<schema_node>(compile_schema(*negated));
  return checks;
}

void compile_members(const json& schema, schema_node& node) {
  if (const json* properties = member(schema, "properties"); properties != nullptr && properties->is_object())
    for (const auto& [name, property] : properties->get_ref<const json::object_t&>())
      node.properties.push_back({name, compile_schema(property)});
  if (const json* rest = member(schema, "additionalProperties")) {
    node.open = *rest != false;
    node.closed = *rest == false;
    if (rest->is_object()) node.rest = std::make_unique<schema_node>(compile_schema(*rest));
  }
  if (const json* items = member(schema, "items"); items != nullptr && items->is_object())
    node.items = std::make_unique<schema_node>(compile_schema(*items));
}

} // namespace

schema_node::schema_node() = default;
schema_node::~schema_node() = default;
schema_node::schema_node(schema_node&&) noexcept = default;
schema_node& schema_node::operator=(schema_node&&) noexcept = default;

const schema_node* schema_node::property(std::string_view name) const {
  const auto found = std::ranges::lower_bound(properties, name, {}, &schema_property::name);
  return found != properties.end() && found->name == name ? &found->schema : nullptr;
}

schema_node compile_schema(const json& schema) {
  schema_node node;
  node.shape = shape_of(text(schema, "type"));
  node.int_or_string = truth(schema, "x-kubernetes-int-or-string");
  node.nullable = truth(schema, "nullable");
  node.preserve_unknown = truth(schema, "x-kubernetes-preserve-unknown-fields");
  node.embedded = truth(schema, "x-kubernetes-embedded-resource");
  node.atomic_map = text(schema, "x-kubernetes-map-type") == "atomic";
  const std::string list = text(schema, "x-kubernetes-list-type");
  if (list == "set") node.merge = list_merge::set;
  if (list == "map") node.merge = list_merge::map;
  node.keys = texts(schema, "x-kubernetes-list-map-keys");
  compile_members(schema, node);
  if (const json* fallback = member(schema, "default")) node.fallback = *fallback;
  node.checks = checks_of(schema, node);
  return node;
}

} // namespace actord::schema::custom
