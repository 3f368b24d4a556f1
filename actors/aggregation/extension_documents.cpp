#include "actors/aggregation/extension_documents.hpp"

#include "schema/base/json.hpp"
#include "schema/base/json_member.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/custom/version_order.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

constexpr std::size_t resources_max = 2000;

/// Null for what cannot be read; nested no deeper than a body may be.
json parsed(std::string_view text) {
  auto tree = schema::parse_json(text);
  return tree ? *std::move(tree) : json();
}

bool flag_in(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

json list_in(const json& object, const char* name) {
  if (!object.is_object()) return json::array();
  const auto found = object.find(name);
  return found != object.end() && found->is_array() ? *found : json::array();
}

std::string group_version(std::string_view group, std::string_view version) {
  return std::string(group).append("/").append(version);
}

json version_entry(std::string_view group, std::string_view version) {
  return {{"groupVersion", group_version(group, version)}, {"version", version}};
}

std::int64_t version_priority(std::string_view group, std::string_view version,
                              std::span<const listed_extension> extensions) {
  for (const listed_extension& one : extensions)
    if (one.group == group && one.version == version) return one.priority.version;
  return local_priority(group, version).version;
}

/// The better version first.
bool comes_first(std::string_view group, std::string_view left, std::string_view right,
                 std::span<const listed_extension> extensions) {
  const std::int64_t a = version_priority(group, left, extensions);
  const std::int64_t b = version_priority(group, right, extensions);
  return a != b ? a > b : schema::custom::is_better_version(left, right);
}

/// `entries` are versions of a group, each with its name under "version".
void add_version(json& entries, std::string_view group, const json& entry,
                 std::span<const listed_extension> extensions) {
  const std::string version = text_member(entry, "version");
  auto at = entries.begin();
  for (; at != entries.end(); ++at) {
    const std::string there = text_member(*at, "version");
    if (there == version) return; // served here
    if (comes_first(group, version, there, extensions)) break;
  }
  entries.insert(at, entry);
}

std::string name_of(const json& group) {
  const auto metadata = group.find("metadata");
  return metadata == group.end() ? text_member(group, "name") : text_member(*metadata, "name");
}

/// Of a group in a list, by the versions it has there.
std::int64_t group_priority(const json& group, std::span<const listed_extension> extensions) {
  const std::string name = name_of(group);
  std::int64_t highest = 0;
  for (const json& version : list_in(group, "versions"))
    highest = std::max(highest, local_priority(name, text_member(version, "version")).group);
  for (const listed_extension& one : extensions)
    if (one.group == name) highest = std::max(highest, one.priority.group);
  return highest;
}

/// `made` is a group that this server does not have.
void add_group(json& groups, json made, std::span<const listed_extension> extensions) {
  std::int64_t own = 0;
  const std::string name = name_of(made);
  for (const listed_extension& one : extensions)
    if (one.group == name) own = std::max(own, one.priority.group);
  auto at = groups.begin();
  for (; at != groups.end(); ++at) {
    const std::int64_t there = group_priority(*at, extensions);
    if (own > there || (own == there && name < name_of(*at))) break;
  }
  groups.insert(at, std::move(made));
}

/// Adds every extension to its group in `groups`: as `entry_of` shows a version, and `group_of` a group
/// without any.
template <class EntryOf, class GroupOf>
void add_all(json& groups, std::span<const listed_extension> extensions, EntryOf entry_of, GroupOf group_of) {
  for (const listed_extension& one : extensions) {
    auto group = std::ranges::find_if(groups, [&](const json& other) { return name_of(other) == one.group; });
    if (group != groups.end()) {
      add_version((*group)["versions"], one.group, entry_of(one), extensions);
      continue;
    }
    json made = group_of(one);
    made["versions"] = json::array({entry_of(one)});
    add_group(groups, std::move(made), extensions);
  }
}

void prefer_the_first(json& group) {
  if (!group["versions"].empty()) group["preferredVersion"] = group["versions"].front();
}

json kind_of(const json& entry, std::string_view group, std::string_view version) {
  const std::string own_group = text_member(entry, "group");
  const std::string own_version = text_member(entry, "version");
  return {{"group", own_version.empty() ? std::string(group) : own_group},
          {"version", own_version.empty() ? std::string(version) : own_version},
          {"kind", text_member(entry, "kind")}};
}

} // namespace

std::string groups_with(std::string_view local, std::span<const listed_extension> extensions) {
  json document = parsed(local);
  add_all(
      document["groups"], extensions,
      [](const listed_extension& one) { return version_entry(one.group, one.version); },
      [](const listed_extension& one) { return json{{"name", one.group}}; });
  for (json& group : document["groups"])
    if (std::ranges::any_of(extensions, [&](const auto& one) { return one.group == name_of(group); }))
      prefer_the_first(group);
  return schema::json_text(document);
}

