#pragma once

#include "schema/view/meta_view.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {

struct target_reference {
  std::string kind;
  std::string space;
  std::string name;
  std::string uid;

  auto operator<=>(const target_reference&) const = default;
};

struct endpoint_view {
  std::vector<std::string> addresses; ///< the first is the one to use
  /// Unset conditions read as the API says: ready and serving true, terminating false.
  bool ready = true;
  bool serving = true;
  bool terminating = false;
  std::string hostname;
  std::string node_name;
  std::string zone;
  std::optional<target_reference> target;

  auto operator<=>(const endpoint_view&) const = default;
};

struct endpoint_port_view {
  std::string name;
  std::string protocol = "TCP";
  std::optional<std::int64_t> port; ///< unset: every port
  std::string app_protocol;

  auto operator<=>(const endpoint_port_view&) const = default;
};

struct endpoint_slice_view {
  meta_view meta;
  std::string address_type; ///< "IPv4", "IPv6" or "FQDN"
  std::vector<endpoint_view> endpoints;
  std::vector<endpoint_port_view> ports;

  /// Label kubernetes.io/service-name.
  [[nodiscard]] std::string_view service_name() const;
};

/// Never fails: fields that are missing or of another type read as absent.
endpoint_slice_view parse_endpoint_slice(std::string_view canonical_text);

} // namespace actord::schema
