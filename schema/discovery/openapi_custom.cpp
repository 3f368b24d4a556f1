#include "schema/base/always.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/custom/custom_kind.hpp"
#include "schema/discovery/openapi_parts.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/tables/type_table.hpp"

namespace actord::schema::discovery {
namespace {

/// Swagger 2 knows less than the schemas of definitions: what it has no word for is left open, so that
/// clients that check against it refuse nothing that the server takes.
json as_swagger2(const json& schema) {
  if (!schema.is_object()) return json::object();
  json shown = json::object();
  const bool open = schema.value("nullable", false) || schema.value("x-kubernetes-int-or-string", false);
  const bool free_form = schema.value("x-kubernetes-preserve-unknown-fields", false);
  for (const auto& [name, value] : schema.items()) {
    if (name == "allOf" || name == "anyOf" || name == "oneOf" || name == "not" || name == "nullable" ||
        name == "example" || name == "externalDocs" || name == "default" || name == "enum")
      continue;
    if ((open || free_form) && (name == "properties" || name == "items" || name == "additionalProperties"))
      continue;
    if (open && (name == "type" || name == "format")) continue;
    if (name == "properties") {
      for (const auto& [member, part] : value.items()) shown["properties"][member] = as_swagger2(part);
    } else if (name == "items" || name == "additionalProperties") {
      if (value != false) shown[name] = as_swagger2(value);
    } else {
      shown[name] = value;
    }
  }
  return shown;
}

json text_property(const char* description) { return {{"type", "string"}, {"description", description}}; }

} // namespace

void add_custom_definition(const resource_type& row, openapi_dialect dialect, json& definitions) {
  static const object_type* metadata = find_type("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
  ALWAYS(metadata != nullptr);
  auto parsed = parse_json(row.custom->schema_text);
  ALWAYS_WITH(parsed.has_value(), row.custom->schema_text);
  json schema = dialect == openapi_dialect::swagger2 ? as_swagger2(*parsed) : std::move(*parsed);
  schema["type"] = "object";
  json& properties = schema["properties"];
  properties["apiVersion"] = text_property("Group and version of the schema this object follows.");
  properties["kind"] = text_property("What the object is.");
  json reference = reference_to(*metadata, dialect);
  properties["metadata"] =
      dialect == openapi_dialect::swagger2 ? reference : json{{"allOf", json::array({std::move(reference)})}};
  schema["x-kubernetes-group-version-kind"] =
      json::array({{{"group", row.group}, {"version", row.version}, {"kind", row.kind}}});
  definitions[std::string(row.type->name)] = std::move(schema);
  add_definition(*metadata, dialect, definitions);
}

} // namespace actord::schema::discovery
