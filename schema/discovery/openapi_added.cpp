#include "schema/discovery/openapi_added.hpp"

#include "schema/codec/json_text.hpp"
#include "schema/discovery/openapi_parts.hpp"

namespace actord::schema::discovery {
namespace {

constexpr std::string_view definitions_mark = R"({"definitions":{)";
constexpr std::string_view info_mark = R"(,"info":{)";
constexpr std::string_view paths_mark = R"(,"paths":{)";

std::string member(std::string_view name, const std::string& value) {
  std::string text;
  append_json_string(text, name);
  return text + ":" + value;
}

void add_member(std::string& members, std::string_view name, const json& value) {
  if (!members.empty()) members += ',';
  members += member(name, json_text(value));
}

bool is_below(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

// A foreign document may be well-formed and still not say what it should. What is taken over has the shape
// that the protobuf form is made of; the rest is left out.

void copy_texts(const json& from, json& to, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const auto found = from.find(name); found != from.end() && found->is_string()) to[name] = *found;
}

void copy_extensions(const json& from, json& to) {
  for (const auto& [name, value] : from.items())
    if (name.starts_with("x-")) to[name] = value;
}

json shaped_schema(const json& from) {
  json to = json::object();
  if (!from.is_object()) return to;
  copy_texts(from, to, {"$ref", "format", "description", "type"});
  copy_extensions(from, to);
  for (const char* one : {"items", "additionalProperties"})
    if (const auto found = from.find(one); found != from.end() && found->is_object())
      to[one] = shaped_schema(*found);
  if (const auto found = from.find("properties"); found != from.end() && found->is_object())
    for (const auto& [name, property] : found->items()) to["properties"][name] = shaped_schema(property);
  if (const auto found = from.find("required"); found != from.end() && found->is_array())
    for (const json& name : *found)
      if (name.is_string()) to["required"].push_back(name);
  if (const auto found = from.find("allOf"); found != from.end() && found->is_array())
    for (const json& part : *found) to["allOf"].push_back(shaped_schema(part));
  return to;
}

json shaped_parameters(const json& from) {
  json to = json::array();
  if (!from.is_array()) return to;
  for (const json& one : from) {
    if (!one.is_object() || !one.value("/in"_json_pointer, json()).is_string()) continue;
    json made = json::object();
    copy_texts(one, made, {"in", "name", "type"});
    const auto required = one.find("required");
    if (required != one.end() && required->is_boolean()) made["required"] = *required;
    if (made["in"] == "body") made["schema"] = shaped_schema(one.value("/schema"_json_pointer, json()));
    to.push_back(std::move(made));
  }
  return to;
}

json shaped_operation(const json& from) {
  json to{{"responses", json::object()}};
  if (!from.is_object()) return to;
  copy_texts(from, to, {"operationId", "description"});
  copy_extensions(from, to);
  json parameters = shaped_parameters(from.value("/parameters"_json_pointer, json()));
  if (!parameters.empty()) to["parameters"] = std::move(parameters);
  const json responses = from.value("/responses"_json_pointer, json());
  if (!responses.is_object()) return to;
  for (const auto& [code, response] : responses.items()) {
    json made = json::object();
    if (response.is_object()) copy_texts(response, made, {"description"});
    if (response.is_object() && response.contains("schema"))
      made["schema"] = shaped_schema(response.at("schema"));
    to["responses"][code] = std::move(made);
  }
  return to;
}

json shaped_path(const json& from) {
  json to = json::object();
  for (const char* method : {"get", "put", "post", "delete", "patch"})
    if (const auto found = from.find(method); found != from.end()) to[method] = shaped_operation(*found);
  json parameters = shaped_parameters(from.value("/parameters"_json_pointer, json()));
  if (!parameters.empty()) to["parameters"] = std::move(parameters);
  return to;
}

/// Puts members at the beginning of an object whose brace ends at `at`.
void insert_members(std::string& document, std::size_t at, std::string members) {
  if (members.empty()) return;
  if (document[at] != '}') members += ',';
  document.insert(at, members);
}

std::string joined(openapi_v2_additions added, std::string openapi_v2_addition::* which) {
  std::string all;
  for (const auto& one : added) {
    if ((*one).*which == std::string()) continue;
    if (!all.empty()) all += ',';
    all += (*one).*which;
  }
  return all;
}

} // namespace

std::optional<openapi_v2_addition> read_openapi_v2(std::string_view document, std::string_view prefix,
                                                   std::string_view local) {
  const auto tree = parse_json(document);
  if (!tree || !tree->is_object()) return {};
  const auto section = [&](const char* name) {
    const auto found = tree->find(name);
    return found != tree->end() && found->is_object() ? *found : json::object();
  };
  openapi_v2_addition made;
  json paths = json::object();
  json definitions = json::object();
  const json all_paths = section("paths");
  const json all_definitions = section("definitions");
  for (const auto& [path, item] : all_paths.items())
    if (item.is_object() && is_below(path, prefix)) paths[path] = shaped_path(item);
  if (paths.empty()) return {};
  for (const auto& [name, schema] : all_definitions.items())
    if (schema.is_object() && local.find(member(name, "{")) == std::string_view::npos)
      definitions[name] = shaped_schema(schema);
  for (const auto& [path, item] : paths.items()) add_member(made.paths, path, item);
  for (const auto& [name, schema] : definitions.items()) add_member(made.definitions, name, schema);
  if (made.paths.size() + made.definitions.size() > openapi_v2_addition_max_bytes) return {};
  made.protobuf = swagger_protobuf(
      {{"info", json::object()}, {"paths", std::move(paths)}, {"definitions", std::move(definitions)}});
  return made;
}

std::string openapi_v2_with(std::string local, openapi_v2_additions added) {
  // The keys of our documents are in order: definitions, info, paths. A definition may have a member "paths".
  const std::size_t info = local.find(info_mark);
  const std::size_t paths = info == std::string::npos ? info : local.find(paths_mark, info);
  if (!local.starts_with(definitions_mark) || paths == std::string::npos) return local;
  insert_members(local, paths + paths_mark.size(), joined(added, &openapi_v2_addition::paths));
  insert_members(local, definitions_mark.size(), joined(added, &openapi_v2_addition::definitions));
  return local;
}

std::string openapi_v2_protobuf_with(std::string local, openapi_v2_additions added) {
  for (const auto& one : added) local += one->protobuf;
  return local;
}

} // namespace actord::schema::discovery
