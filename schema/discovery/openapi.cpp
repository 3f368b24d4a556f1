#include "schema/discovery/openapi.hpp"

#include "schema/codec/json_text.hpp"
#include "schema/discovery/openapi_parts.hpp"
#include "schema/tables/resource_table.hpp"

#include <fmt/format.h>
#include <map>
#include <mutex>

namespace actord::schema::discovery {
namespace {

json info() { return {{"title", "Kubernetes"}, {"version", "v1.36.2"}}; }

std::string document_name(std::string_view group, std::string_view version) {
  return group.empty() ? fmt::format("api/{}", version) : fmt::format("apis/{}/{}", group, version);
}

/// Changes whenever a document may: clients keep what they fetched under it.
std::string tables_hash() {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const resource_type& row : resource_table())
    hash = (hash ^ row.schema_hash ^ row.verbs) * 0x100000001b3ULL;
  return fmt::format("{:016x}-{}", hash, ACTORD_VERSION);
}

std::string render_index() {
  json paths = json::object();
  for (const api_group& group : api_groups())
    for (const std::string_view version : group.versions) {
      const std::string name = document_name(group.name, version);
      paths[name] = {{"serverRelativeURL", fmt::format("/openapi/v3/{}?hash={}", name, tables_hash())}};
    }
  return json_text({{"paths", std::move(paths)}});
}

std::string render_v3(std::string_view group, std::string_view version) {
  json paths = json::object();
  json schemas = json::object();
  for (const resource_type* row : resources_in_discovery_order())
    if (row->group == group && row->version == version)
      add_paths(*row, openapi_dialect::openapi3, paths, schemas);
  return json_text({{"openapi", "3.0.0"},
                    {"info", info()},
                    {"paths", std::move(paths)},
                    {"components", {{"schemas", std::move(schemas)}}}});
}

json make_v2() {
  json paths = json::object();
  json definitions = json::object();
  for (const resource_type* row : resources_in_discovery_order())
    add_paths(*row, openapi_dialect::swagger2, paths, definitions);
  return {{"swagger", "2.0"},
          {"info", info()},
          {"paths", std::move(paths)},
          {"definitions", std::move(definitions)}};
}

} // namespace

std::string_view openapi_v3_index() {
  static const std::string document = render_index();
  return document;
}

std::optional<std::string_view> openapi_v3(std::string_view name) {
  // Filled as clients ask: most never do, and all documents together are megabytes.
  static std::mutex guard;
  static std::map<std::string, std::string, std::less<>> documents;
  const std::scoped_lock hold(guard);
  if (const auto found = documents.find(name); found != documents.end()) return found->second;
  for (const api_group& group : api_groups())
    for (const std::string_view version : group.versions)
      if (document_name(group.name, version) == name)
        return documents.emplace(name, render_v3(group.name, version)).first->second;
  return std::nullopt;
}

std::string_view openapi_v2() {
  static const std::string document = json_text(make_v2());
  return document;
}

std::string_view openapi_v2_protobuf() {
  static const std::string document = swagger_protobuf(make_v2());
  return document;
}

} // namespace actord::schema::discovery
