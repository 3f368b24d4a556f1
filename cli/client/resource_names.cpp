#include "cli/client/resource_names.hpp"

#include "cli/command_line/suggestions.hpp"
#include "net/http/query.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>

namespace actord::cli {

namespace {

constexpr const char* aggregated_form =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  });
  return lower;
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::vector<std::string> texts_at(const json& object, const char* key) {
  std::vector<std::string> texts;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return texts;
  for (const json& each : *found) {
    if (each.is_string()) texts.push_back(each.get<std::string>());
  }
  return texts;
}

resource_info info_of(const schema::resource_type& row) {
  resource_info info{.group = std::string(row.group),
                     .version = std::string(row.version),
                     .kind = std::string(row.kind),
                     .plural = std::string(row.plural),
                     .singular = std::string(row.singular),
                     .namespaced = row.namespaced,
                     .short_names = {row.short_names.begin(), row.short_names.end()},
                     .categories = {row.categories.begin(), row.categories.end()},
                     .verbs = {}};
  if (info.singular.empty()) info.singular = lower_case(row.kind);
  if (row.has(schema::verb::list)) info.verbs.emplace_back("list");
  return info;
}

resource_info info_of_aggregated(const json& resource, const std::string& group, const std::string& version) {
  const json kind = resource.value("responseKind", json::object());
  return {.group = group,
          .version = version,
          .kind = text_at(kind, "kind"),
          .plural = text_at(resource, "resource"),
          .singular = text_at(resource, "singularResource"),
          .namespaced = text_at(resource, "scope") == "Namespaced",
          .short_names = texts_at(resource, "shortNames"),
          .categories = texts_at(resource, "categories"),
          .verbs = texts_at(resource, "verbs")};
}

void add_aggregated(const json& list, std::vector<resource_info>& into) {
  for (const json& group : list.value("items", json::array())) {
    const std::string name = text_at(group.value("metadata", json::object()), "name");
    for (const json& version : group.value("versions", json::array())) {
      for (const json& resource : version.value("resources", json::array())) {
        into.push_back(info_of_aggregated(resource, name, text_at(version, "version")));
      }
    }
  }
}

/// An APIResourceList; its subresources are left out.
void add_list(const json& list, const std::string& group, const std::string& version,
              std::vector<resource_info>& into) {
  for (const json& resource : list.value("resources", json::array())) {
    const std::string plural = text_at(resource, "name");
    if (plural.find('/') != std::string::npos) continue;
    into.push_back({.group = group,
                    .version = version,
                    .kind = text_at(resource, "kind"),
                    .plural = plural,
                    .singular = text_at(resource, "singularName"),
                    .namespaced = resource.value("namespaced", false),
                    .short_names = texts_at(resource, "shortNames"),
                    .categories = texts_at(resource, "categories"),
                    .verbs = texts_at(resource, "verbs")});
  }
}

error unknown_type(std::string_view name, const std::vector<resource_info>& known) {
  std::vector<std::string> names;
  for (const auto& each : known) {
    names.push_back(each.plural);
    names.push_back(each.singular);
    names.insert(names.end(), each.short_names.begin(), each.short_names.end());
  }
  return error{.kind = error_kind::bad_request,
               .message = "the server doesn't have a resource type \"" + std::string(name) + "\"" +
                          suggestion(lower_case(name), names)};
}

} // namespace

std::string resource_info::path(std::string_view space, std::string_view name) const {
  std::string text = group.empty() ? "/api/" + version : "/apis/" + group + "/" + version;
  if (namespaced && !space.empty()) text += "/namespaces/" + net::percent_encode(space);
  text += "/" + plural;
  if (!name.empty()) text += "/" + net::percent_encode(name);
  return text;
}

std::string resource_info::qualified_singular() const {
  const std::string name = singular.empty() ? lower_case(kind) : singular;
  return group.empty() ? name : name + "." + group;
}

