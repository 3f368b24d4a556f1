#include "schema/print/printer_table.hpp"

#include <fmt/format.h>
#include <set>

namespace actord::schema::print {
namespace {

/// Addresses of a load balancer, each once, in order of the text.
std::vector<std::string> ingress_addresses(const json& object) {
  std::set<std::string> addresses;
  const json& points = at(object, {"status", "loadBalancer", "ingress"});
  if (points.is_array())
    for (const json& point : points) {
      std::string address = text_or(at(point, {"ip"}), text(at(point, {"hostname"})));
      if (!address.empty()) addresses.insert(std::move(address));
    }
  return {addresses.begin(), addresses.end()};
}

std::string external_address(const json& service) {
  const std::string type = text(at(service, {"spec", "type"}));
  const std::string given = joined(at(service, {"spec", "externalIPs"}), ",");
  if (type == "ClusterIP" || type == "NodePort") return given.empty() ? "<none>" : given;
  if (type == "ExternalName") return text(at(service, {"spec", "externalName"}));
  if (type != "LoadBalancer") return "<unknown>";
  std::string balanced = joined(ingress_addresses(service), ",");
  if (!balanced.empty() && !given.empty()) balanced += ",";
  balanced += given;
  return balanced.empty() ? "<pending>" : balanced;
}

std::string service_ports(const json& service) {
  std::vector<std::string> list;
  const json& ports = at(service, {"spec", "ports"});
  if (ports.is_array())
    for (const json& port : ports) {
      const std::int64_t node_port = number(at(port, {"nodePort"}));
      const std::string at_node = node_port > 0 ? fmt::format(":{}", node_port) : "";
      list.push_back(
          fmt::format("{}{}/{}", number(at(port, {"port"})), at_node, text(at(port, {"protocol"}))));
    }
  return list.empty() ? "<none>" : joined(list, ",");
}

} // namespace

void print_service(const row_writer& row) {
  const json& object = row.object;
  const json& addresses = at(object, {"spec", "clusterIPs"});
  row.add(name_of(object), text(at(object, {"spec", "type"})),
          addresses.is_array() && !addresses.empty() ? text(addresses[0]) : "<none>",
          external_address(object), service_ports(object), age(row),
          labels_or_none(at(object, {"spec", "selector"})));
}

void print_endpoints(const row_writer& row) {
  std::vector<std::string> list;
  const json& subsets = at(row.object, {"subsets"});
  const auto each = [](const json& value, auto visit) {
    if (value.is_array())
      for (const json& item : value) visit(item);
  };
  each(subsets, [&](const json& subset) {
    const json& addresses = at(subset, {"addresses"});
    const json& ports = at(subset, {"ports"});
    if (count(ports) == 0)
      each(addresses, [&](const json& address) { list.push_back(text(at(address, {"ip"}))); });
    each(ports, [&](const json& port) {
      each(addresses, [&](const json& address) {
        const std::string ip = text(at(address, {"ip"}));
        const bool six = ip.find(':') != std::string::npos;
        list.push_back(
            fmt::format("{}{}{}:{}", six ? "[" : "", ip, six ? "]" : "", number(at(port, {"port"}))));
      });
    });
  });
  row.add(name_of(row.object), count(subsets) == 0 ? "<none>" : joined_with_more(list, 3, ","), age(row));
}

void print_endpoint_slice(const row_writer& row) {
  std::vector<std::string> ports;
  std::vector<std::string> addresses;
  const json& all_ports = at(row.object, {"ports"});
  if (all_ports.is_array())
    for (const json& port : all_ports)
      ports.push_back(text_or(at(port, {"port"}), text_or(at(port, {"name"}), "*")));
  const json& endpoints = at(row.object, {"endpoints"});
  if (endpoints.is_array())
    for (const json& endpoint : endpoints)
      for (const json& address : at(endpoint, {"addresses"})) addresses.push_back(text(address));
  row.add(name_of(row.object), text(at(row.object, {"addressType"})),
          ports.empty() ? "<unset>" : joined_with_more(ports, 3, ","),
          addresses.empty() ? "<unset>" : joined_with_more(addresses, 3, ","), age(row));
}

void print_ingress(const row_writer& row) {
  const json& object = row.object;
  std::vector<std::string> hosts;
  bool more = false;
  const json& rules = at(object, {"spec", "rules"});
  if (rules.is_array())
    for (const json& rule : rules) {
      more = more || hosts.size() == 3;
      if (const auto host = text(at(rule, {"host"})); !more && !host.empty()) hosts.push_back(host);
    }
  std::string shown = hosts.empty() ? "*" : joined(hosts, ",");
  if (more && !hosts.empty()) shown += fmt::format(" + {} more...", rules.size() - 3);
  row.add(name_of(object), text_or(at(object, {"spec", "ingressClassName"}), "<none>"), shown,
          joined(ingress_addresses(object), ","), count(at(object, {"spec", "tls"})) != 0 ? "80, 443" : "80",
          age(row));
}

void print_ingress_class(const row_writer& row) {
  const json& object = row.object;
  std::string name = name_of(object);
  if (annotation(object, "ingressclass.kubernetes.io/is-default-class") == "true") name += " (default)";
  std::string parameters = "<none>";
  if (const json& given = at(object, {"spec", "parameters"}); !given.is_null()) {
    parameters = text(at(given, {"kind"}));
    if (!at(given, {"apiGroup"}).is_null()) parameters += "." + text(at(given, {"apiGroup"}));
    parameters += "/" + text(at(given, {"name"}));
  }
  row.add(name, text(at(object, {"spec", "controller"})), parameters, age(row));
}

void print_network_policy(const row_writer& row) {
  row.add(name_of(row.object), selector_or_none(at(row.object, {"spec", "podSelector"})), age(row));
}

void print_service_cidr(const row_writer& row) {
  row.add(name_of(row.object), joined(at(row.object, {"spec", "cidrs"}), ","), age(row));
}

void print_ip_address(const row_writer& row) {
  std::string parent = "<none>";
  if (const json& given = at(row.object, {"spec", "parentRef"}); !given.is_null()) {
    parent = text(at(given, {"resource"}));
    for (const auto& [member, separator] : {std::pair{"group", "."}, {"namespace", "/"}})
      if (const auto part = text(at(given, {member})); !part.empty()) parent += separator + part;
    parent += "/" + text(at(given, {"name"}));
  }
  row.add(name_of(row.object), parent, age(row));
}

} // namespace actord::schema::print
