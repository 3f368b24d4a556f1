#include "actors/aggregation/extension_endpoint.hpp"

#include "actors/api/proxy/proxied_request.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>

namespace actord::actors {
namespace {

using namespace std::chrono_literals;

constexpr int requests_max = 2000;
constexpr auto document_patience = 30s;
constexpr std::size_t document_max_bytes = std::size_t{16} << 20U;

void answer_unavailable(const request_handle& request) {
  answer_text(*request->exchange, 503, "service unavailable\n");
}

error busy() {
  return {.kind = error_kind::too_many_requests,
          .message = "too many requests are being passed on to extension servers, please try again later",
          .causes = {},
          .subject = error_subject{},
          .retry_after_s = 1};
}

} // namespace

std::optional<extension_claim> extension_endpoint::claim(std::string_view path) const {
  const auto services = services_.current();
  if (services == nullptr) return {};
  auto read = read_extension_path(path);
  if (!read) return {};
  if (read->version.empty()) {
    if (!services->has_group(read->group)) return {};
    return extension_claim{discovery_route{discovery_route::document::group, read->group, {}}, nullptr};
  }
  auto service = services->find(read->group, read->version);
  if (service == nullptr) return {};
  if (read->target) return extension_claim{*std::move(read->target), std::move(service)};
  return extension_claim{plain_route{std::string(path)}, std::move(service)};
}

bool extension_endpoint::takes_body(std::string_view path) const {
  if (services_.current() == nullptr || !path.starts_with("/apis/")) return false;
  if (!std::holds_alternative<no_route>(find_route(path))) return false;
  const auto claimed = claim(path);
  return claimed && claimed->service != nullptr;
}

void extension_endpoint::serve(const request_handle& request, const extension_handle& service) {
  if (!service->available) return answer_unavailable(request);
  auto line = lines_.find(*service);
  if (!line) {
    spdlog::warn("cannot reach the extension server of {}: {}", service->name, line.error().message);
    return answer_unavailable(request);
  }
  auto identity = identity_headers(request->caller);
  if (!identity) return answer_error(*request, identity.error());
  const auto carrier = caller_.loop();
  if (!carrier) return answer_error(*request, carrier.error());
  if (under_way_->fetch_add(1) >= requests_max) {
    under_way_->fetch_sub(1);
    return answer_error(*request, busy());
  }
  const bool upgrade = asks_to_upgrade(*request);
  const auto passing = std::make_shared<proxied_request>(
      *carrier, proxied_request::terms{.request = request,
                                       .target = std::move(line->to),
                                       .through = line->through,
                                       .pod_uid = std::move(line->pod_uid),
                                       .path = {.prefix = {}, .rest = request->http.path},
                                       .upgrade = upgrade,
                                       .extension = extension_terms{service->host(), *std::move(identity)},
                                       .over = [count = under_way_] { count->fetch_sub(1); }});
  (*carrier)->post([passing] { passing->start(); });
}

extension_list extension_endpoint::listed() const {
  const auto services = services_.current();
  if (services == nullptr) return {};
  const auto reports = board_.current();
  extension_list list;
  for (const extension_handle& service : services->all()) {
    listed_extension one{service->group, service->version, service->priority, {}, false, {}};
    if (const auto found = reports->find(service->name); found != reports->end()) {
      one.resources = found->second.resources;
      one.fresh = found->second.fresh && service->available;
      one.openapi_v3 = found->second.openapi_v3;
      one.openapi_v2 = found->second.openapi_v2;
    }
    // What this server serves itself is not theirs, whatever an APIService says.
    if (!schema::is_group_served(one.group, one.version)) list.push_back(std::move(one));
  }
  std::ranges::stable_sort(list, [](const listed_extension& left, const listed_extension& right) {
    return left.priority.group > right.priority.group;
  });
  return list;
}

bool extension_endpoint::serve_openapi(const request_handle& request, std::string_view name) {
  const auto services = services_.current();
  if (services == nullptr) return false;
  const auto read = read_extension_path("/" + std::string(name));
  if (!read || read->version.empty() || read->target || schema::is_group_served(read->group, read->version))
    return false;
  const auto service = services->find(read->group, read->version);
  if (service == nullptr) return false;
  if (!service->available) {
    answer_unavailable(request);
    return true;
  }
  extension_call call{.service = service,
                      .target =
                          request->http.path + (request->http.query.empty() ? "" : "?" + request->http.query),
                      .headers = {{"accept", std::string(request->http.header("accept"))}},
                      .caller = request->caller,
                      .timeout = document_patience,
                      .answer_max_bytes = document_max_bytes};
  if (call.headers.front().second.empty()) call.headers.front().second = "application/json";
  caller_.call(call, [request](result<extension_answer> answer) {
    if (!answer)
      return answer_text(*request->exchange, 503,
                         "error trying to reach service: " + answer.error().message + "\n");
    net::http_response response;
    response.code = answer->code;
    if (!answer->type.empty()) response.headers.emplace_back("content-type", answer->type);
    if (!answer->tag.empty()) response.headers.emplace_back("etag", answer->tag);
    response.body = share_bytes(std::move(answer->body));
    request->exchange->respond(std::move(response));
  });
  return true;
}

} // namespace actord::actors
