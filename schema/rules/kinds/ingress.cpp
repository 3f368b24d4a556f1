#include "schema/base/json.hpp"
#include "schema/rules/checks/addresses.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/defaults.hpp"
#include "schema/rules/kinds/kinds.hpp"
#include "schema/rules/pod/pod_validation.hpp"
#include "schema/rules/strategy_table.hpp"

#include <fmt/format.h>

namespace actord::schema::rules {

namespace {

/// A reference to an object of the same namespace.
void check_reference(const field& reference, field_errors& errors) {
  if (const field group = reference.at("apiGroup"); group.present())
    check_format(group, dns_subdomain, errors);
  check_required_format(reference.at("kind"), path_segment, errors);
  check_required_format(reference.at("name"), path_segment, errors);
}

// Ingress

void check_backend(const field& backend, field_errors& errors) {
  const field resource = backend.at("resource");
  const field service = backend.at("service");
  if (resource.present() && service.present())
    return errors.invalid(backend, "", "cannot set both resource and service backends");
  if (resource.present()) return check_reference(resource, errors);
  if (!service.present()) return errors.invalid(backend, "", "resource or service backend is required");
  check_required_format(service.at("name"), dns_label, errors);
  const field name = service.at("port").at("name");
  const field number = service.at("port").at("number");
  if (!name.zero() && !number.zero())
    errors.invalid(backend, "", "cannot set both port name & port number");
  else if (!name.zero())
    check_format(name, port_name, errors);
  else if (!number.zero())
    check_port(number, errors);
  else
    errors.required(backend, "port name or number is required");
}

void check_path(const field& rule, field_errors& errors) {
  const field type = rule.at("pathType");
  const field path = rule.at("path");
  const std::string_view text = path.text();
  if (!type.present()) return errors.required(type, "pathType must be specified");
  if (type.text() == "Exact" || type.text() == "Prefix") {
    if (!text.starts_with('/')) errors.invalid(path, text, "must be an absolute path");
    for (const std::string_view part : {"//", "/./", "/../", "%2f", "%2F"})
      if (text.find(part) != std::string_view::npos)
        errors.invalid(path, text, fmt::format("must not contain '{}'", part));
    for (const std::string_view end : {"/..", "/."})
      if (text.ends_with(end)) errors.invalid(path, text, fmt::format("cannot end with '{}'", end));
  } else if (type.text() == "ImplementationSpecific") {
    if (!text.empty() && !text.starts_with('/')) errors.invalid(path, text, "must be an absolute path");
  } else
    errors.not_supported(type, type.text(), {"Exact", "ImplementationSpecific", "Prefix"});
  check_backend(rule.at("backend"), errors);
}

void check_host(const field& host, field_errors& errors) {
  const bool wildcard = host.text().find('*') != std::string_view::npos;
  check_format(host, wildcard ? wildcard_subdomain : dns_subdomain, errors);
}

void check_ingress(const json& object, field_errors& errors, const rule_context&) {
  const field spec = field(object).at("spec");
  const field rules = spec.at("rules");
  const field fallback = spec.at("defaultBackend");
  if (rules.zero() && !fallback.present())
    errors.invalid(spec, rules.value(), "either `defaultBackend` or `rules` must be specified");
  if (fallback.present()) check_backend(fallback, errors);
  for (const field rule : rules.items()) {
    const field host = rule.at("host");
    if (!host.zero()) {
      if (parse_ip(host.text())) errors.invalid(host, host.text(), "must be a DNS name, not an IP address");
      check_host(host, errors);
    }
    const field http = rule.at("http");
    if (!http.present()) continue;
    require(http.at("paths"), errors);
    for (const field path : http.at("paths").items()) check_path(path, errors);
  }
  for (const field entry : spec.at("tls").items()) {
    for (const field host : entry.at("hosts").items()) check_host(host, errors);
    if (!entry.at("secretName").zero()) check_format(entry.at("secretName"), dns_subdomain, errors);
  }
  if (const field name = spec.at("ingressClassName"); name.present())
    check_format(name, dns_subdomain, errors);
}

void check_new_ingress(const json& object, field_errors& errors, const rule_context& context) {
  check_ingress(object, errors, context);
  const field annotation = field(object).at("metadata").at("annotations").at("kubernetes.io/ingress.class");
  const field name = field(object).at("spec").at("ingressClassName");
  if (annotation.present() && name.present() && annotation.text() != name.text())
    errors.invalid("annotations.kubernetes.io/ingress.class", annotation.text(),
                   "must match `ingressClassName` when both are specified");
}

void check_ingress_update(const json& object, const json& old, field_errors& errors,
                          const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  if (context.subresource != "status") return check_after_metadata<check_ingress>(object, errors, context);
  for (const field one : field(object).at("status").at("loadBalancer").at("ingress").items()) {
    if (!one.at("ip").zero()) check_ip(one.at("ip"), errors);
    const field host = one.at("hostname");
    if (host.zero()) continue;
    check_format(host, dns_subdomain, errors);
    if (parse_ip(host.text())) errors.invalid(host, host.text(), "must be a DNS name, not an IP address");
  }
}

// IngressClass

void default_ingress_class(json& object) {
  fill_constants(object, {{"spec.parameters.scope", "\"Cluster\""}});
}

void check_ingress_class(const json& object, field_errors& errors, const rule_context&) {
  constexpr int controller_limit_bytes = 250;
  const field spec = field(object).at("spec");
  const field controller = spec.at("controller");
  if (static_cast<int>(controller.text().size()) > controller_limit_bytes)
    errors.too_long(controller, controller_limit_bytes);
  check_domain_path(controller, errors);
  const field parameters = spec.at("parameters");
  if (!parameters.present()) return;
  check_reference(parameters, errors);
  const field scope = parameters.at("scope");
  const field space = parameters.at("namespace");
  if (!scope.present()) return errors.required(scope);
  if (!one_of(scope, {"Cluster", "Namespace"}, errors)) return;
  if (scope.text() == "Cluster") {
    if (space.present()) errors.forbidden(space, "`parameters.scope` is set to 'Cluster'");
  } else if (!space.present())
    errors.required(space, "`parameters.scope` is set to 'Namespace'");
  else
    check_format(space, dns_label, errors);
}

void check_ingress_class_update(const json& object, const json& old, field_errors& errors,
                                const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  check_immutable(field(object).at("spec").at("controller"), field(old).at("spec").at("controller"), errors);
  check_after_metadata<check_ingress_class>(object, errors, context);
}

// NetworkPolicy

void default_network_policy(json& object) {
  fill_constants(object, {{"spec.ingress[].ports[].protocol", "\"TCP\""},
                          {"spec.egress[].ports[].protocol", "\"TCP\""}});
  json& spec = open_member(object, "spec");
  if (!field(spec).at("policyTypes").zero()) return;
  json types = {"Ingress"};
  if (field(spec).at("egress").size() > 0) types.push_back("Egress");
  spec["policyTypes"] = std::move(types);
}

void check_policy_port(const field& rule, field_errors& errors) {
  const field protocol = rule.at("protocol");
  const field port = rule.at("port");
  const field end = rule.at("endPort");
  if (protocol.present()) one_of(protocol, {"TCP", "UDP", "SCTP"}, errors);
  if (!port.present()) {
    if (end.present()) errors.invalid(end, end.value(), "may not be specified when `port` is not specified");
  } else if (port.is_text()) {
    if (end.present()) errors.invalid(end, end.value(), "may not be specified when `port` is non-numeric");
    check_format(port, port_name, errors);
  } else {
    check_port(port, errors);
    if (!end.present()) return;
    if (end.integer() < port.integer())
      errors.invalid(end, port.integer(), "must be greater than or equal to `port`");
    check_port(end, errors);
  }
}

bool strictly_within(const ip_block& inner, const ip_block& outer) {
  if (inner.address.is_v4 != outer.address.is_v4 || inner.bits <= outer.bits) return false;
  return ip_block{inner.address, outer.bits}.network() == outer.network();
}

void check_block(const field& block, field_errors& errors) {
  const field range = block.at("cidr");
  if (!require(range, errors)) return;
  check_cidr(range, errors);
  const auto outer = parse_block(range.text());
  if (!outer) return;
  for (const field hole : block.at("except").items()) {
    check_cidr(hole, errors);
    const auto inner = parse_block(hole.text());
    if (inner && !strictly_within(*inner, *outer))
      errors.invalid(hole, hole.text(), "must be a strict subset of `cidr`");
  }
}

void check_peer(const field& peer, field_errors& errors) {
  int peers = 0;
  for (const std::string_view name : {"podSelector", "namespaceSelector"}) {
    if (!peer.contains(name)) continue;
    ++peers;
    check_selector(peer.at(name), errors);
  }
  const field block = peer.at("ipBlock");
  if (block.present()) {
    ++peers;
    check_block(block, errors);
  }
  if (peers == 0)
    errors.required(peer, "must specify a peer");
  else if (peers > 1 && block.present())
    errors.forbidden(peer, "may not specify both ipBlock and another peer");
}

void check_network_policy(const json& object, field_errors& errors, const rule_context&) {
  const field spec = field(object).at("spec");
  check_selector(spec.at("podSelector"), errors);
  const auto check_side = [&](std::string_view side, std::string_view peers) {
    for (const field rule : spec.at(side).items()) {
      for (const field port : rule.at("ports").items()) check_policy_port(port, errors);
      for (const field peer : rule.at(peers).items()) check_peer(peer, errors);
    }
  };
  check_side("ingress", "from");
  check_side("egress", "to");
  const field types = spec.at("policyTypes");
  if (types.size() > 2)
    return errors.invalid(types, types.value(), "may not specify more than two policyTypes");
  for (const field type : types.items()) one_of(type, {"Ingress", "Egress"}, errors);
}

// IPAddress

void check_address_object(const json& object, field_errors& errors, const rule_context&) {
  const field parent = field(object).at("spec").at("parentRef");
  if (!parent.present()) return errors.required(parent);
  if (!parent.at("group").zero()) check_format(parent.at("group"), dns_subdomain, errors);
  check_required_format(parent.at("resource"), path_segment, errors);
  check_required_format(parent.at("name"), path_segment, errors);
  if (!parent.at("namespace").zero()) check_format(parent.at("namespace"), path_segment, errors);
}

void check_address_object_update(const json& object, const json& old, field_errors& errors,
                                 const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  check_immutable(field(object).at("spec").at("parentRef"), field(old).at("spec").at("parentRef"), errors);
}

// ServiceCIDR

void check_service_blocks(const json& object, field_errors& errors, const rule_context&) {
  const field blocks = field(object).at("spec").at("cidrs");
  if (blocks.zero()) return errors.required(blocks, "at least one CIDR required");
  if (blocks.size() > 2)
    return errors.invalid(blocks, json{{"CIDRs", blocks.value()}}, "may only hold up to 2 values");
  for (const field block : blocks.items())
    for (const std::string& wrong : canonical_cidr_complaints(block.text()))
      errors.invalid(block, block.text(), wrong);
  if (blocks.size() < 2) return;
  const auto first = parse_block(blocks.item(0).text());
  const auto second = parse_block(blocks.item(1).text());
  if (first && second && first->address.is_v4 == second->address.is_v4)
    errors.invalid(
        blocks, blocks.value(),
        "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64");
}

void check_service_blocks_update(const json& object, const json& old, field_errors& errors,
                                 const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  if (context.subresource == "status") return;
  const field now = field(object).at("spec").at("cidrs");
  const field before = field(old).at("spec").at("cidrs");
  constexpr std::string_view fixed = "field is immutable";
  const bool grows = before.size() == 1 && now.size() == 2;
  if (now.size() != before.size() && !grows) return errors.invalid(now, now.value(), fixed);
  for (std::size_t index = 0; index < before.size(); ++index)
    if (now.item(index).text() != before.item(index).text())
      errors.invalid(now.item(index), now.item(index).text(), fixed);
  if (grows) check_service_blocks(object, errors, context);
}

} // namespace

constinit const kind_rules ingress_rules{.prepare_create = prepare_create_as_usual,
                                         .prepare_update = prepare_update_as_usual,
                                         .validate_create = check_after_metadata<check_new_ingress>,
                                         .validate_update = check_ingress_update};
constinit const kind_rules ingress_class_rules{.set_defaults = default_ingress_class,
                                               .prepare_create = prepare_create_as_usual,
                                               .prepare_update = prepare_update_as_usual,
                                               .validate_create = check_after_metadata<check_ingress_class>,
                                               .validate_update = check_ingress_class_update};
constinit const kind_rules network_policy_rules{.set_defaults = default_network_policy,
                                                .prepare_create = prepare_create_as_usual,
                                                .prepare_update = prepare_update_as_usual,
                                                .validate_create = check_after_metadata<check_network_policy>,
                                                .validate_update =
                                                    check_update_after_metadata<check_network_policy>};
constinit const kind_rules ip_address_rules{.prepare_create = prepare_create_as_usual,
                                            .prepare_update = prepare_update_as_usual,
                                            .validate_create = check_after_metadata<check_address_object>,
                                            .validate_update = check_address_object_update};
constinit const kind_rules service_cidr_rules{.prepare_create = prepare_create_as_usual,
                                              .prepare_update = prepare_update_as_usual,
                                              .validate_create = check_after_metadata<check_service_blocks>,
                                              .validate_update = check_service_blocks_update};

} // namespace actord::schema::rules
