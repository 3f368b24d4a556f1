#include "cli/commands/command_session.hpp"

#include "schema/base/json.hpp"

#include <algorithm>
#include <istream>
#include <ostream>

namespace actord::cli {

namespace {

error usage(std::string message) {
  return error{.kind = error_kind::bad_request, .message = std::move(message)};
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (std::size_t end = text.find(at); end != std::string::npos; end = text.find(at, from)) {
    parts.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  parts.push_back(text.substr(from));
  return parts;
}

std::string space_of(const command_session& session, const object_selection& selection,
                     const resource_info& resource) {
  return resource.namespaced && !selection.all_namespaces ? session.space : std::string();
}

result<std::vector<selected_objects>> from_files(command_session& session,
                                                 const object_selection& selection) {
  auto manifests = read_manifests(selection.files, selection.recursive, session.context.input);
  if (!manifests) return manifests.error();
  std::vector<selected_objects> selected;
  for (auto& manifest : *manifests) {
    const auto at = [&manifest](const char* field) {
      return manifest.file + ":" + std::to_string(line_of_field(manifest, field)) + ": ";
    };
    const auto resource =
        session.names.find_kind(text_at(manifest.object, {"apiVersion"}), text_at(manifest.object, {"kind"}));
    if (!resource) return usage(at("kind") + resource.error().message);
    std::string space = text_at(manifest.object, {"metadata", "namespace"});
    if (resource->namespaced && session.space_was_given && !space.empty() && space != session.space) {
      return usage(at("metadata.namespace") + "the namespace from the provided object \"" + space +
                   "\" does not match the namespace \"" + session.space +
                   "\". You must pass '--namespace=" + space + "' to perform this operation.");
    }
    if (space.empty()) space = session.space;
    selected.push_back({.resource = *resource,
                        .space = resource->namespaced ? space : std::string(),
                        .name = text_at(manifest.object, {"metadata", "name"}),
                        .manifest = std::move(manifest)});
  }
  return selected;
}

/// TYPE/NAME...
result<std::vector<selected_objects>> from_pairs(command_session& session,
                                                 const object_selection& selection) {
  std::vector<selected_objects> selected;
  for (const auto& word : selection.words) {
    const auto parts = split(word, '/');
    if (parts.size() != 2 || parts[0].empty() || parts[1].empty()) {
      return usage("arguments in resource/name form must have a single resource and name; got \"" + word +
                   "\" among them");
    }
    auto resource = session.names.find_one(parts[0]);
    if (!resource) return resource.error();
    selected.push_back(
        {.resource = *resource, .space = space_of(session, selection, *resource), .name = parts[1]});
  }
  return selected;
}

/// TYPE[,TYPE] [NAME...]
result<std::vector<selected_objects>> from_types(command_session& session,
                                                 const object_selection& selection) {
  std::vector<selected_objects> selected;
  for (const auto& type : split(selection.words.front(), ',')) {
    auto resources = session.names.find(type);
    if (!resources) return resources.error();
    for (const auto& resource : *resources) {
      const std::string space = space_of(session, selection, resource);
      if (selection.words.size() == 1) selected.push_back({.resource = resource, .space = space, .name = {}});
      for (std::size_t index = 1; index < selection.words.size(); ++index) {
        selected.push_back({.resource = resource, .space = space, .name = selection.words[index]});
      }
    }
  }
  return selected;
}

} // namespace

result<std::vector<selected_objects>> select_objects(command_session& session,
                                                     const object_selection& selection) {
  if (!selection.files.empty()) {
    if (!selection.words.empty()) return usage("when files are given with -f, no type or name may be");
    return from_files(session, selection);
  }
  if (selection.words.empty()) {
    return usage("You must specify the type of resource, for example \"pods\". 'actctl api-resources' lists "
                 "all types.");
  }
  const bool pairs = std::any_of(selection.words.begin(), selection.words.end(),
                                 [](const std::string& word) { return word.find('/') != std::string::npos; });
  auto selected = pairs ? from_pairs(session, selection) : from_types(session, selection);
  if (!selected) return selected;
  for (const auto& each : *selected) {
    if (!each.name.empty() && selection.all_namespaces && each.resource.namespaced) {
      return usage("a resource cannot be retrieved by name across all namespaces");
    }
    if (!each.name.empty() && !selection.labels.empty()) {
      return usage("name cannot be provided when a selector is specified");
    }
  }
  return selected;
}

query_list selector_query(const object_selection& selection) {
  query_list query;
  if (!selection.labels.empty()) query.emplace_back("labelSelector", selection.labels);
  if (!selection.fields.empty()) query.emplace_back("fieldSelector", selection.fields);
  return query;
}

result<std::vector<json>> fetch_objects(command_session& session, const selected_objects& selected,
                                        query_list query) {
  std::vector<json> objects;
  if (!selected.name.empty()) {
    auto answer = session.client.get(selected.path());
    if (!answer) return answer.error();
    objects.push_back(std::move(answer->body));
    return objects;
  }
  query.emplace_back("limit", "500");
  query.emplace_back("continue", "");
  while (true) {
    auto answer = session.client.get(selected.path() + query_text(query));
    if (!answer) return answer.error();
    if (const json* items = value_at(answer->body, {"items"}); items != nullptr && items->is_array()) {
      for (const json& item : *items) {
        json object = item;
        object["apiVersion"] = selected.resource.api_version(); // items of lists go without
        object["kind"] = selected.resource.kind;
        objects.push_back(std::move(object));
      }
    }
    const std::string next = text_at(answer->body, {"metadata", "continue"});
    if (next.empty()) return objects;
    query.back().second = next;
  }
}

const json* value_at(const json& object, std::initializer_list<const char*> path) {
  const json* value = &object;
  for (const char* key : path) {
    if (!value->is_object()) return nullptr;
    const auto found = value->find(key);
    if (found == value->end()) return nullptr;
    value = &*found;
  }
  return value;
}

std::string text_at(const json& object, std::initializer_list<const char*> path) {
  const json* value = value_at(object, path);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::string qualified_name(const resource_info& resource, std::string_view name) {
  return resource.qualified_singular() + "/" + std::string(name);
}

void tell_warnings(command_session& session, const std::vector<std::string>& warnings) {
  for (const auto& warning : warnings) session.context.errors << "Warning: " << warning << '\n';
}

} // namespace actord::cli
