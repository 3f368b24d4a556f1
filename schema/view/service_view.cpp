#include "schema/view/service_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {

namespace {

service_port_view parse_port(read::value in) {
  service_port_view out;
  out.name = in["name"].text();
  out.protocol = in["protocol"].text_or("TCP");
  out.port = in["port"].number();
  out.target_port = parse_port_reference(in["targetPort"]);
  // Without a targetPort the pod's port is the service's.
  if (out.target_port.name.empty() && out.target_port.number == 0) out.target_port.number = out.port;
  out.node_port = in["nodePort"].number();
  out.app_protocol = in["appProtocol"].text();
  return out;
}

} // namespace

service_view parse_service(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  const read::value spec = object["spec"];
  service_view out;
  out.meta = parse_meta(object);
  out.type = spec["type"].text_or("ClusterIP");
  out.cluster_ip = spec["clusterIP"].text();
  out.cluster_ips = spec["clusterIPs"].texts();
  out.selector = spec["selector"].text_map();
  out.ports = spec["ports"].list(parse_port);
  out.publish_not_ready = spec["publishNotReadyAddresses"].flag();
  if (spec["sessionAffinity"].view() == "ClientIP")
    out.client_affinity_s = spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"].number(10800);
  out.external_ips = spec["externalIPs"].texts();
  out.external_name = spec["externalName"].text();
  out.internal_local = spec["internalTrafficPolicy"].view() == "Local";
  out.external_local = spec["externalTrafficPolicy"].view() == "Local";
  out.health_check_node_port = spec["healthCheckNodePort"].number();
  out.ip_families = spec["ipFamilies"].texts();
  object["status"]["loadBalancer"]["ingress"].each([&](read::value ingress) {
    if (const auto ip = ingress["ip"]) out.load_balancer_ips.push_back(ip.text());
  });
  return out;
}

} // namespace actord::schema
