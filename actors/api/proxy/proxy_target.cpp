#include "actors/api/proxy/proxy_target.hpp"

#include "actors/api/streams/stream_request.hpp"
#include "actors/objects/refusals.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fmt/format.h>

namespace actord::actors {
namespace {

error unavailable(std::string message) {
  return {.kind = error_kind::unavailable, .message = std::move(message), .causes = {}, .subject = {}};
}

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char digit) { return digit >= '0' && digit <= '9'; });
}

bool may_be_proxied(const in_addr& address) {
  const std::uint32_t number = ntohl(address.s_addr);
  const std::uint32_t top = number >> 24;
  return number != 0 && number != 0xffffffff && top != 127 && number >> 16 != 0xa9fe && top < 224;
}

std::uint16_t default_port(const proxied_name& name) { return name.scheme == "https" ? 443 : 80; }

/// Of any of the pod's containers.
const schema::container_port_view* find_port(const schema::pod_view& pod, std::string_view name) {
  for (const auto& container : pod.spec.containers)
    for (const auto& port : container.ports)
      if (name.empty() || port.name == name) return &port;
  return nullptr;
}

proxied_target target_at(const proxied_name& name, const schema::pod_view& pod, std::string address,
                         std::uint16_t port) {
  return {
      .to = {.address = std::move(address), .port = port, .tls = name.scheme == "https", .server_name = {}},
      .node = pod.spec.node_name,
      .pod_uid = pod.meta.uid};
}

/// Only addresses that are those of the pods they say they are: who may write slices must not send the server
/// anywhere else.
std::optional<schema::pod_view> pod_at(const schema::endpoint_view& endpoint, const std::string& space,
                                       const pod_lookup& find_pod) {
  if (!endpoint.target || endpoint.target->kind != "Pod") return std::nullopt;
  auto pod = find_pod(endpoint.target->space.empty() ? space : endpoint.target->space, endpoint.target->name);
  if (!pod) return std::nullopt;
  const std::string& address = endpoint.addresses.front();
  const auto& all = pod->status.pod_ips;
  if (pod->status.pod_ip != address && std::find(all.begin(), all.end(), address) == all.end())
    return std::nullopt;
  return pod;
}

} // namespace

std::optional<proxied_name> split_proxied_name(std::string_view text) {
  std::vector<std::string> parts(1);
  for (const char letter : text) {
    if (letter == ':')
      parts.emplace_back();
    else
      parts.back() += letter;
  }
  proxied_name name;
  if (parts.size() == 1) name = {.scheme = {}, .name = parts[0], .port = {}};
  if (parts.size() == 2) name = {.scheme = {}, .name = parts[0], .port = parts[1]};
  if (parts.size() == 3) name = {.scheme = parts[0], .name = parts[1], .port = parts[2]};
  if (name.name.empty() || (!name.scheme.empty() && name.scheme != "http" && name.scheme != "https"))
    return std::nullopt;
  return name;
}

bool may_be_proxied(std::string_view address) {
  const std::string text(address);
  in_addr version4{};
  in6_addr version6{};
  if (::inet_pton(AF_INET, text.c_str(), &version4) == 1) return may_be_proxied(version4);
  if (::inet_pton(AF_INET6, text.c_str(), &version6) != 1) return false;
  if (IN6_IS_ADDR_V4MAPPED(&version6)) {
    std::memcpy(&version4, version6.s6_addr + 12, sizeof version4);
    return may_be_proxied(version4);
  }
  return !IN6_IS_ADDR_UNSPECIFIED(&version6) && !IN6_IS_ADDR_LOOPBACK(&version6) &&
         !IN6_IS_ADDR_LINKLOCAL(&version6) && !IN6_IS_ADDR_MULTICAST(&version6);
}

result<proxied_target> pod_target(const proxied_name& name, const schema::pod_view& pod) {
  if (!may_be_proxied(pod.status.pod_ip)) return bad_request("address not allowed");
  if (const auto number = read_port(name.port)) return target_at(name, pod, pod.status.pod_ip, *number);
  if (is_number(name.port))
    return bad_request(fmt::format("invalid pod request \"{}\"", name.name + ":" + name.port));
  const schema::container_port_view* port = find_port(pod, name.port);
  if (port != nullptr)
    return target_at(name, pod, pod.status.pod_ip, static_cast<std::uint16_t>(port->container_port));
  if (!name.port.empty())
    return unavailable(fmt::format("no port \"{}\" found for pod \"{}\"", name.port, name.name));
  return target_at(name, pod, pod.status.pod_ip, default_port(name));
}

result<proxied_target> service_target(const proxied_name& name, std::string_view text,
                                      const schema::service_view& service,
                                      const std::vector<schema::endpoint_slice_view>& slices,
                                      const pod_lookup& find_pod, random_source& random) {
  std::string port_name = name.port;
  if (is_number(name.port)) {
    const auto declared = std::find_if(service.ports.begin(), service.ports.end(), [&](const auto& port) {
      return std::to_string(port.port) == name.port;
    });
    if (declared == service.ports.end())
      return unavailable(fmt::format("no service port {} found for service \"{}\"", name.port, name.name));
    port_name = declared->name;
  }
  std::vector<proxied_target> candidates;
  bool any = false;
  for (const auto& slice : slices)
    for (const auto& endpoint : slice.endpoints) {
      if (!endpoint.ready || endpoint.addresses.empty()) continue;
      any = true;
      for (const auto& port : slice.ports)
        if (port.name == port_name && port.port && may_be_proxied(endpoint.addresses.front()))
          if (const auto pod = pod_at(endpoint, service.meta.space, find_pod))
            candidates.push_back(
                target_at(name, *pod, endpoint.addresses.front(), static_cast<std::uint16_t>(*port.port)));
    }
  if (candidates.empty())
    return unavailable(
        fmt::format("no endpoints available for service \"{}\"", any ? text : std::string_view(name.name)));
  return candidates[random.next() % candidates.size()];
}

} // namespace actord::actors
