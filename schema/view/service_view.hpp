#pragma once

#include "schema/view/meta_view.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {

struct service_port_view {
  std::string name;
  std::string protocol = "TCP";
  std::int64_t port = 0;
  port_reference target_port;
  std::int64_t node_port = 0; ///< 0 for none
  std::string app_protocol;

  bool operator==(const service_port_view&) const = default;
};

struct service_view {
  meta_view meta;
  std::string type;       ///< "ClusterIP", "NodePort", "LoadBalancer" or "ExternalName"
  std::string cluster_ip; ///< "None" for a headless service
  std::vector<std::string> cluster_ips;
  text_map selector; ///< empty: somebody else keeps the endpoints
  std::vector<service_port_view> ports;
  bool publish_not_ready = false;
  /// sessionAffinity ClientIP, by its timeout.
  std::optional<std::int64_t> client_affinity_s;
  std::vector<std::string> external_ips;
  std::string external_name;
  bool internal_local = false; ///< internalTrafficPolicy Local
  bool external_local = false; ///< externalTrafficPolicy Local
  std::int64_t health_check_node_port = 0;
  std::vector<std::string> ip_families;
  std::vector<std::string> load_balancer_ips; ///< status.loadBalancer.ingress[].ip

  [[nodiscard]] bool headless() const { return cluster_ip == "None"; }
};

/// Never fails: fields that are missing or of another type read as absent.
service_view parse_service(std::string_view canonical_text);

} // namespace actord::schema
