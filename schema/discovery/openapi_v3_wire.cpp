#include "schema/codec/protobuf_wire.hpp"
#include "schema/discovery/openapi_parts.hpp"
#include "schema/discovery/openapi_wire.hpp"

#include <bit>

/// Field numbers are those of gnostic's openapi.v3 messages, named at each use.

namespace actord::schema::discovery {
namespace {

using protobuf::append_bytes;
using protobuf::append_number;

void append_flag(std::string& out, std::uint32_t number, const json& object, const char* member) {
  if (object.value(member, json()) == true) append_number(out, number, 1);
}

void append_double(std::string& out, std::uint32_t number, const json& object, const char* member) {
  if (const auto found = object.find(member); found != object.end() && found->is_number())
    protobuf::append_fixed64(out, number, std::bit_cast<std::uint64_t>(found->get<double>()));
}

void append_count(std::string& out, std::uint32_t number, const json& object, const char* member) {
  if (const auto found = object.find(member); found != object.end() && found->is_number_integer())
    append_number(out, number, static_cast<std::uint64_t>(found->get<std::int64_t>()));
}

std::string schema_message(const json& schema);

/// SchemaOrReference{schema or Reference{$ref}}
std::string schema_or_reference(const json& schema) {
  std::string message;
  if (schema.contains("$ref")) {
    std::string reference;
    append_text(reference, 1, schema, "$ref");
    append_bytes(message, 2, reference);
  } else {
    append_bytes(message, 1, schema_message(schema));
  }
  return message;
}

void append_schemas(std::string& out, std::uint32_t number, const json& object, const char* member) {
  for (const json& part : object.value(member, json::array()))
    append_bytes(out, number, schema_or_reference(part));
}

/// Properties or SchemasOrReferences, which look the same.
std::string schema_map(const json& schemas) {
  std::string message;
  for (const auto& [name, schema] : schemas.items())
    append_bytes(message, 1, named_message(name, schema_or_reference(schema)));
  return message;
}

/// DefaultType{number, boolean or string}; there is no form for others.
std::string default_message(const json& value) {
  std::string message;
  if (value.is_number())
    protobuf::append_fixed64(message, 1, std::bit_cast<std::uint64_t>(value.get<double>()));
  else if (value.is_boolean())
    append_number(message, 2, value.get<bool>() ? 1 : 0);
  else if (value.is_string())
    append_bytes(message, 3, value.get_ref<const std::string&>());
  return message;
}

void append_bounds(std::string& message, const json& schema) {
  append_double(message, 10, schema, "multipleOf");
  append_double(message, 11, schema, "maximum");
  append_flag(message, 12, schema, "exclusiveMaximum");
  append_double(message, 13, schema, "minimum");
  append_flag(message, 14, schema, "exclusiveMinimum");
  append_count(message, 15, schema, "maxLength");
  append_count(message, 16, schema, "minLength");
  append_text(message, 17, schema, "pattern");
  append_count(message, 18, schema, "maxItems");
  append_count(message, 19, schema, "minItems");
  append_flag(message, 20, schema, "uniqueItems");
  append_count(message, 21, schema, "maxProperties");
  append_count(message, 22, schema, "minProperties");
}

std::string schema_message(const json& schema) {
  std::string message;
  append_flag(message, 1, schema, "nullable");
  if (schema.contains("example")) append_bytes(message, 7, any_message(schema["example"]));
  append_text(message, 9, schema, "title");
  append_bounds(message, schema);
  for (const json& name : schema.value("required", json::array()))
    append_bytes(message, 23, name.get_ref<const std::string&>());
  for (const json& value : schema.value("enum", json::array())) append_bytes(message, 24, any_message(value));
  append_text(message, 25, schema, "type");
  append_schemas(message, 26, schema, "allOf");
  append_schemas(message, 27, schema, "oneOf");
  append_schemas(message, 28, schema, "anyOf");
  if (schema.contains("not")) append_bytes(message, 29, schema_message(schema["not"]));
  if (schema.contains("items")) { // ItemsItem
    std::string items;
    append_bytes(items, 1, schema_or_reference(schema["items"]));
    append_bytes(message, 30, items);
  }
  if (schema.contains("properties")) append_bytes(message, 31, schema_map(schema["properties"]));
  if (const auto more = schema.find("additionalProperties"); more != schema.end()) {
    std::string item; // AdditionalPropertiesItem
    if (more->is_boolean())
      append_number(item, 2, more->get<bool>() ? 1 : 0);
    else
      append_bytes(item, 1, schema_or_reference(*more));
    append_bytes(message, 32, item);
  }
  if (const auto value = schema.find("default"); value != schema.end())
    if (const std::string made = default_message(*value); !made.empty()) append_bytes(message, 33, made);
  append_text(message, 34, schema, "description");
  append_text(message, 35, schema, "format");
  append_extensions(message, 36, schema);
  return message;
}

/// MediaTypes{NamedMediaType{type, MediaType{schema}}}
std::string content_message(const json& content) {
  std::string message;
  for (const auto& [type, media] : content.items()) {
    std::string value;
    if (media.contains("schema")) append_bytes(value, 1, schema_or_reference(media["schema"]));
    append_bytes(message, 1, named_message(type, value));
  }
  return message;
}

/// ParameterOrReference{Parameter}
std::string parameter_message(const json& parameter) {
  std::string inner;
  append_text(inner, 1, parameter, "name");
  append_text(inner, 2, parameter, "in");
  append_text(inner, 3, parameter, "description");
  append_flag(inner, 4, parameter, "required");
  append_bytes(inner, 10, schema_or_reference(parameter["schema"]));
  std::string message;
  append_bytes(message, 1, inner);
  return message;
}

/// Responses{NamedResponseOrReference{code, ResponseOrReference{Response}}}
std::string responses_message(const json& responses) {
  std::string message;
  for (const auto& [code, response] : responses.items()) {
    std::string body;
    append_text(body, 1, response, "description");
    if (response.contains("content")) append_bytes(body, 3, content_message(response["content"]));
    std::string value;
    append_bytes(value, 1, body);
    append_bytes(message, 2, named_message(code, value));
  }
  return message;
}

std::string operation_message(const json& operation) {
  std::string message;
  append_text(message, 5, operation, "operationId");
  for (const json& parameter : operation.value("parameters", json::array()))
    append_bytes(message, 6, parameter_message(parameter));
  if (const auto wanted = operation.find("requestBody"); wanted != operation.end()) {
    std::string body; // RequestBody
    append_bytes(body, 2, content_message((*wanted)["content"]));
    append_flag(body, 3, *wanted, "required");
    std::string value; // RequestBodyOrReference
    append_bytes(value, 1, body);
    append_bytes(message, 7, value);
  }
  append_bytes(message, 8, responses_message(operation["responses"]));
  append_extensions(message, 13, operation);
  return message;
}

std::string path_message(const json& item) {
  std::string message;
  const std::pair<const char*, std::uint32_t> methods[] = {
      {"get", 4}, {"put", 5}, {"post", 6}, {"delete", 7}, {"patch", 10}};
  for (const auto& [method, number] : methods)
    if (item.contains(method)) append_bytes(message, number, operation_message(item[method]));
  for (const json& parameter : item.value("parameters", json::array()))
    append_bytes(message, 13, parameter_message(parameter));
  return message;
}

} // namespace

std::string openapi3_protobuf(const json& document) {
  std::string info;
  append_text(info, 1, document["info"], "title");
  append_text(info, 6, document["info"], "version");
  std::string paths;
  for (const auto& [name, item] : document["paths"].items())
    append_bytes(paths, 1, named_message(name, path_message(item)));
  std::string components;
  append_bytes(components, 1, schema_map(document["components"]["schemas"]));
  std::string message;
  append_text(message, 1, document, "openapi");
  append_bytes(message, 2, info);
  append_bytes(message, 4, paths);
  append_bytes(message, 5, components);
  return message;
}

} // namespace actord::schema::discovery
