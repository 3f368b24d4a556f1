#include "actors/aggregation/availability.hpp"

#include "actors/controllers/conditions.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds first_retry = 100ms;
constexpr std::chrono::milliseconds longest_rest = 30s;

availability unavailable(const char* reason, std::string message) {
  return {"False", reason, std::move(message)};
}

error no_way(std::string why) { return {.kind = error_kind::unavailable, .message = std::move(why)}; }

const schema::service_port_view* declared_port(const schema::service_reference_view& wanted,
                                               const schema::service_view& service) {
  const auto found =
      std::ranges::find_if(service.ports, [&](const auto& port) { return port.port == wanted.port; });
  return found == service.ports.end() ? nullptr : &*found;
}

/// `visit(endpoint, port number)` for each endpoint that is ready and has the port.
template <class Visit>
void each_ready(const std::vector<schema::endpoint_slice_view>& slices, const std::string& port_name,
                Visit visit) {
  for (const auto& slice : slices)
    for (const auto& port : slice.ports) {
      if (port.name != port_name || !port.port) continue;
      for (const auto& endpoint : slice.endpoints)
        if (endpoint.ready && !endpoint.addresses.empty())
          visit(endpoint, static_cast<std::uint16_t>(*port.port));
    }
}

} // namespace

std::optional<availability> obstacle(const schema::service_reference_view& wanted,
                                     const std::optional<schema::service_view>& service,
                                     const std::vector<schema::endpoint_slice_view>& slices) {
  const std::string named = fmt::format("service/{} in \"{}\"", wanted.name, wanted.space);
  if (!service) return unavailable("ServiceNotFound", named + " is not present");
  if (service->type == "ExternalName") return {};
  const schema::service_port_view* port = declared_port(wanted, *service);
  if (port == nullptr)
    return unavailable("ServicePortError", fmt::format("{} is not listening on port {}", named, wanted.port));
  if (slices.empty()) return unavailable("EndpointsNotFound", "cannot find endpointslices for " + named);
  bool any = false;
  each_ready(slices, port->name, [&](const auto&, std::uint16_t) { any = true; });
  if (!any)
    return unavailable(
        "MissingEndpoints",
        fmt::format("endpointslices for {} have no addresses with port name \"{}\"", named, port->name));
  return {};
}

availability passed() { return {"True", "Passed", "all checks passed"}; }

availability failed_check(const std::string& url, const std::string& why) {
  return unavailable("FailedDiscoveryCheck",
                     fmt::format("failing or missing response from {}: {}", url, why));
}

result<proxied_target> extension_place(const schema::service_reference_view& wanted,
                                       const std::optional<schema::service_view>& service,
                                       const std::vector<schema::endpoint_slice_view>& slices,
                                       const pod_lookup& find_pod, random_source& random) {
  if (!service) return no_way(fmt::format("service \"{}\" not found", wanted.name));
  if (service->type == "ExternalName") {
    if (!may_be_proxied(service->external_name))
      return no_way(fmt::format("the external name \"{}\" is not the address of another machine",
                                service->external_name));
    return proxied_target{.to = {.address = service->external_name,
                                 .port = static_cast<std::uint16_t>(wanted.port),
                                 .tls = true},
                          .node = {},
                          .pod_uid = {}};
  }
  const schema::service_port_view* port = declared_port(wanted, *service);
  if (port == nullptr)
    return no_way(fmt::format("no service port {} found for service \"{}\"", wanted.port, wanted.name));
  std::vector<proxied_target> candidates;
  each_ready(slices, port->name, [&](const schema::endpoint_view& endpoint, std::uint16_t number) {
    const std::string& address = endpoint.addresses.front();
    if (!may_be_proxied(address)) return;
    proxied_target one{.to = {.address = address, .port = number, .tls = true}, .node = {}, .pod_uid = {}};
    if (endpoint.target && endpoint.target->kind == "Pod")
      if (const auto pod = find_pod(wanted.space, endpoint.target->name);
          pod && pod->status.pod_ip == address) {
        one.node = pod->spec.node_name;
        one.pod_uid = pod->meta.uid;
      }
    candidates.push_back(std::move(one));
  });
  if (candidates.empty())
    return no_way(fmt::format("no endpoints available for service \"{}\"", wanted.name));
  return candidates[random.next() % candidates.size()];
}

std::chrono::milliseconds next_look(std::size_t failures_in_row) {
  if (failures_in_row == 0) return longest_rest;
  const auto rest = first_retry * (1U << std::min<std::size_t>(failures_in_row - 1, 10));
  return std::min<std::chrono::milliseconds>(rest, longest_rest);
}

std::optional<std::vector<schema::condition_view>>
with_verdict(std::vector<schema::condition_view> conditions, const availability& verdict, wall_time now) {
  const auto before = conditions;
  remove_condition(conditions, "Available");
  const auto had = std::ranges::find(before, "Available", &schema::condition_view::type);
  const bool same = had != before.end() && had->status == verdict.status;
  if (same && had->reason == verdict.reason && had->message == verdict.message) return {};
  conditions.push_back({"Available", verdict.status, verdict.reason, verdict.message,
                        same && had->transitioned ? had->transitioned : whole_seconds(now), std::nullopt, 0});
  return conditions;
}

} // namespace actord::actors
