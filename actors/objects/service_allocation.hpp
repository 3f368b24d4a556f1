#pragma once

#include "schema/base/json.hpp"
#include "schema/base/result.hpp"
#include "schema/base/rng.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Cluster IPs and node ports of Services: which ones a write takes and gives back, as a pure function.
///
/// An address is taken as long as there is an IPAddress object of its name, which the transaction of the
/// Service creates
/// ("must be absent") and removes: two writes cannot both get it. Node ports are rows of one object, the port
/// book, which the transaction changes at the revision it was read at.

namespace actord::actors {

struct service_network {
  std::uint32_t base = 0; ///< first address of the range, host byte order
  int prefix = 16;
  int port_first = 30000;
  int port_last = 32767;

  /// "10.96.0.0/16"; at least four addresses.
  static result<service_network> parse(std::string_view cidr);
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::uint32_t size() const { return 1U << static_cast<unsigned>(32 - prefix); }
  /// The address at an offset; 1 is that of the service kubernetes.
  [[nodiscard]] std::string address(std::uint32_t offset) const;
  [[nodiscard]] bool contains(std::uint32_t address) const { return address - base < size(); }
};

std::optional<std::uint32_t> parse_ipv4(std::string_view text);

/// Port number to "namespace/name" of the Service that has it.
using port_book = std::map<int, std::string>;

struct service_allocation {
  std::vector<std::string> claim;   ///< addresses whose IPAddress must be created
  std::vector<std::string> release; ///< addresses whose IPAddress must go
  bool ports_changed = false;       ///< `ports` must be written
  port_book ports;
};

/// Fills in clusterIP, clusterIPs, ipFamilies, ipFamilyPolicy and node ports of `service`. `old` is null on
/// create; `is_taken` tells of one address. A wish that cannot be granted is `invalid`, named as Kubernetes
/// does.
result<service_allocation> allocate_service(json& service, const json* old, const service_network& network,
                                            port_book ports,
                                            const std::function<bool(const std::string&)>& is_taken,
                                            random_source& random);

/// Everything a removed service gives back.
service_allocation release_service(const json& service, port_book ports);

/// True when this write of a service neither takes nor gives back anything and has all fields filled in.
bool allocation_is_settled(const json& service, const json& old);

} // namespace actord::actors
