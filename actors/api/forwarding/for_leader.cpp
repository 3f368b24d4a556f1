#include "actors/api/forwarding/for_leader.hpp"

#include "actors/api/access/review_endpoint.hpp"
#include "actors/api/request_route.hpp"
#include "actors/api/streams/connect_endpoint.hpp"
#include "actors/webhooks/webhook_gate.hpp"
#include "schema/object/converted_object.hpp"

#include <algorithm>
#include <array>

namespace actord::actors {
namespace {

/// Who belongs to the cluster, and by whose signature: the leader's to change.
bool is_about_members(std::string_view path) {
  constexpr std::array<std::string_view, 3> kinds{"joins", "members", "authorities"};
  constexpr std::string_view group = "/apis/actord.dev/v1/";
  if (!path.starts_with(group)) return false;
  path.remove_prefix(group.size());
  return std::ranges::find(kinds, path.substr(0, path.find('/'))) != kinds.end();
}

} // namespace

bool is_for_leader(const net::http_request& http) {
  if (http.method == "GET" || http.method == "HEAD" || http.method == "OPTIONS") return false;
  if (is_about_members(http.path)) return true;
  const request_route route = find_route(http.path);
  const auto* resource = std::get_if<resource_route>(&route);
  if (resource == nullptr) return false;
  const std::string_view subresource =
      resource->subresource == nullptr ? std::string_view() : resource->subresource->name;
  return !is_review(*resource->type) && !is_pod_stream(subresource) && subresource != "proxy";
}

std::chrono::milliseconds answer_deadline(const webhook_gate* webhooks, const net::http_request& http) {
  constexpr std::chrono::seconds own{15};
  constexpr std::chrono::seconds admission{60};
  constexpr std::chrono::seconds conversion{90}; // what is stored, what shall be, the answer
  if (webhooks == nullptr) return own;
  const request_route route = find_route(http.path);
  const auto* resource = std::get_if<resource_route>(&route);
  const bool converts = resource != nullptr && schema::converts(*resource->type);
  constexpr std::chrono::seconds none{0};
  return own + (webhooks->any() ? admission : none) + (converts ? conversion : none);
}

caller_identity sender_of(const net::forwarded_request& what) {
  caller_identity sender{.user = what.user, .uid = what.uid, .groups = what.groups, .extra = {}};
  for (const auto& [name, values] : what.extra) sender.extra[name] = values;
  return sender;
}

} // namespace actord::actors
