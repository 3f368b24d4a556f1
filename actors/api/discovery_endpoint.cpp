#include "actors/api/discovery_endpoint.hpp"

#include "schema/base/json.hpp"
#include "schema/discovery/documents.hpp"
#include "schema/discovery/openapi.hpp"

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

void serve_openapi(const request_handle& request, std::string_view path) {
  constexpr std::string_view json_type = "application/json";
  constexpr std::string_view one_of_many = "/openapi/v3/";
  if (path == "/openapi/v2") {
    const bool protobuf = request->http.header("accept").find("proto-openapi") != std::string_view::npos;
    return answer_bytes(*request, 200, protobuf ? documents::openapi_v2_protobuf_type : json_type,
                        std::string(protobuf ? documents::openapi_v2_protobuf() : documents::openapi_v2()));
  }
  std::optional<std::string_view> document;
  if (path == "/openapi/v3") document = documents::openapi_v3_index();
  if (path.starts_with(one_of_many)) document = documents::openapi_v3(path.substr(one_of_many.size()));
  if (!document) return answer_error(*request, not_served());
  answer_bytes(*request, 200, json_type, std::string(*document));
}

} // namespace actord::actors