resource_names::resource_names(api_client& client) : client_(client) {
  for (const auto* row : schema::resources_in_discovery_order()) known_.push_back(info_of(*row));
}

std::vector<resource_info> resource_names::match(std::string_view name) const {
  const std::string wanted = lower_case(name);
  const std::string first = wanted.substr(0, wanted.find('.'));
  const std::string rest = first.size() == wanted.size() ? std::string() : wanted.substr(first.size() + 1);
  const auto is_called = [&](const resource_info& info) {
    const bool named = info.plural == first || info.singular == first || contains(info.short_names, first) ||
                       lower_case(info.kind) == first;
    return named && (rest.empty() || rest == info.group || rest == info.version + "." + info.group ||
                     (info.group.empty() && rest == info.version));
  };
  const auto found = std::find_if(known_.begin(), known_.end(), is_called);
  if (found != known_.end()) return {*found};
  std::vector<resource_info> category;
  for (const auto& info : known_) {
    const bool seen = std::any_of(category.begin(), category.end(), [&info](const resource_info& each) {
      return each.group == info.group && each.plural == info.plural;
    });
    if (!seen && contains(info.categories, first) && contains(info.verbs, "list")) category.push_back(info);
  }
  return category;
}

result<std::vector<resource_info>> resource_names::find(std::string_view name) {
  std::vector<resource_info> found = match(name);
  if (found.empty() && !discovered_) {
    if (auto discovered = discover(); !discovered) return discovered.error();
    found = match(name);
  }
  if (found.empty()) return unknown_type(name, known_);
  return found;
}

result<resource_info> resource_names::find_one(std::string_view name) {
  auto found = find(name);
  if (!found) return found.error();
  return found->front();
}

result<resource_info> resource_names::find_kind(std::string_view api_version, std::string_view kind) {
  const auto search = [&]() {
    return std::find_if(known_.begin(), known_.end(), [&](const resource_info& info) {
      return info.kind == kind && info.api_version() == api_version;
    });
  };
  auto found = search();
  if (found == known_.end() && !discovered_) {
    if (auto discovered = discover(); !discovered) return discovered.error();
    found = search();
  }
  if (found != known_.end()) return *found;
  std::vector<std::string> kinds;
  for (const auto& info : known_) {
    if (info.kind == kind) {
      return error{.kind = error_kind::bad_request,
                   .message = "no matches for kind \"" + std::string(kind) + "\" in version \"" +
                              std::string(api_version) + "\", did you mean \"" + info.api_version() + "\"?"};
    }
    kinds.push_back(info.kind);
  }
  return error{.kind = error_kind::bad_request,
               .message = "no matches for kind \"" + std::string(kind) + "\" in version \"" +
                          std::string(api_version) + "\"" + suggestion(kind, kinds)};
}

result<std::vector<resource_info>> resource_names::discover() {
  std::vector<resource_info> all;
  for (const auto* root : {"/api", "/apis"}) {
    const auto answer = client_.get(root, aggregated_form);
    if (!answer) return answer.error();
    const json& body = answer->body;
    if (text_at(body, "kind") == "APIGroupDiscoveryList") {
      add_aggregated(body, all);
      continue;
    }
    std::vector<std::pair<std::string, std::string>> versions; // group, version
    for (const auto& version : texts_at(body, "versions")) versions.emplace_back("", version);
    for (const json& group : body.value("groups", json::array())) {
      for (const json& version : group.value("versions", json::array())) {
        versions.emplace_back(text_at(group, "name"), text_at(version, "version"));
      }
    }
    for (const auto& [group, version] : versions) {
      const auto list = client_.get(group.empty() ? "/api/" + version : "/apis/" + group + "/" + version);
      if (!list) return list.error();
      add_list(list->body, group, version, all);
    }
  }
  discovered_ = true;
  known_ = all;
  return all;
}

} // namespace actord::cli
