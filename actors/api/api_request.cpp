#include "actors/api/api_request.hpp"

#include "actors/api/forms/object_forms.hpp"
#include "actors/webhooks/admission_review.hpp"
#include "net/http/gzip_body.hpp"
#include "schema/base/json.hpp"
#include "schema/codec/status.hpp"
#include "schema/custom/custom_kind.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/leader_errors.hpp"

#include <fmt/format.h>

namespace actord::actors {
namespace {

/// From here on compressing pays for who asks for it; the size is Kubernetes'.
constexpr std::size_t compressed_from_bytes = std::size_t{128} * 1024;

net::http_response response_of(int code, std::string_view content_type, std::string body) {
  net::http_response response;
  response.code = code;
  response.headers.reserve(5); // with those of fairness, and one more
  response.headers.emplace_back("content-type", content_type);
  response.headers.emplace_back("cache-control", "no-cache, private");
  response.body = share_bytes(std::move(body));
  return response;
}

net::http_response error_response(const error& failure, std::string_view content_type, std::string body) {
  net::http_response response = response_of(http_code(failure.kind), content_type, std::move(body));
  if (failure.retry_after_s > 0)
    response.headers.emplace_back("retry-after", std::to_string(failure.retry_after_s));
  if (failure.kind == error_kind::unauthorized) response.headers.emplace_back("www-authenticate", "Bearer");
  return response;
}

} // namespace

std::string warning_header(std::string_view text) {
  std::string quoted = "299 - \"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') quoted += '\\';
    quoted += static_cast<unsigned char>(letter) < 32 ? ' ' : letter;
  }
  return quoted + '"';
}

namespace {

void add_deprecation(const api_request& request, net::http_response& response) {
  const schema::resource_type* type = request.route.type.get();
  if (type != nullptr && type->custom != nullptr && !type->custom->deprecation.empty())
    response.headers.emplace_back("warning", warning_header(type->custom->deprecation));
}

} // namespace

void begin_answer(const api_request& request, std::string_view content_type) {
  net::http_response head = response_of(200, content_type, {});
  head.body.reset();
  add_deprecation(request, head);
  request.exchange->begin(std::move(head));
}

void answer_bytes(const api_request& request, int code, std::string_view content_type, std::string body,
                  const answer_extras& extras) {
  net::http_response response = response_of(code, content_type, std::move(body));
  add_deprecation(request, response);
  for (const std::string& warning : extras.warnings)
    response.headers.emplace_back("warning", warning_header(warning));
  if (response.body->size() >= compressed_from_bytes && request.http.method == "GET" &&
      net::accepts_gzip(request.http))
    return net::respond_gzip(request.exchange, std::move(response));
  request.exchange->respond(std::move(response));
}

void answer_json(const api_request& request, int code, std::string document, const answer_extras& extras) {
  if (request.form.format == wire_format::json) {
    if (request.pretty) document = json::parse(document, nullptr, false).dump(2) + "\n";
    return answer_bytes(request, code, content_type_of(wire_format::json), std::move(document), extras);
  }
  auto converted = convert_document(document, request.form.format);
  if (!converted)
    return answer_bytes(request, code, content_type_of(wire_format::json), std::move(document), extras);
  answer_bytes(request, code, content_type_of(request.form.format), std::move(*converted), extras);
}

void answer_error(const api_request& request, const error& failure) {
  if (request.ask_next_leader && storage::is_for_the_leader(failure))
    return request.ask_next_leader(request, failure);
  if (auto words = words_of(failure))
    return answer_json(request, words->code, std::move(words->status), {std::move(words->warnings)});
  std::string document = schema::status_text(failure);
  std::string_view content_type = content_type_of(wire_format::json);
  if (request.form.format != wire_format::json) {
    if (auto converted = convert_document(document, request.form.format)) {
      document = std::move(*converted);
      content_type = content_type_of(request.form.format);
    }
  }
  request.exchange->respond(error_response(failure, content_type, std::move(document)));
}

void answer_error(net::http_exchange& exchange, const error& failure) {
  exchange.respond(error_response(failure, content_type_of(wire_format::json), schema::status_text(failure)));
}

void answer_text(net::http_exchange& exchange, int code, std::string text) {
  net::http_response response = response_of(code, "text/plain; charset=utf-8", std::move(text));
  response.headers.emplace_back("x-content-type-options", "nosniff");
  exchange.respond(std::move(response));
}

std::string success_status(const schema::resource_type& type, std::string_view name, std::string_view uid) {
  json details = {{"name", name}, {"kind", type.plural}};
  if (!type.group.empty()) details["group"] = type.group;
  if (!uid.empty()) details["uid"] = uid;
  return json{{"kind", "Status"},
              {"apiVersion", "v1"},
              {"metadata", json::object()},
              {"status", "Success"},
              {"details", std::move(details)}}
      .dump();
}

} // namespace actord::actors
