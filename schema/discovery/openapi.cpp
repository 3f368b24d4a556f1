#include "schema/discovery/openapi.hpp"

#include "schema/base/kubernetes_version.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/custom/definition.hpp"
#include "schema/discovery/openapi_parts.hpp"
#include "schema/discovery/served_groups.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <mutex>

namespace actord::schema::discovery {
namespace {

json info() { return {{"title", "Kubernetes"}, {"version", kubernetes_version}}; }

std::string document_name(std::string_view group, std::string_view version) {
  return group.empty() ? fmt::format("api/{}", version) : fmt::format("apis/{}/{}", group, version);
}

std::uint64_t mixed(std::uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

/// Changes whenever the document may: clients keep what they fetched under it.
std::string document_hash(const served_state& state, std::string_view group, std::string_view version) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const resource_type* row : state.rows_of(group, version)) {
    hash = (hash ^ row->schema_hash ^ row->verbs) * 0x100000001b3ULL;
    if (row->custom != nullptr) hash = mixed(hash, row->custom->definition->fingerprint());
  }
  return fmt::format("{:016x}-{}", hash, ACTORD_VERSION);
}

std::string render_index(const served_state& state) {
  json paths = json::object();
  for (const served_group& group : state.groups)
    for (const std::string_view version : group.versions) {
      const std::string name = document_name(group.name, version);
      paths[name] = {{"serverRelativeURL", fmt::format("/openapi/v3/{}?hash={}", name,
                                                       document_hash(state, group.name, version))}};
    }
  return json_text({{"paths", std::move(paths)}});
}

enum class v3_form { json, protobuf };

std::string render_v3(const std::vector<const resource_type*>& rows, v3_form form) {
  json paths = json::object();
  json schemas = json::object();
  for (const resource_type* row : rows) add_paths(*row, openapi_dialect::openapi3, paths, schemas);
  const json document{{"openapi", "3.0.0"},
                      {"info", info()},
                      {"paths", std::move(paths)},
                      {"components", {{"schemas", std::move(schemas)}}}};
  return form == v3_form::json ? json_text(document) : openapi3_protobuf(document);
}

json make_v2(const served_state& state) {
  json paths = json::object();
  json definitions = json::object();
  for (const resource_type* row : state.rows) add_paths(*row, openapi_dialect::swagger2, paths, definitions);
  return {{"swagger", "2.0"},
          {"info", info()},
          {"paths", std::move(paths)},
          {"definitions", std::move(definitions)}};
}

/// Documents that hold custom kinds: made again when those change.
document_cache& changing() {
  static document_cache documents;
  return documents;
}

bool is_custom(const resource_type* row) { return row->custom != nullptr; }

/// Documents of built-in kinds only: made once. Filled as clients ask: most never do, and all together are
/// megabytes.
std::string builtin_v3(const std::string& name, const std::vector<const resource_type*>& rows, v3_form form) {
  static std::mutex guard;
  static std::map<std::string, std::string> documents;
  const std::string key = form == v3_form::json ? name : name + " protobuf";
  const std::scoped_lock hold(guard);
  const auto found = documents.find(key);
  return found != documents.end() ? found->second
                                  : documents.emplace(key, render_v3(rows, form)).first->second;
}

std::optional<std::string> find_v3(std::string_view wanted, v3_form form) {
  const served_state state = served_state::now();
  for (const served_group& group : state.groups)
    for (const std::string_view version : group.versions) {
      const std::string name = document_name(group.name, version);
      if (name != wanted) continue;
      const auto rows = state.rows_of(group.name, version);
      if (std::ranges::none_of(rows, is_custom)) return builtin_v3(name, rows, form);
      return changing().get(form == v3_form::json ? name : name + " protobuf", [&](const served_state& at) {
        return render_v3(at.rows_of(group.name, version), form);
      });
    }
  return std::nullopt;
}

} // namespace

std::string openapi_v3_index() { return changing().get("index", render_index); }

std::optional<std::string> openapi_v3(std::string_view name) { return find_v3(name, v3_form::json); }
std::optional<std::string> openapi_v3_protobuf(std::string_view name) {
  return find_v3(name, v3_form::protobuf);
}

std::string openapi_v2() {
  return changing().get("v2", [](const served_state& state) { return json_text(make_v2(state)); });
}

std::string openapi_v2_protobuf() {
  return changing().get("v2 protobuf",
                        [](const served_state& state) { return swagger_protobuf(make_v2(state)); });
}

} // namespace actord::schema::discovery
