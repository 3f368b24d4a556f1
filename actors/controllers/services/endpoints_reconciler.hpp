#pragma once

#include "actors/controllers/plan.hpp"
#include "schema/view/endpoint_slice_view.hpp"
#include "schema/view/service_view.hpp"

#include <map>
#include <string>
#include <vector>

/// Keeps the EndpointSlices of a Service, and the older Endpoints object that mirrors them, true to its pods.

namespace actord::actors {

struct named_port {
  std::string name;
  std::string protocol;
  std::int64_t port = 0;

  bool operator==(const named_port&) const = default;
};

/// A pod the Service selects, that has not ended and has an address.
struct endpoint_pod {
  std::string name;
  std::string uid;
  std::vector<std::string> addresses; ///< pod IPs of all families
  std::string node_name;
  std::string zone; ///< of the node; empty when it names none
  bool ready = false;
  bool terminating = false;
  std::string hostname;
  std::string subdomain;
  std::vector<named_port> ports; ///< of its containers, named ones only
};

/// The core/v1 Endpoints object of the same name, if there is one.
struct endpoints_object {
  schema::meta_view meta;
  revision at;
  json subsets;
};

struct endpoints_state {
  object_key key; ///< the Service's
  seen<schema::service_view> service;
  std::vector<endpoint_pod> pods;
  std::vector<seen<schema::endpoint_slice_view>> slices; ///< of this Service and managed by this controller
  std::optional<endpoints_object> endpoints;
};

plan reconcile(const endpoints_state& state, wall_time now);

/// The pods of one Service that offer the same ports.
struct endpoint_group {
  std::vector<schema::endpoint_port_view> ports; ///< in the Service's order
  std::vector<const endpoint_pod*> pods;
};
std::vector<endpoint_group> group_by_ports(const schema::service_view& service,
                                           const std::vector<endpoint_pod>& pods);

/// Plans the Endpoints object: part of `reconcile`.
void mirror_endpoints(const endpoints_state& state, const std::vector<endpoint_group>& groups, plan& out);

} // namespace actord::actors
