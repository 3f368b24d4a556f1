#include "schema/discovery/documents.hpp"

#include "schema/base/json.hpp"
#include "schema/base/kubernetes_version.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/discovery/served_groups.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <array>

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

/// Custom kinds have always been listed in an order of their own.
constexpr std::array<std::string_view, 8> custom_verbs{"delete", "deletecollection", "get",    "list",
                                                       "patch",  "create",           "update", "watch"};

json verbs_of(std::uint16_t bits) {
  json names = json::array();
  for (const auto& [one, name] : verb_names)
    if ((bits & static_cast<std::uint16_t>(one)) != 0) names.push_back(name);
  return names;
}

json verbs_of(const resource_type& row) {
  return row.custom == nullptr ? verbs_of(row.verbs) : json(custom_verbs);
}

json names_of(std::span<const std::string_view> names) {
  json list = json::array();
  for (const std::string_view name : names) list.push_back(name);
  return list;
}

std::string group_version(std::string_view group, std::string_view version) {
  return group.empty() ? std::string(version) : std::string(group).append("/").append(version);
}

json resource_entry(const resource_type& row) {
  json entry{{"name", row.plural},
             {"singularName", row.singular},
             {"namespaced", row.namespaced},
             {"kind", row.kind},
             {"verbs", verbs_of(row)}};
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

std::string render_resource_list(const served_state& state, std::string_view group,
                                 std::string_view version) {
  json resources = json::array();
  for (const resource_type* row : state.rows_of(group, version)) {
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

json group_entry(const served_group& group) {
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
             {"verbs", verbs_of(row)}};
  if (!row.short_names.empty()) entry["shortNames"] = names_of(row.short_names);
  if (!row.categories.empty()) entry["categories"] = names_of(row.categories);
  for (const subresource_type& part : row.subresources)
    entry["subresources"].push_back({{"subresource", part.name},
                                     {"responseKind", kind_of(part.body_group, part.body_version, part.kind)},
                                     {"verbs", verbs_of(part.verbs)}});
  return entry;
}

json aggregated_group(const served_state& state, const served_group& group) {
  json versions = json::array();
  for (const std::string_view version : group.versions) {
    json resources = json::array();
    for (const resource_type* row : state.rows_of(group.name, version))
      resources.push_back(aggregated_resource(*row));
    versions.push_back({{"version", version}, {"resources", std::move(resources)}, {"freshness", "Current"}});
  }
  json metadata = json::object();
  if (!group.name.empty()) metadata["name"] = group.name;
  return {{"metadata", std::move(metadata)}, {"versions", std::move(versions)}};
}

std::string render_aggregated(const served_state& state, bool core) {
  json items = json::array();
  for (const served_group& one : state.groups)
    if (one.name.empty() == core) items.push_back(aggregated_group(state, one));
  return json_text({{"kind", "APIGroupDiscoveryList"},
                    {"apiVersion", "apidiscovery.k8s.io/v2"},
                    {"metadata", json::object()},
                    {"items", std::move(items)}});
}

std::string render_group_list(const served_state& state) {
  json groups = json::array();
  for (const served_group& one : state.groups)
    if (!one.name.empty()) groups.push_back(group_entry(one));
  return json_text({{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(groups)}});
}

/// Empty when there is no such group.
std::string render_group(const served_state& state, std::string_view name) {
  const auto found = std::ranges::find(state.groups, name, &served_group::name);
  if (found == state.groups.end() || name.empty()) return {};
  json document = group_entry(*found);
  document["kind"] = "APIGroup";
  document["apiVersion"] = "v1";
  return json_text(document);
}

document_cache& cache() {
  static document_cache documents;
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
                    {"gitVersion", kubernetes_version},
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

std::string group_list() { return cache().get("groups", render_group_list); }

std::optional<std::string> group(std::string_view name) {
  const served_state state = served_state::now();
  std::string document = render_group(state, name);
  return document.empty() ? std::nullopt : std::optional(std::move(document));
}

std::optional<std::string> resource_list(std::string_view group, std::string_view version) {
  if (!is_group_served(group, version)) return std::nullopt;
  return cache().get("resources " + group_version(group, version),
                     [&](const served_state& state) { return render_resource_list(state, group, version); });
}

std::string aggregated_core() {
  return cache().get("core", [](const served_state& state) { return render_aggregated(state, true); });
}

std::string aggregated_groups() {
  return cache().get("aggregated", [](const served_state& state) { return render_aggregated(state, false); });
}

std::string_view version() {
  static const std::string document = render_version();
  return document;
}

} // namespace actord::schema::discovery