std::optional<std::string> group_with(const std::optional<std::string>& local, std::string_view group,
                                      std::span<const listed_extension> extensions) {
  json document =
      local ? parsed(*local)
            : json{{"kind", "APIGroup"}, {"apiVersion", "v1"}, {"name", group}, {"versions", json::array()}};
  bool any = false;
  for (const listed_extension& one : extensions) {
    if (one.group != group) continue;
    any = true;
    add_version(document["versions"], group, version_entry(group, one.version), extensions);
  }
  if (!any) return local;
  prefer_the_first(document);
  return schema::json_text(document);
}

std::string aggregated_with(std::string_view local, std::span<const listed_extension> extensions) {
  json document = parsed(local);
  add_all(
      document["items"], extensions,
      [](const listed_extension& one) {
        json resources = parsed(one.resources);
        json entry{{"version", one.version}, {"freshness", one.fresh ? "Current" : "Stale"}};
        if (resources.is_array()) entry["resources"] = std::move(resources);
        return entry;
      },
      [](const listed_extension& one) { return json{{"metadata", {{"name", one.group}}}}; });
  return schema::json_text(document);
}

std::vector<std::shared_ptr<const schema::discovery::openapi_v2_addition>>
openapi_v2_of(std::span<const listed_extension> extensions) {
  std::vector<std::shared_ptr<const schema::discovery::openapi_v2_addition>> added;
  for (const listed_extension& one : extensions)
    if (one.openapi_v2) added.push_back(one.openapi_v2);
  return added;
}

std::string openapi_index_with(std::string_view local, std::span<const listed_extension> extensions) {
  json document = parsed(local);
  for (const listed_extension& one : extensions) {
    const std::string name = "apis/" + group_version(one.group, one.version);
    if (!one.openapi_v3.empty() && !document["paths"].contains(name))
      document["paths"][name] = {{"serverRelativeURL", one.openapi_v3}};
  }
  return schema::json_text(document);
}

std::optional<std::string> resources_of_aggregated(std::string_view document, std::string_view group,
                                                   std::string_view version) {
  const json list = parsed(document);
  if (!list.is_object() || text_member(list, "kind") != "APIGroupDiscoveryList") return {};
  for (const json& item : list_in(list, "items")) {
    if (!item.is_object() || name_of(item) != group) continue;
    for (const json& one : list_in(item, "versions"))
      if (one.is_object() && text_member(one, "version") == version) {
        json resources = list_in(one, "resources");
        if (resources.size() > resources_max) return {};
        return schema::json_text(resources);
      }
  }
  return {};
}

std::optional<std::string> resources_of_list(std::string_view document, std::string_view group,
                                             std::string_view version) {
  const json list = parsed(document);
  if (!list.is_object() || text_member(list, "kind") != "APIResourceList") return {};
  json made = json::array();
  const json entries = list_in(list, "resources");
  if (entries.size() > resources_max) return {};
  for (const json& entry : entries) {
    if (!entry.is_object()) continue;
    const std::string name = text_member(entry, "name");
    const auto slash = name.find('/');
    if (slash == std::string::npos) {
      json one{{"resource", name},
               {"responseKind", kind_of(entry, group, version)},
               {"scope", flag_in(entry, "namespaced") ? "Namespaced" : "Cluster"},
               {"singularResource", text_member(entry, "singularName")},
               {"verbs", list_in(entry, "verbs")}};
      for (const char* more : {"shortNames", "categories"})
        if (json words = list_in(entry, more); !words.empty()) one[more] = std::move(words);
      made.push_back(std::move(one));
      continue;
    }
    const auto owner = std::ranges::find_if(
        made, [&](const json& one) { return text_member(one, "resource") == name.substr(0, slash); });
    if (owner != made.end())
      (*owner)["subresources"].push_back({{"subresource", name.substr(slash + 1)},
                                          {"responseKind", kind_of(entry, group, version)},
                                          {"verbs", list_in(entry, "verbs")}});
  }
  return schema::json_text(made);
}

std::string openapi_address_of(std::string_view index, std::string_view group, std::string_view version) {
  const json document = parsed(index);
  const std::string name = "apis/" + group_version(group, version);
  if (!document.is_object() || !document.contains("paths") || !document["paths"].is_object()) return {};
  const auto found = document["paths"].find(name);
  if (found == document["paths"].end() || !found->is_object()) return {};
  const std::string address = text_member(*found, "serverRelativeURL");
  const std::string own = "/openapi/v3/" + name;
  const bool good = address == own || address.starts_with(own + "?");
  return good && address.size() < 1024 ? address : std::string();
}

} // namespace actord::actors
