#include "actors/api/discovery_endpoint.hpp"

#include "actors/api/forms/cached_document.hpp"
#include "schema/base/json.hpp"
#include "schema/discovery/documents.hpp"
#include "schema/discovery/openapi.hpp"

#include <fmt/format.h>

namespace actord::actors {
namespace {

namespace documents = schema::discovery;

error not_served() {
  return {.kind = error_kind::not_found,
          .message = "the server could not find the requested resource",
          .causes = {},
          .subject = error_subject{}};
}

void answer_optional(const request_handle& request, std::optional<std::string> document) {
  if (!document) return answer_error(*request, not_served());
  answer_json(*request, 200, std::move(*document));
}

constexpr std::string_view json_type = "application/json";

void answer_aggregated(const request_handle& request, std::string document) {
  const std::string tag = content_tag(document);
  answer_cached(*request, documents::aggregated_content_type, tag, keeping::revalidate, std::move(document));
}

std::string extended(std::string local, const extension_list& extensions,
                     std::string (*with)(std::string_view, std::span<const listed_extension>)) {
  return extensions.empty() ? std::move(local) : with(local, extensions);
}

/// The address under which the index lists a document now, with the hash of its content.
std::string listed_address(std::string_view name) {
  const json index = json::parse(std::string(documents::openapi_v3_index()));
  const auto found = index["paths"].find(name);
  return found == index["paths"].end() ? std::string() : (*found)["serverRelativeURL"].get<std::string>();
}

/// Asked for by the hash of the index a document may be kept; by an old hash the client is sent to the new
/// one.
void serve_openapi_v3(const request_handle& request, std::string_view name) {
  const std::string_view accept = request->http.header("accept");
  const auto accepts = [&](std::string_view what) { return accept.find(what) != std::string_view::npos; };
  const bool protobuf = accepts("proto-openapi.spec.v3") && !accepts("json");
  if (!accept.empty() && !protobuf && !accepts("json") && !accepts("*/*"))
    return answer_error(*request,
                        {.kind = error_kind::not_acceptable,
                         .message = fmt::format("only the following media types are accepted: {}, {}",
                                                json_type, documents::openapi_v3_protobuf_type),
                         .causes = {},
                         .subject = error_subject{}});
  // The address first: if the document changes in between, its next version will have another one.
  const std::string address = listed_address(name);
  auto document = protobuf ? documents::openapi_v3_protobuf(name) : documents::openapi_v3(name);
  if (!document) return answer_error(*request, not_served());
  const std::string hash = address.substr(address.find('=') + 1);
  const std::string_view asked = request->query.get("hash");
  if (!asked.empty() && asked != hash) {
    net::http_response moved;
    moved.code = 301;
    moved.headers.emplace_back("location", address);
    return request->exchange->respond(std::move(moved));
  }
  answer_cached(*request, protobuf ? documents::openapi_v3_protobuf_type : json_type,
                protobuf ? hash + "-protobuf" : hash, asked.empty() ? keeping::revalidate : keeping::forever,
                std::move(*document));
}

} // namespace

void serve_discovery(const discovery_route& document, const std::string& advertised_address,
                     const request_handle& request, const extension_list& extensions) {
  using kind = discovery_route::document;
  const bool aggregated = request->form.form == object_form::aggregated_discovery;
  switch (document.what) {
  case kind::core_versions:
    if (aggregated) return answer_aggregated(request, std::string(documents::aggregated_core()));
    return answer_json(*request, 200, documents::core_versions(advertised_address));
  case kind::groups:
    if (aggregated)
      return answer_aggregated(request,
                               extended(documents::aggregated_groups(), extensions, aggregated_with));
    return answer_json(*request, 200, extended(documents::group_list(), extensions, groups_with));
  case kind::group:
    return answer_optional(request, group_with(documents::group(document.group), document.group, extensions));
  case kind::resources:
    return answer_optional(request, documents::resource_list(document.group, document.version));
  }
}

void serve_version(const request_handle& request) {
  answer_json(*request, 200, std::string(documents::version()));
}

void serve_path_list(const request_handle& request) {
  json paths = {"/.well-known/openid-configuration",
                "/api",
                "/api/v1",
                "/apis",
                "/healthz",
                "/livez",
                "/metrics",
                "/openapi/v2",
                "/openapi/v3",
                "/openid/v1/jwks",
                "/readyz",
                "/version"};
  answer_json(*request, 200, json{{"paths", std::move(paths)}}.dump());
}

void serve_openapi(const request_handle& request, std::string_view path, const extension_list& extensions) {
  constexpr std::string_view one_of_many = "/openapi/v3/";
  if (path == "/openapi/v2") {
    const bool protobuf = request->http.header("accept").find("proto-openapi") != std::string_view::npos;
    const auto added = openapi_v2_of(extensions);
    std::string document = protobuf ? documents::openapi_v2_protobuf() : documents::openapi_v2();
    if (!added.empty())
      document = protobuf ? documents::openapi_v2_protobuf_with(std::move(document), added)
                          : documents::openapi_v2_with(std::move(document), added);
    const std::string tag = content_tag(document);
    return answer_cached(*request, protobuf ? documents::openapi_v2_protobuf_type : json_type, tag,
                         keeping::revalidate, std::move(document));
  }
  if (path.starts_with(one_of_many)) return serve_openapi_v3(request, path.substr(one_of_many.size()));
  if (path != "/openapi/v3") return answer_error(*request, not_served());
  std::string index = extended(documents::openapi_v3_index(), extensions, openapi_index_with);
  const std::string tag = content_tag(index);
  answer_cached(*request, json_type, tag, keeping::revalidate, std::move(index));
}

} // namespace actord::actors
