#include "actors/api/access/access_questions.hpp"

#include <algorithm>
#include <array>

namespace actord::actors {
namespace {

constexpr std::string_view own_prefix = "/apis/actord.dev/";
constexpr std::string_view own_group = "actord.dev";

/// The name a field selector pins a list to, which is then authorized like that one object.
std::string_view selected_name(std::string_view selector) {
  constexpr std::string_view field = "metadata.name=";
  while (!selector.empty()) {
    const std::size_t end = std::min(selector.find(','), selector.size());
    std::string_view part = selector.substr(0, end);
    selector.remove_prefix(std::min(end + 1, selector.size()));
    if (!part.starts_with(field)) continue;
    part.remove_prefix(field.size());
    if (part.starts_with('=')) part.remove_prefix(1);
    const bool plain = part != "." && part != ".." && part.find_first_of("/%\\") == std::string_view::npos;
    return plain ? part : std::string_view();
  }
  return {};
}

std::string_view lower_method(std::string_view method) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> words{{{"GET", "get"},
                                                                                {"HEAD", "head"},
                                                                                {"POST", "post"},
                                                                                {"PUT", "put"},
                                                                                {"PATCH", "patch"},
                                                                                {"DELETE", "delete"},
                                                                                {"OPTIONS", "options"}}};
  const auto* found = std::ranges::find(words, method, &std::pair<std::string_view, std::string_view>::first);
  return found == words.end() ? method : found->second;
}

std::string_view resource_verb(std::string_view method, bool item) {
  if (method == "GET" || method == "HEAD") return item ? "get" : "list";
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  return method == "DELETE" && !item ? "deletecollection" : "delete";
}

std::string_view next_segment(std::string_view& path) {
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return segment;
}

} // namespace

access_question resource_question(const api_request& request) {
  // A proxied request may have a method that is no verb of the API.
  access_question question{.verb = request.verb.empty() ? lower_method(request.http.method) : request.verb,
                           .group = request.type().group,
                           .resource = request.type().plural,
                           .space = request.route.space,
                           .name = request.route.name};
  if (request.route.subresource != nullptr) question.subresource = request.route.subresource->name;
  if (request.verb != "list" && request.verb != "watch") return question;
  question.field_selector = request.query.get("fieldSelector");
  if (question.name.empty()) question.name = selected_name(question.field_selector);
  return question;
}

access_question path_question(const api_request& request) {
  return {.verb = lower_method(request.http.method), .path = request.http.path};
}

bool is_own_group(std::string_view path) { return path.starts_with(own_prefix); }

access_question own_group_question(std::string_view method, std::string_view path) {
  const std::string_view whole = path;
  path.remove_prefix(std::min(own_prefix.size(), path.size()));
  next_segment(path); // the version
  access_question question{.group = own_group, .resource = next_segment(path)};
  if (question.resource.empty()) return {.verb = lower_method(method), .path = whole}; // discovery
  question.name = next_segment(path);
  question.subresource = next_segment(path);
  question.verb = resource_verb(method, !question.name.empty());
  return question;
}

bool is_open_to_all(std::string_view path) {
  constexpr std::array<std::string_view, 3> open{"/livez", "/readyz", "/healthz"};
  return std::ranges::any_of(open, [&](std::string_view root) {
    return path == root || (path.starts_with(root) && path[root.size()] == '/');
  });
}

} // namespace actord::actors
