#include "actors/api/discovery_endpoint.hpp"

#include "schema/base/json.hpp"
#include "schema/discovery/documents.hpp"

namespace actord::actors {
namespace {

namespace documents = schema::discovery;

error not_served() {
  return {.kind = error_kind::not_found,
          .message = "the server could not find the requested resource",
          .causes = {},
          .subject = error_subject{}};
}

void answer_optional(const request_handle& request, std::optional<std::string_view> document) {
  if (!document) return answer_error(*request, not_served());
  answer_json(*request, 200, std::string(*document));
}

} // namespace

void serve_discovery(const discovery_route& document, const std::string& advertised_address,
                     const request_handle& request) {
  using kind = discovery_route::document;
  const bool aggregated = request->form.form == object_form::aggregated_discovery;
  switch (document.what) {
  case kind::core_versions:
    if (aggregated)
      return answer_bytes(*request, 200, documents::aggregated_content_type,
                          std::string(documents::aggregated_core()));
    return answer_json(*request, 200, documents::core_versions(advertised_address));
  case kind::groups:
    if (aggregated)
      return answer_bytes(*request, 200, documents::aggregated_content_type,
                          std::string(documents::aggregated_groups()));
    return answer_json(*request, 200, std::string(documents::group_list()));
  case kind::group:
    return answer_optional(request, documents::group(document.group));
  case kind::resources:
    return answer_optional(request, documents::resource_list(document.group, document.version));
  }
}

void serve_version(const request_handle& request) {
  answer_json(*request, 200, std::string(documents::version()));
}

void serve_path_list(const request_handle& request) {
  json paths = {"/api",     "/api/v1",     "/apis",       "/healthz", "/livez",
                "/metrics", "/openapi/v2", "/openapi/v3", "/readyz",  "/version"};
  answer_json(*request, 200, json{{"paths", std::move(paths)}}.dump());
}

void serve_openapi(const request_handle& request, std::string_view) { answer_error(*request, not_served()); }

} // namespace actord::actors
