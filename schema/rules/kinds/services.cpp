#include "schema/base/json.hpp"
#include "schema/rules/checks/addresses.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/defaults.hpp"
#include "schema/rules/kinds/kinds.hpp"
#include "schema/rules/kinds/network_parts.hpp"
#include "schema/rules/pod/pod_validation.hpp"
#include "schema/rules/strategy_table.hpp"

#include <fmt/format.h>

#include <set>

namespace actord::schema::rules {

namespace {

constexpr const char* source_ranges_annotation = "service.beta.kubernetes.io/load-balancer-source-ranges";

bool balanced(const field& spec) { return spec.at("type").text() == "LoadBalancer"; }
bool external_name(const field& spec) { return spec.at("type").text() == "ExternalName"; }
bool has_node_ports(const field& spec) { return balanced(spec) || spec.at("type").text() == "NodePort"; }

bool reachable_from_outside(const field& spec) {
  return has_node_ports(spec) || (spec.at("type").text() == "ClusterIP" && !spec.at("externalIPs").zero());
}

bool needs_health_check(const field& spec) {
  return balanced(spec) && spec.at("externalTrafficPolicy").text() == "Local";
}

bool headless(const field& spec) {
  const field addresses = spec.at("clusterIPs");
  return addresses.size() == 1 && addresses.item(0).text() == "None";
}

void default_affinity(json& spec) {
  fill_zero(spec, "sessionAffinity", "None");
  const std::string_view affinity = field(spec).at("sessionAffinity").text();
  if (affinity == "None")
    spec.erase("sessionAffinityConfig");
  else if (affinity == "ClientIP" &&
           !field(spec).at("sessionAffinityConfig").at("clientIP").contains("timeoutSeconds"))
    spec["sessionAffinityConfig"] = {{"clientIP", {{"timeoutSeconds", 10800}}}};
}

void default_service(json& object) {
  json& spec = open_member(object, "spec");
  default_affinity(spec);
  fill_zero(spec, "type", "ClusterIP");
  if (json* ports = member(spec, "ports"))
    for (json& port : *ports) {
      fill_zero(port, "protocol", "TCP");
      fill_zero(port, "targetPort", field(port).at("port").integer());
    }
  const field place(spec);
  if (reachable_from_outside(place)) fill_zero(spec, "externalTrafficPolicy", "Cluster");
  if (has_node_ports(place) || place.at("type").text() == "ClusterIP")
    fill(spec, "internalTrafficPolicy", "Cluster");
  if (balanced(place)) fill(spec, "allocateLoadBalancerNodePorts", true);
  if (!balanced(place)) return;
  if (json* ingress = member_at(object, "status.loadBalancer.ingress"))
    for (json& one : *ingress)
      if (!field(one).at("ip").zero()) fill(one, "ipMode", "VIP");
}

/// One address is the first of the list of addresses: whoever sets either means both.
void keep_addresses_in_step(json& spec, const json* old) {
  const field now(spec);
  const std::string single(now.at("clusterIP").text());
  const std::string first(now.at("clusterIPs").item(0).text());
  if (old == nullptr) {
    if (!single.empty() && now.at("clusterIPs").zero()) spec["clusterIPs"] = {single};
    return;
  }
  const field before = field(*old).at("spec");
  const bool list_kept = same(now.at("clusterIPs").value(), before.at("clusterIPs").value());
  if (single == before.at("clusterIP").text()) return;
  if (single.empty() && list_kept)
    spec.erase("clusterIPs");
  else if (before.at("clusterIP").zero() && now.at("clusterIPs").zero())
    spec["clusterIPs"] = {single};
  else if (!single.empty() && list_kept && !spec["clusterIPs"].empty())
    spec["clusterIPs"][0] = single;
}

void prepare_service_create(json& object, const rule_context& context) {
  prepare_create_as_usual(object, context);
  keep_addresses_in_step(open_member(object, "spec"), nullptr);
}

/// What a service of the old type needed and one of the new type does not goes away, if it was left as it
/// was.
void drop_what_the_type_needed(json& object, const json& old) {
  json& spec = object["spec"];
  const field now(spec);
  const field before = field(old).at("spec");
  const auto drop_if_kept = [&](std::string_view name) {
    if (same(now.at(name).value(), before.at(name).value())) spec.erase(std::string(name));
  };
  if (!external_name(before) && external_name(now)) {
    if (same(now.at("clusterIP").value(), before.at("clusterIP").value())) {
      drop_if_kept("clusterIPs");
      spec.erase("clusterIP");
    }
    drop_if_kept("ipFamilies");
    drop_if_kept("ipFamilyPolicy");
  }
  if (has_node_ports(before) && !has_node_ports(now)) {
    std::set<std::int64_t> known;
    for (const field port : before.at("ports").items()) known.insert(port.at("nodePort").integer());
    bool kept = true;
    for (const field port : now.at("ports").items())
      kept = kept && (port.at("nodePort").zero() || known.contains(port.at("nodePort").integer()));
    if (kept)
      if (json* ports = member(spec, "ports"))
        for (json& port : *ports) port.erase("nodePort");
  }
  if (needs_health_check(before) && !needs_health_check(now)) drop_if_kept("healthCheckNodePort");
  if (balanced(before) && !balanced(now)) {
    drop_if_kept("allocateLoadBalancerNodePorts");
    drop_if_kept("loadBalancerClass");
    object["status"]["loadBalancer"] = json::object();
  }
  if (reachable_from_outside(before) && !reachable_from_outside(now)) drop_if_kept("externalTrafficPolicy");
}

void prepare_service_update(json& object, const json& old, const rule_context& context) {
  prepare_update_as_usual(object, old, context);
  if (context.subresource == "status") return;
  json& spec = open_member(object, "spec");
  keep_addresses_in_step(spec, &old);
  // What the server gave once and the client left out stays.
  const field before = field(old).at("spec");
  if (!external_name(field(spec)) && !external_name(before))
    for (const std::string_view name : {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"})
      if (before.contains(name)) fill_zero(spec, name, before.at(name).value());
  drop_what_the_type_needed(object, old);
}

void check_ports(const field& spec, field_errors& errors) {
  std::set<std::string_view> names;
  const field ports = spec.at("ports");
  for (const field port : ports.items()) {
    const field name = port.at("name");
    if (ports.size() > 1 && name.zero())
      errors.required(name);
    else if (!name.zero()) {
      check_format(name, dns_label, errors);
      if (!names.insert(name.text()).second) errors.duplicate(name, name.text());
    }
    check_port(port.at("port"), errors);
    require_one_of(port.at("protocol"), {"SCTP", "TCP", "UDP"}, errors);
    check_port_or_name(port.at("targetPort"), errors);
    if (const field protocol = port.at("appProtocol"); protocol.present())
      check_format(protocol, label_key, errors);
  }
}

void check_type(const field& spec, field_errors& errors) {
  const std::string_view type = spec.at("type").text();
  const field addresses = spec.at("clusterIPs");
  if ((type == "LoadBalancer" || type == "NodePort") && headless(spec))
    errors.invalid(addresses.item(0), "None", fmt::format("may not be set to 'None' for {} services", type));
  if (type != "ExternalName") return;
  constexpr std::string_view refused = "may not be set for ExternalName services";
  if (!addresses.zero()) errors.forbidden(addresses, refused);
  if (!spec.at("ipFamilies").zero()) errors.forbidden(spec.at("ipFamilies"), refused);
  if (spec.contains("ipFamilyPolicy")) errors.forbidden(spec.at("ipFamilyPolicy"), refused);
  const field name = spec.at("externalName");
  std::string_view host = name.text();
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty())
    errors.required(name);
  else
    for (const std::string& wrong : dns_subdomain(host)) errors.invalid(name, host, wrong);
}

void check_session_affinity(const field& spec, field_errors& errors) {
  constexpr std::int64_t longest_s = 86400;
  constexpr std::string_view when = "when session affinity type is ClientIP";
  require_one_of(spec.at("sessionAffinity"), {"ClientIP", "None"}, errors);
  const field config = spec.at("sessionAffinityConfig");
  const std::string_view affinity = spec.at("sessionAffinity").text();
  if (affinity == "None" && config.present())
    errors.forbidden(config, "must not be set when session affinity is None");
  if (affinity != "ClientIP") return;
  const field client = config.at("clientIP");
  const field timeout = client.at("timeoutSeconds");
  if (!config.present())
    errors.required(config, when);
  else if (!client.present())
    errors.required(client, when);
  else if (!timeout.present())
    errors.required(timeout, when);
  else if (timeout.integer() <= 0 || timeout.integer() > longest_s)
    errors.invalid(timeout, timeout.value(),
                   fmt::format("must be greater than 0 and less than {}", longest_s));
}

void check_families(const field& spec, field_errors& errors) {
  const field families = spec.at("ipFamilies");
  std::set<std::string_view> seen;
  for (const field family : families.items()) {
    one_of(family, {"IPv4", "IPv6"}, errors);
    if (!seen.insert(family.text()).second) errors.duplicate(family, family.text());
  }
  if (const field policy = spec.at("ipFamilyPolicy"); policy.present())
    one_of(policy, {"PreferDualStack", "RequireDualStack", "SingleStack"}, errors);
}

void check_cluster_addresses(const field& spec, field_errors& errors) {
  if (external_name(spec)) return;
  const field single = spec.at("clusterIP");
  const field addresses = spec.at("clusterIPs");
  const field families = spec.at("ipFamilies");
  if (!single.zero()) {
    if (addresses.zero())
      errors.required(addresses);
    else if (addresses.item(0).text() != single.text())
      errors.invalid(addresses, addresses.value(), "first value must match `clusterIP`");
  } else if (!addresses.zero())
    errors.invalid(addresses, addresses.value(), "must be empty when `clusterIP` is not specified");
  check_families(spec, errors);
  bool malformed = false;
  for (std::size_t index = 0; index < addresses.size(); ++index) {
    const field address = addresses.item(index);
    if (index == 0 && address.text() == "None") {
      if (addresses.size() > 1) {
        malformed = true;
        errors.invalid(addresses, addresses.value(), "'None' must be the first and only value");
      }
      continue;
    }
    const std::size_t before = errors.causes().size();
    check_ip(address, errors);
    malformed = malformed || errors.causes().size() != before;
  }
  if (addresses.size() > 2) errors.invalid(addresses, addresses.value(), "may only hold up to 2 values");
  if (malformed) return;
  if (addresses.size() > 1) {
    const auto first = parse_ip(addresses.item(0).text());
    const auto second = parse_ip(addresses.item(1).text());
    if (!first || !second || first->is_v4 == second->is_v4)
      errors.invalid(addresses, addresses.value(), "may specify no more than one IP for each IP family");
  }
  if (headless(spec)) return;
  for (std::size_t index = 0; index < std::min(addresses.size(), families.size()); ++index) {
    const auto address = parse_ip(addresses.item(index).text());
    const std::string_view family = families.item(index).text();
    if (!address) continue;
    if ((family == "IPv4" && !address->is_v4) || (family == "IPv6" && address->is_v4))
      errors.invalid(addresses.item(index), addresses.item(index).text(),
                     fmt::format("expected an {} value as indicated by `ipFamilies[{}]`", family, index));
  }
}

void check_outside_addresses(const field& spec, field_errors& errors) {
  for (const field address : spec.at("externalIPs").items()) {
    const std::size_t before = errors.causes().size();
    check_ip(address, errors);
    if (errors.causes().size() == before) check_endpoint_ip(address, errors);
  }
}

void check_port_numbers(const field& spec, field_errors& errors) {
  const field ports = spec.at("ports");
  if (spec.at("type").text() == "ClusterIP")
    for (const field port : ports.items())
      if (!port.at("nodePort").zero())
        errors.forbidden(port.at("nodePort"), "may not be used when `type` is 'ClusterIP'");
  std::set<std::pair<std::string_view, std::int64_t>> node_ports;
  for (const field port : ports.items()) {
    const field number = port.at("nodePort");
    if (!number.zero() && !node_ports.emplace(port.at("protocol").text(), number.integer()).second)
      errors.duplicate(number, number.integer());
  }
  std::set<std::pair<std::string_view, std::int64_t>> seen;
  for (const field port : ports.items())
    if (!seen.emplace(port.at("protocol").text(), port.at("port").integer()).second)
      errors.duplicate(port, {{"port", port.at("port").value()}, {"protocol", port.at("protocol").value()}});
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view spaces = " \t\n\v\f\r";
  const std::size_t first = text.find_first_not_of(spaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

void check_source_ranges(const field& service, field_errors& errors) {
  const field spec = service.at("spec");
  const field ranges = spec.at("loadBalancerSourceRanges");
  constexpr std::string_view refused = "may only be used when `type` is 'LoadBalancer'";
  if (!ranges.zero()) {
    const field place = spec.named("LoadBalancerSourceRanges").with(ranges.value());
    if (!balanced(spec)) errors.forbidden(place, refused);
    for (const field range : place.items())
      for (const std::string& wrong : cidr_complaints(trimmed(range.text())))
        errors.invalid(range, trimmed(range.text()), wrong);
    return;
  }
  const field annotation = service.at("metadata").at("annotations").entry(source_ranges_annotation);
  if (!annotation.present()) return;
  if (!balanced(spec)) errors.forbidden(annotation, refused);
  std::string_view rest = trimmed(annotation.text());
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string_view range = trimmed(rest.substr(0, comma));
    for (const std::string& wrong : cidr_complaints(range)) errors.invalid(annotation, range, wrong);
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  }
}

void check_traffic(const field& spec, field_errors& errors) {
  const field outside = spec.at("externalTrafficPolicy");
  if (!reachable_from_outside(spec)) {
    if (!outside.zero())
      errors.invalid(outside, outside.text(), "may only be set for externally-accessible services");
  } else
    require_one_of(outside, {"Cluster", "Local"}, errors);
  const field health = spec.at("healthCheckNodePort");
  if (!needs_health_check(spec)) {
    if (!health.zero())
      errors.invalid(health, health.integer(),
                     "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
  } else if (!health.zero())
    check_port(health, errors); // absent: allocated when the write is sealed
  const field inside = spec.at("internalTrafficPolicy");
  if (!inside.present() && (has_node_ports(spec) || spec.at("type").text() == "ClusterIP"))
    errors.required(inside);
  if (inside.present()) one_of(inside, {"Cluster", "Local"}, errors);
  if (const field spread = spec.at("trafficDistribution"); spread.present())
    one_of(spread, {"PreferClose", "PreferSameZone", "PreferSameNode"}, errors);
}

void check_service(const json& object, field_errors& errors, const rule_context&) {
  const field service(object);
  const field spec = service.at("spec");
  const field annotations = service.at("metadata").at("annotations");
  const field mode = annotations.entry("service.kubernetes.io/topology-mode");
  const field hints = annotations.at("service.kubernetes.io/topology-aware-hints");
  if (mode.present() && hints.present() && mode.text() != hints.text())
    errors.invalid(
        mode, mode.text(),
        "must match annotations[service.kubernetes.io/topology-aware-hints] when both are specified");
  if (spec.at("ports").zero() && !headless(spec) && !external_name(spec)) errors.required(spec.at("ports"));
  check_type(spec, errors);
  check_ports(spec, errors);
  check_labels(spec.at("selector"), errors);
  check_session_affinity(spec, errors);
  check_cluster_addresses(spec, errors);
  check_outside_addresses(spec, errors);
  require_one_of(spec.at("type"), {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"}, errors);
  check_port_numbers(spec, errors);
  check_source_ranges(service, errors);
  const field allocate = spec.at("allocateLoadBalancerNodePorts");
  if (allocate.present() && !balanced(spec))
    errors.forbidden(allocate, "may only be used when `type` is 'LoadBalancer'");
  if (!allocate.present() && balanced(spec)) errors.required("allocateLoadBalancerNodePorts");
  if (const field balancer = spec.at("loadBalancerClass"); balancer.present()) {
    if (balanced(spec))
      check_format(balancer, label_key, errors);
    else
      errors.forbidden(balancer, "may only be used when `type` is 'LoadBalancer'");
  }
  check_traffic(spec, errors);
}

/// Addresses are judged before they are allocated: where they are wrong nothing else is looked at.
void check_new_service(const json& object, field_errors& errors, const rule_context& context) {
  check_cluster_addresses(field(object).at("spec"), errors);
  if (errors.empty()) check_after_metadata<check_service>(object, errors, context);
}

/// Addresses and families stay, but for a second one that comes or goes.
void check_address_changes(const field& now, const field& before, field_errors& errors) {
  if (external_name(now) || external_name(before)) return;
  if (headless(now) && headless(before)) return;
  const field addresses = now.at("clusterIPs");
  const field old = before.at("clusterIPs");
  for (std::size_t index = 0; index < std::min(addresses.size(), old.size()); ++index)
    if (addresses.item(index).text() != old.item(index).text())
      errors.invalid(addresses.item(index), addresses.value(), "may not change once set");
  if (old.size() <= addresses.size()) return;
  if (addresses.size() == 0)
    errors.invalid(addresses.item(0), addresses.value(), "primary clusterIP can not be unset");
  const field policy = now.at("ipFamilyPolicy");
  if (addresses.size() == 1 && policy.text() != "SingleStack")
    errors.invalid(policy, policy.value(),
                   "must be set to 'SingleStack' when releasing the secondary clusterIP");
}

void check_service_status(const field& service, field_errors& errors) {
  const field ingress = service.at("status").at("loadBalancer").at("ingress");
  if (!balanced(service.at("spec")) && !ingress.zero()) {
    errors.forbidden(ingress, "may only be used when `spec.type` is 'LoadBalancer'");
    return;
  }
  for (const field one : ingress.items()) {
    const field address = one.at("ip");
    const field mode = one.at("ipMode");
    if (!address.zero()) check_ip(address, errors);
    if (!mode.present()) {
      if (!address.zero()) errors.required(mode, "must be specified when `ip` is set");
    } else if (address.zero())
      errors.forbidden(mode, "may not be specified when `ip` is not set");
    else
      one_of(mode, {"Proxy", "VIP"}, errors);
    const field host = one.at("hostname");
    if (host.zero()) continue;
    check_format(host, dns_subdomain, errors);
    if (parse_ip(host.text())) errors.invalid(host, host.text(), "must be a DNS name, not an IP address");
  }
}

void check_service_update(const json& object, const json& old, field_errors& errors,
                          const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  if (context.subresource == "status") return check_service_status(field(object), errors);
  const field now = field(object).at("spec");
  const field before = field(old).at("spec");
  check_address_changes(now, before, errors);
  if (balanced(now) && balanced(before))
    check_immutable(now.at("loadBalancerClass"), before.at("loadBalancerClass"), errors,
                    "may not change once set");
  if (needs_health_check(now) && needs_health_check(before) &&
      now.at("healthCheckNodePort").integer() != before.at("healthCheckNodePort").integer())
    errors.forbidden(now.at("healthCheckNodePort"), "field is immutable");
  check_service(object, errors, context);
}

void warn_of_service(const json& object, const json*, std::vector<std::string>& warnings) {
  const field service(object);
  const field spec = service.at("spec");
  const bool external_name = spec.at("type").text() == "ExternalName";
  const bool headless = spec.at("type").text() == "ClusterIP" && spec.at("clusterIP").text() == "None";
  if (service.at("metadata").at("annotations").entry("service.kubernetes.io/topology-aware-hints").present())
    warnings.emplace_back("annotation service.kubernetes.io/topology-aware-hints is deprecated, please use "
                          "service.kubernetes.io/topology-mode instead");
  const bool outside = !spec.at("externalIPs").zero();
  if (headless) {
    if (!spec.at("loadBalancerIP").zero())
      warnings.emplace_back("spec.loadBalancerIP is ignored for headless services");
    if (outside) warnings.emplace_back("spec.externalIPs is ignored for headless services");
    if (spec.at("sessionAffinity").text() != "None")
      warnings.emplace_back("spec.SessionAffinity is ignored for headless services");
  }
  if (outside && !headless && !external_name)
    warnings.emplace_back("spec.externalIPs is deprecated and may no longer be implemented in some clusters");
  if (outside && external_name)
    warnings.emplace_back("spec.externalIPs is ignored when spec.type is \"ExternalName\"");
  if (!external_name && !spec.at("externalName").zero())
    warnings.emplace_back("spec.externalName is ignored when spec.type is not \"ExternalName\"");
  if (spec.at("trafficDistribution").text() == "PreferClose")
    warnings.emplace_back("spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"");
}

} // namespace

constinit const kind_rules service_rules{.set_defaults = default_service,
                                         .prepare_create = prepare_service_create,
                                         .prepare_update = prepare_service_update,
                                         .validate_create = check_new_service,
                                         .validate_update = check_service_update,
                                         .warn = warn_of_service};

} // namespace actord::schema::rules
