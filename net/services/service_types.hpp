#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What the service proxy needs to know of Services and EndpointSlices. Texts come from users: whatever is no
/// address is left out of the rules, names reach them only hashed or cleaned.

namespace actord::net {

enum class transport_protocol : std::uint8_t { tcp, udp, sctp };

/// One port of one Service.
struct service_port_entry {
  std::string space;
  std::string service;
  std::string port_name; ///< empty for the only, unnamed port
  transport_protocol protocol = transport_protocol::tcp;
  std::uint16_t port = 0;
  std::uint16_t node_port = 0;               ///< 0 for none
  std::vector<std::string> cluster_ips = {}; ///< empty (or "None") for headless
  std::vector<std::string> external_ips = {};
  std::vector<std::string> load_balancer_ips = {};           ///< status.loadBalancer.ingress[].ip, ipMode VIP
  std::vector<std::string> load_balancer_source_ranges = {}; ///< empty lets everybody in
  bool internal_policy_local = false;
  bool external_policy_local = false;
  std::optional<std::uint32_t> affinity_timeout_s = {}; ///< set for sessionAffinity ClientIP

  auto operator<=>(const service_port_entry&) const = default;
};

struct endpoint_entry {
  std::string address;
  std::string node; ///< empty when unknown
  bool ready = true;
  bool serving = true;
  bool terminating = false;

  auto operator<=>(const endpoint_entry&) const = default;
};

struct endpoint_port_entry {
  std::string name;
  transport_protocol protocol = transport_protocol::tcp;
  std::uint16_t port = 0;

  auto operator<=>(const endpoint_port_entry&) const = default;
};

/// One EndpointSlice of addressType IPv4.
struct endpoint_slice_entry {
  std::string space;
  std::string service; ///< label kubernetes.io/service-name
  std::vector<endpoint_port_entry> ports = {};
  std::vector<endpoint_entry> endpoints = {};

  auto operator<=>(const endpoint_slice_entry&) const = default;
};

struct service_view {
  std::vector<service_port_entry> services = {};
  std::vector<endpoint_slice_entry> slices = {};
  std::string node_name;
  std::string cluster_cidr; ///< addresses of pods; traffic to a service from elsewhere is masqueraded
};

} // namespace actord::net
