#include "schema/discovery/openapi_wire.hpp"

#include "schema/codec/json_text.hpp"
#include "schema/codec/protobuf_wire.hpp"
#include "schema/discovery/openapi_parts.hpp"

/// Field numbers are those of gnostic's openapi.v2 messages, named at each use.

namespace actord::schema::discovery {

using protobuf::append_bytes;
using protobuf::append_number;

std::string named_message(std::string_view name, const std::string& value) {
  std::string message;
  append_bytes(message, 1, name);
  append_bytes(message, 2, value);
  return message;
}

std::string any_message(const json& value) {
  std::string message;
  append_bytes(message, 2, json_text(value) + "\n");
  return message;
}

void append_extensions(std::string& out, std::uint32_t number, const json& object) {
  for (const auto& [key, value] : object.items())
    if (key.starts_with("x-")) append_bytes(out, number, named_message(key, any_message(value)));
}

void append_text(std::string& out, std::uint32_t number, const json& object, const char* member) {
  if (const auto found = object.find(member); found != object.end() && found->is_string())
    append_bytes(out, number, found->get_ref<const std::string&>());
}

namespace {

std::string schema_message(const json& schema) {
  std::string message;
  append_text(message, 1, schema, "$ref");
  append_text(message, 2, schema, "format");
  append_text(message, 4, schema, "description");
  for (const json& name : schema.value("required", json::array()))
    append_bytes(message, 19, name.get_ref<const std::string&>());
  if (schema.contains("additionalProperties")) {
    std::string item;
    append_bytes(item, 1, schema_message(schema["additionalProperties"]));
    append_bytes(message, 21, item);
  }
  if (schema.contains("type")) {
    std::string item;
    append_bytes(item, 1, schema["type"].get_ref<const std::string&>());
    append_bytes(message, 22, item);
  }
  if (schema.contains("items")) {
    std::string item;
    append_bytes(item, 1, schema_message(schema["items"]));
    append_bytes(message, 23, item);
  }
  for (const json& part : schema.value("allOf", json::array()))
    append_bytes(message, 24, schema_message(part));
  if (schema.contains("properties")) {
    std::string properties;
    for (const auto& [name, property] : schema["properties"].items())
      append_bytes(properties, 1, named_message(name, schema_message(property)));
    append_bytes(message, 25, properties);
  }
  append_extensions(message, 31, schema);
  return message;
}

/// ParametersItem{Parameter{body or NonBodyParameter{query or path}}}
std::string parameter_message(const json& parameter) {
  const std::string where = parameter["in"];
  std::string inner;
  std::string outer;
  if (where == "body") {
    append_text(inner, 2, parameter, "name");
    append_text(inner, 3, parameter, "in");
    append_number(inner, 4, 1);
    append_bytes(inner, 5, schema_message(parameter["schema"]));
    append_bytes(outer, 1, inner);
  } else {
    if (parameter.value("required", false)) append_number(inner, 1, 1);
    append_text(inner, 2, parameter, "in");
    append_text(inner, 4, parameter, "name");
    const bool is_path = where == "path";
    append_text(inner, is_path ? 5 : 6, parameter, "type");
    std::string sub;
    append_bytes(sub, is_path ? 4 : 3, inner);
    append_bytes(outer, 2, sub);
  }
  std::string item;
  append_bytes(item, 1, outer);
  return item;
}

std::string responses_message(const json& responses) {
  std::string message;
  for (const auto& [code, response] : responses.items()) {
    std::string body; // Response{description, SchemaItem{schema}}
    append_text(body, 1, response, "description");
    if (response.contains("schema")) {
      std::string item;
      append_bytes(item, 1, schema_message(response["schema"]));
      append_bytes(body, 2, item);
    }
    std::string value; // ResponseValue{response}
    append_bytes(value, 1, body);
    append_bytes(message, 1, named_message(code, value));
  }
  return message;
}

std::string operation_message(const json& operation) {
  std::string message;
  append_text(message, 5, operation, "operationId");
  for (const json& parameter : operation.value("parameters", json::array()))
    append_bytes(message, 8, parameter_message(parameter));
  append_bytes(message, 9, responses_message(operation["responses"]));
  append_extensions(message, 13, operation);
  return message;
}

std::string path_message(const json& item) {
  std::string message;
  const std::pair<const char*, std::uint32_t> methods[] = {
      {"get", 2}, {"put", 3}, {"post", 4}, {"delete", 5}, {"patch", 8}};
  for (const auto& [method, number] : methods)
    if (item.contains(method)) append_bytes(message, number, operation_message(item[method]));
  for (const json& parameter : item.value("parameters", json::array()))
    append_bytes(message, 9, parameter_message(parameter));
  return message;
}

} // namespace

std::string swagger_protobuf(const json& document) {
  std::string info;
  append_text(info, 1, document["info"], "title");
  append_text(info, 2, document["info"], "version");
  std::string paths;
  for (const auto& [name, item] : document["paths"].items())
    append_bytes(paths, 2, named_message(name, path_message(item)));
  std::string definitions;
  for (const auto& [name, schema] : document["definitions"].items())
    append_bytes(definitions, 1, named_message(name, schema_message(schema)));
  std::string message;
  append_text(message, 1, document, "swagger");
  append_bytes(message, 2, info);
  append_bytes(message, 8, paths);
  append_bytes(message, 9, definitions);
  return message;
}

} // namespace actord::schema::discovery
