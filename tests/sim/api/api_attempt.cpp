#include "tests/sim/api/api_attempt.hpp"

#include "schema/base/json.hpp"

#include <array>
#include <fmt/format.h>

namespace actord::sim {
namespace {

using deed = api_attempt::deed;

std::string whole_object(const api_attempt& attempt) {
  json object = {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"data", attempt.data}};
  json& metadata = object["metadata"];
  if (attempt.what == deed::generate)
    metadata["generateName"] = "g-";
  else
    metadata["name"] = attempt.name;
  if (attempt.what == deed::replace_at) metadata["resourceVersion"] = std::to_string(attempt.expected.value);
  if (!attempt.color.empty()) metadata["labels"] = {{"color", attempt.color}};
  return object.dump();
}

std::string merge_of(const api_attempt& attempt) {
  json patch = {{"data", attempt.data}};
  if (!attempt.color.empty()) patch["metadata"]["labels"] = {{"color", attempt.color}};
  return patch.dump();
}

std::string removal_of(const api_attempt& attempt) {
  return json{{"apiVersion", "v1"},
              {"kind", "DeleteOptions"},
              {"preconditions", {{"resourceVersion", std::to_string(attempt.expected.value)}}}}
      .dump();
}

} // namespace

net::http_request request_of(const api_attempt& attempt) {
  net::http_request request;
  request.path = maps_path;
  const bool names_none = attempt.what == deed::create || attempt.what == deed::generate ||
                          attempt.what == deed::list || attempt.what == deed::list_any;
  if (!names_none) request.path += "/" + attempt.name;
  std::string content_type = "application/json";
  switch (attempt.what) {
  case deed::create:
  case deed::generate:
    request.method = "POST";
    request.body = whole_object(attempt);
    break;
  case deed::replace_at:
  case deed::replace:
    request.method = "PUT";
    request.body = whole_object(attempt);
    break;
  case deed::merge:
    request.method = "PATCH";
    content_type = "application/merge-patch+json";
    request.body = merge_of(attempt);
    break;
  case deed::apply:
    request.method = "PATCH";
    content_type = "application/apply-patch+yaml";
    request.query = "force=true&fieldManager=" + attempt.client;
    request.body = whole_object(attempt);
    break;
  case deed::remove:
    request.method = "DELETE";
    break;
  case deed::remove_at:
    request.method = "DELETE";
    request.body = removal_of(attempt);
    break;
  case deed::get:
  case deed::list:
    request.method = "GET";
    break;
  case deed::get_any:
  case deed::list_any:
    request.method = "GET";
    request.query = fmt::format("resourceVersion={}", attempt.expected.value);
    break;
  }
  request.headers = {
      {"accept", "application/json"}, {"content-type", content_type}, {"user-agent", attempt.client + "/1"}};
  request.peer = {attempt.id, {"system:masters"}};
  request.remote_address = "127.0.0.1:1";
  return request;
}

std::string describe(const api_attempt& attempt) {
  constexpr std::array names{"create", "generate",  "replace-at", "replace", "merge", "apply",
                             "delete", "delete-at", "get",        "get-any", "list",  "list-any"};
  std::string text =
      fmt::format("{} {} {}", attempt.id, names.at(static_cast<std::size_t>(attempt.what)), attempt.name);
  if (attempt.expected.value != 0) text += fmt::format(" at {}", attempt.expected.value);
  return text;
}

} // namespace actord::sim
