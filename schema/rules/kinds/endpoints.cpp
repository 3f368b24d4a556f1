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

void check_endpoint_ip(const field& address, field_errors& errors) {
  const std::string_view text = address.text();
  const auto parsed = parse_ip(text);
  if (!parsed) {
    errors.invalid(address, text, "must be a valid IP address");
    return;
  }
  if (parsed->unspecified()) errors.invalid(address, text, fmt::format("may not be unspecified ({})", text));
  if (parsed->loopback())
    errors.invalid(address, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
  if (parsed->link_local())
    errors.invalid(address, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  if (parsed->link_local_multicast())
    errors.invalid(address, text, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
}

namespace {

// Endpoints

void default_endpoints(json& object) {
  fill_constants(object, {{"subsets[].ports[].protocol", "\"TCP\"", true}});
}

void check_endpoint_address(const field& address, field_errors& errors) {
  check_ip(address.at("ip"), errors);
  if (!address.at("hostname").zero()) check_format(address.at("hostname"), dns_label, errors);
  if (const field node = address.at("nodeName"); node.present()) check_format(node, dns_subdomain, errors);
  check_endpoint_ip(address.at("ip"), errors);
}

void check_endpoints(const json& object, field_errors& errors, const rule_context&) {
  for (const field subset : field(object).at("subsets").items()) {
    if (subset.at("addresses").zero() && subset.at("notReadyAddresses").zero())
      errors.required(subset, "must specify `addresses` or `notReadyAddresses`");
    for (const std::string_view list : {"addresses", "notReadyAddresses"})
      for (const field address : subset.at(list).items()) check_endpoint_address(address, errors);
    const field ports = subset.at("ports");
    for (const field port : ports.items()) {
      const field name = port.at("name");
      if (!name.zero())
        check_format(name, dns_label, errors);
      else if (ports.size() > 1)
        errors.required(name);
      check_port(port.at("port"), errors);
      require_one_of(port.at("protocol"), {"SCTP", "TCP", "UDP"}, errors);
      if (const field protocol = port.at("appProtocol"); protocol.present())
        check_format(protocol, label_key, errors);
    }
  }
}

void check_endpoints_update(const json& object, const json& old, field_errors& errors,
                            const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  validate_metadata_create(object, errors, context);
  // What was let in once may stay as it is.
  if (!same(field(object).at("subsets").value(), field(old).at("subsets").value()))
    check_endpoints(object, errors, context);
}

// EndpointSlice

constexpr const char* host_label = "kubernetes.io/hostname";

void default_slice(json& object) {
  fill_constants(object, {{"ports[].name", "\"\""}, {"ports[].protocol", "\"TCP\""}});
}

/// The old word for where an endpoint runs is not kept.
void drop_topology(json& object) {
  if (json* endpoints = member(object, "endpoints"))
    for (json& endpoint : *endpoints) endpoint.erase("deprecatedTopology");
}

void prepare_slice_create(json& object, const rule_context& context) {
  prepare_create_as_usual(object, context);
  drop_topology(object);
}

void prepare_slice_update(json& object, const json& old, const rule_context& context) {
  prepare_update_as_usual(object, old, context);
  const field metadata = field(object).at("metadata");
  const field before = field(old).at("metadata");
  if (metadata.at("generation").integer() == before.at("generation").integer() &&
      !same(metadata.at("labels").value(), before.at("labels").value()))
    object["metadata"]["generation"] = before.at("generation").integer() + 1;
  if (!same(field(object).at("endpoints").value(), field(old).at("endpoints").value())) drop_topology(object);
}

void check_slice_address(const field& address, const field& addresses, std::string_view type,
                         field_errors& errors) {
  if (type == "FQDN") return check_domain_name(address, errors);
  if (type != "IPv4" && type != "IPv6") return;
  const complaints wrong =
      type == "IPv4" ? ip_complaints(address.text()) : canonical_ip_complaints(address.text());
  for (const std::string& one : wrong) errors.invalid(address, address.text(), one);
  if (!wrong.empty()) return;
  if (parse_ip(address.text())->is_v4 != (type == "IPv4"))
    errors.invalid(addresses, address.text(), fmt::format("must be an {} address", type));
  check_endpoint_ip(address, errors);
}

void check_hints(const field& hints, field_errors& errors) {
  constexpr std::size_t most = 8;
  const auto check = [&](std::string_view list, format_check format) {
    const field items = hints.at(list);
    if (items.size() > most) {
      errors.too_many(items, items.size(), most);
      return false;
    }
    std::set<std::string_view> seen;
    for (const field item : items.items()) {
      const field name = item.at("name");
      if (!seen.insert(name.text()).second) errors.duplicate(name, name.text());
      check_format(name, format, errors);
    }
    return true;
  };
  if (check("forZones", label_value)) check("forNodes", dns_subdomain);
}

void check_slice_ports(const field& ports, field_errors& errors) {
  constexpr std::size_t most = 20000;
  if (ports.size() > most) return errors.too_many(ports, ports.size(), most);
  std::set<std::string_view> names;
  for (const field port : ports.items()) {
    const field name = port.at("name");
    if (!name.zero()) check_format(name, dns_label, errors);
    if (!names.insert(name.text()).second) errors.duplicate(name, name.text());
    const field protocol = port.at("protocol");
    if (!protocol.present())
      errors.required(protocol);
    else
      one_of(protocol, {"SCTP", "TCP", "UDP"}, errors);
    if (const field application = port.at("appProtocol"); application.present())
      check_format(application, label_key, errors);
  }
}

void check_slice_endpoints(const field& slice, field_errors& errors) {
  constexpr std::size_t most = 1000;
  constexpr std::size_t most_addresses = 100;
  constexpr std::size_t most_labels = 16;
  const field endpoints = slice.at("endpoints");
  if (endpoints.size() > most) return errors.too_many(endpoints, endpoints.size(), most);
  for (const field endpoint : endpoints.items()) {
    const field addresses = endpoint.at("addresses");
    if (addresses.size() == 0)
      errors.required(addresses, "must contain at least 1 address");
    else if (addresses.size() > most_addresses)
      errors.too_many(addresses, addresses.size(), most_addresses);
    for (const field address : addresses.items())
      check_slice_address(address, addresses, slice.at("addressType").text(), errors);
    if (const field node = endpoint.at("nodeName"); node.present()) check_format(node, dns_subdomain, errors);
    const field topology = endpoint.at("deprecatedTopology");
    if (topology.size() > most_labels) errors.too_many(topology, topology.size(), most_labels);
    check_labels(topology, errors);
    if (const field host = endpoint.at("hostname"); host.present()) check_format(host, dns_label, errors);
    check_hints(endpoint.at("hints"), errors);
  }
}

void check_slice(const json& object, field_errors& errors, const rule_context&) {
  const field slice(object);
  require_one_of(slice.at("addressType"), {"FQDN", "IPv4", "IPv6"}, errors);
  check_slice_ports(slice.at("ports"), errors);
  check_slice_endpoints(slice, errors);
}

void check_slice_update(const json& object, const json& old, field_errors& errors,
                        const rule_context& context) {
  check_after_metadata<check_slice>(object, errors, context);
  check_immutable(field(object).at("addressType"), field(old).at("addressType"), errors);
}

// Lease

/// Coordinated leader election is off: what was not there before is dropped.
void drop_coordination(json& object, const json* old) {
  json* spec = member(object, "spec");
  if (spec == nullptr) return;
  for (const char* name : {"strategy", "preferredHolder"})
    if (old == nullptr || !field(*old).at("spec").contains(name)) spec->erase(name);
}

void prepare_lease_create(json& object, const rule_context& context) {
  prepare_create_as_usual(object, context);
  drop_coordination(object, nullptr);
}

void prepare_lease_update(json& object, const json& old, const rule_context& context) {
  prepare_update_as_usual(object, old, context);
  drop_coordination(object, &old);
}

void check_lease(const json& object, field_errors& errors, const rule_context&) {
  const field spec = field(object).at("spec");
  const field duration = spec.at("leaseDurationSeconds");
  if (duration.present() && duration.integer() <= 0)
    errors.invalid(duration, duration.integer(), "must be greater than 0");
  const field transitions = spec.at("leaseTransitions");
  if (transitions.present() && transitions.integer() < 0)
    errors.invalid(transitions, transitions.integer(), "must be greater than or equal to 0");
  const field strategy = spec.at("strategy");
  const field place = strategy.named("strategy");
  if (strategy.present()) {
    if (strategy.text().find('/') == std::string_view::npos)
      one_of(place, {"OldestEmulationVersion"}, errors);
    else
      check_format(place, label_key, errors);
  }
  const field holder = spec.at("preferredHolder");
  if (!holder.zero() && strategy.zero())
    errors.forbidden(holder, "may only be specified if `strategy` is defined");
}

} // namespace

constinit const kind_rules endpoints_rules{.set_defaults = default_endpoints,
                                           .prepare_create = prepare_create_as_usual,
                                           .prepare_update = prepare_update_as_usual,
                                           .validate_create = check_after_metadata<check_endpoints>,
                                           .validate_update = check_endpoints_update};
constinit const kind_rules endpoint_slice_rules{.set_defaults = default_slice,
                                                .prepare_create = prepare_slice_create,
                                                .prepare_update = prepare_slice_update,
                                                .validate_create = check_after_metadata<check_slice>,
                                                .validate_update = check_slice_update};
constinit const kind_rules lease_rules{.prepare_create = prepare_lease_create,
                                       .prepare_update = prepare_lease_update,
                                       .validate_create = check_after_metadata<check_lease>,
                                       .validate_update = check_update_after_metadata<check_lease>};

} // namespace actord::schema::rules
