#include "schema/codec/decode.hpp"
#include "schema/discovery/openapi_parts.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/tables/type_table.hpp"

#include <array>

namespace actord::schema::discovery {
namespace {

struct operation_row {
  verb needs;
  const char* method;
  const char* action;
  bool takes_body;
};
constexpr std::array<operation_row, 4> collection_operations{
    {{verb::list, "get", "list", false},
     {verb::create, "post", "post", true},
     {verb::remove_collection, "delete", "deletecollection", false}}};
constexpr std::array<operation_row, 4> item_operations{{{verb::get, "get", "get", false},
                                                        {verb::update, "put", "put", true},
                                                        {verb::patch, "patch", "patch", true},
                                                        {verb::remove, "delete", "delete", false}}};
constexpr std::array<operation_row, 4> subresource_operations{{{verb::get, "get", "get", false},
                                                               {verb::create, "post", "post", true},
                                                               {verb::update, "put", "put", true},
                                                               {verb::patch, "patch", "patch", true}}};

json parameter(const char* name, const char* where, const char* type, openapi_dialect dialect) {
  json made{{"name", name}, {"in", where}};
  if (std::string_view(where) == "path") made["required"] = true;
  if (dialect == openapi_dialect::swagger2)
    made.update({{"type", type}, {"uniqueItems", true}});
  else
    made["schema"] = {{"type", type}, {"uniqueItems", true}};
  return made;
}

/// The options of writes, which is what clients look for before they use them.
json write_parameters(std::string_view method, openapi_dialect dialect) {
  json list = json::array();
  list.push_back(parameter("dryRun", "query", "string", dialect));
  if (method == "delete") return list;
  list.push_back(parameter("fieldManager", "query", "string", dialect));
  list.push_back(parameter("fieldValidation", "query", "string", dialect));
  if (method == "patch") list.push_back(parameter("force", "query", "boolean", dialect));
  return list;
}

json operation(const operation_row& row, const body_kind& body, std::string id, openapi_dialect dialect) {
  const std::string_view method = row.method;
  json made{{"operationId", std::move(id)},
            {"x-kubernetes-action", row.action},
            {"x-kubernetes-group-version-kind",
             {{"group", body.group}, {"version", body.version}, {"kind", body.kind}}}};
  if (method != "get") made["parameters"] = write_parameters(method, dialect);
  json response{{"description", "OK"}};
  if (body.type != nullptr) {
    const json schema = method == "patch" ? json{{"type", "object"}} : reference_to(*body.type, dialect);
    const json answer = reference_to(*body.type, dialect);
    if (dialect == openapi_dialect::swagger2) {
      response["schema"] = answer;
      if (row.takes_body)
        made["parameters"].push_back(
            {{"name", "body"}, {"in", "body"}, {"required", true}, {"schema", schema}});
    } else {
      response["content"]["application/json"]["schema"] = answer;
      if (row.takes_body)
        made["requestBody"] = {{"required", true}, {"content", {{"*/*", {{"schema", schema}}}}}};
    }
  }
  made["responses"] = {{"200", std::move(response)}};
  return made;
}

template <std::size_t Count>
void add_path(const std::string& path, const std::array<operation_row, Count>& rows, std::uint16_t verbs,
              const body_kind& body, json path_parameters, openapi_dialect dialect, json& paths) {
  json item = json::object();
  for (const operation_row& row : rows) {
    if (row.method == nullptr || (verbs & static_cast<std::uint16_t>(row.needs)) == 0) continue;
    item[row.method] = operation(row, body, std::string(row.action).append(path), dialect);
  }
  if (item.empty()) return;
  if (!path_parameters.empty()) item["parameters"] = std::move(path_parameters);
  paths[path] = std::move(item);
}

} // namespace

void add_paths(const resource_type& row, openapi_dialect dialect, json& paths, json& definitions) {
  std::string collection = row.group.empty() ? "/api/" : "/apis/" + std::string(row.group) + "/";
  collection += row.version;
  json in_space = json::array();
  if (row.namespaced) {
    collection += "/namespaces/{namespace}";
    in_space.push_back(parameter("namespace", "path", "string", dialect));
  }
  collection += "/" + std::string(row.plural);
  const std::string item = collection + "/{name}";
  json named = in_space;
  named.push_back(parameter("name", "path", "string", dialect));

  const body_kind body = body_kind_of(row);
  if (row.custom != nullptr)
    add_custom_definition(row, dialect, definitions);
  else if (body.type != nullptr)
    add_definition(*body.type, dialect, definitions);
  add_path(collection, collection_operations, row.verbs, body, in_space, dialect, paths);
  add_path(item, item_operations, row.verbs, body, named, dialect, paths);
  for (const subresource_type& part : row.subresources) {
    const body_kind part_body = body_kind_of(row, part.name);
    if (part_body.type != nullptr && part_body.custom == nullptr)
      add_definition(*part_body.type, dialect, definitions);
    add_path(item + "/" + std::string(part.name), subresource_operations, part.verbs, part_body, named,
             dialect, paths);
  }
}

} // namespace actord::schema::discovery
