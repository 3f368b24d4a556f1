#include "schema/discovery/documents.hpp"

#include "schema/base/json.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace actord::schema::discovery {
namespace {

constexpr std::array<std::pair<verb, std::string_view>, 8> verb_names{{
    {verb::create, "create"},
    {verb::remove, "delete"},
    {verb::remove_collection, "deletecollection"},
    {verb::get, "get"},
    {verb::list, "list"},
    {verb::patch, "patch"},
    {verb::update, "update"},
    {verb::watch, "watch"},
}};

json verbs_of(std::uint16_t bits) {
  json names = json::array();
  for (const auto& [one, name] : verb_names)
    if ((bits & static_cast<std::uint16_t>(one)) != 0) names.push_back(name);
  return names;
}

json names_of(std::span<const std::string_view> names) {
  json list = json::array();
  for (const std::string_view name : names) list.push_back(name);
  return list;
}

std::string group_version(std::string_view group, std::string_view version) {
  return group.empty() ? std::string(version) : std::string(group).append("/").append(version);
}

/// Rows of a group version, in the order of discovery.
std::vector<const resource_type*> rows_of(std::string_view group, std::string_view version) {
  auto rows = resources_in_discovery_order();
  std::erase_if(rows,
                [&](const resource_type* row) { return row->group != group || row->version != version; });
  return rows;
}

json resource_entry(const resource_type& row) {
  json entry{{"name", row.plural},
             {"singularName", row.singular},
             {"namespaced", row.namespaced},
             {"kind", row.kind},
             {"verbs", verbs_of(row.verbs)}};
  if (!row.short_names.empty()) entry["shortNames"] = names_of(row.short_names);
  if (!row.categories.empty()) entry["categories"] = names_of(row.categories);
  if (!row.storage_hash.empty()) entry["storageVersionHash"] = row.storage_hash;
  return entry;
}

json subresource_entry(const resource_type& row, const subresource_type& part) {
  json entry{{"name", std::string(row.plural).append("/").append(part.name)},
             {"singularName", ""},
             {"namespaced", row.namespaced},
             {"kind", part.kind},
             {"verbs", verbs_of(part.verbs)}};
  if (!part.body_group.empty()) entry["group"] = part.body_group;
  if (!part.body_version.empty()) entry["version"] = part.body_version;
  return entry;
}

std::string render_resource_list(std::string_view group, std::string_view version) {
  json resources = json::array();
  for (const resource_type* row : rows_of(group, version)) {
    resources.push_back(resource_entry(*row));
    for (const subresource_type& part : row->subresources) resources.push_back(subresource_entry(*row, part));
  }
  json document{
      {"kind", "APIResourceList"}, {"groupVersion", group_version(group, version)}, {"resources", resources}};
  if (!group.empty()) document["apiVersion"] = "v1"; // the core group's list never had it
  return json_text(document);
}

json version_entry(std::string_view group, std::string_view version) {
  return {{"groupVersion", group_version(group, version)}, {"version", version}};
}

json group_entry(const api_group& group) {
  json versions = json::array();
  for (const std::string_view version : group.versions)
    versions.push_back(version_entry(group.name, version));
  return {{"name", group.name},
          {"versions", versions},
          {"preferredVersion", version_entry(group.name, group.preferred)}};
}

json aggregated_resource(const resource_type& row) {
  const auto kind_of = [](std::string_view group, std::string_view version, std::string_view kind) {
    return json{{"group", group}, {"version", version}, {"kind", kind}};
  };
  json entry{{"resource", row.plural},
             {"responseKind", kind_of("", "", row.kind)},
             {"scope", row.namespaced ? "Namespaced" : "Cluster"},
             {"singularResource", row.singular},
             {"verbs", verbs_of(row.verbs)}};
  if (!row.short_names.empty()) entry["shortNames"] = names_of(row.short_names);
  if (!row.categories.empty()) entry["categories"] = names_of(row.categories);
  for (const subresource_type& part : row.subresources)
    entry["subresources"].push_back({{"subresource", part.name},
                                     {"responseKind", kind_of(part.body_group, part.body_version, part.kind)},
                                     {"verbs", verbs_of(part.verbs)}});
  return entry;
}

json aggregated_group(const api_group& group) {
  json versions = json::array();
  for (const std::string_view version : group.versions) {
    json resources = json::array();
    for (const resource_type* row : rows_of(group.name, version))
      resources.push_back(aggregated_resource(*row));
    versions.push_back({{"version", version}, {"resources", std::move(resources)}, {"freshness", "Current"}});
  }
  json metadata = json::object();
  if (!group.name.empty()) metadata["name"] = group.name;
  return {{"metadata", std::move(metadata)}, {"versions", std::move(versions)}};
}

std::string render_aggregated(bool core) {
  json items = json::array();
  for (const api_group& one : api_groups())
    if (one.name.empty() == core) items.push_back(aggregated_group(one));
  return json_text({{"kind", "APIGroupDiscoveryList"},
                    {"apiVersion", "apidiscovery.k8s.io/v2"},
                    {"metadata", json::object()},
                    {"items", std::move(items)}});
}

std::string render_group_list() {
  json groups = json::array();
  for (const api_group& one : api_groups())
    if (!one.name.empty()) groups.push_back(group_entry(one));
  return json_text({{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(groups)}});
}

std::map<std::string, std::string, std::less<>> render_groups() {
  std::map<std::string, std::string, std::less<>> documents;
  for (const api_group& one : api_groups()) {
    if (one.name.empty()) continue;
    json document = group_entry(one);
    document["kind"] = "APIGroup";
    document["apiVersion"] = "v1";
    documents.emplace(one.name, json_text(document));
  }
  return documents;
}

std::map<std::string, std::string, std::less<>> render_resource_lists() {
  std::map<std::string, std::string, std::less<>> documents;
  for (const api_group& one : api_groups())
    for (const std::string_view served : one.versions)
      documents.emplace(group_version(one.name, served), render_resource_list(one.name, served));
  return documents;
}

std::string render_version() {
#ifdef __aarch64__
  constexpr std::string_view platform = "linux/arm64";
#else
  constexpr std::string_view platform = "linux/amd64";
#endif
  // The release of the Kubernetes API whose types are compiled in; clients choose features by it.
  return json_text({{"major", "1"},
                    {"minor", "36"},
                    {"emulationMajor", "1"},
                    {"emulationMinor", "36"},
                    {"minCompatibilityMajor", "1"},
                    {"minCompatibilityMinor", "35"},
                    {"gitVersion", "v1.36.2"},
                    {"gitCommit", ""},
                    {"gitTreeState", ""},
                    {"buildDate", "1970-01-01T00:00:00Z"},
                    {"goVersion", "none: actord " ACTORD_VERSION ", C++20"},
                    {"compiler", "gcc " __VERSION__},
                    {"platform", platform}});
}

} // namespace

std::string core_versions(std::string_view address) {
  return json_text({{"kind", "APIVersions"},
                    {"versions", json::array({"v1"})},
                    {"serverAddressByClientCIDRs",
                     json::array({{{"clientCIDR", "0.0.0.0/0"}, {"serverAddress", address}}})}});
}

std::string_view group_list() {
  static const std::string document = render_group_list();
  return document;
}

std::optional<std::string_view> group(std::string_view name) {
  static const auto documents = render_groups();
  const auto found = documents.find(name);
  return found == documents.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

std::optional<std::string_view> resource_list(std::string_view group, std::string_view version) {
  static const auto documents = render_resource_lists();
  const auto found = documents.find(group_version(group, version));
  return found == documents.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

std::string_view aggregated_core() {
  static const std::string document = render_aggregated(true);
  return document;
}

std::string_view aggregated_groups() {
  static const std::string document = render_aggregated(false);
  return document;
}

std::string_view version() {
  static const std::string document = render_version();
  return document;
}

} // namespace actord::schema::discovery
