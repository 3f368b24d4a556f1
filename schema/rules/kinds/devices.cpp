#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/cel/admission_names.hpp"
#include "schema/rules/checks/amounts.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/defaults.hpp"
#include "schema/rules/checks/go_value.hpp"
#include "schema/rules/kinds/kinds.hpp"
#include "schema/rules/pod/pod_validation.hpp"
#include "schema/rules/strategy_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace actord::schema::rules {

namespace {

constexpr std::size_t most_requests = 32;
constexpr std::size_t most_parameter_bytes = 10 * 1024;

/// Judges each item, then complains about keys that come again; too long a list is not looked into.
template <class Check, class Key>
void check_set(const field& list, std::size_t most, field_errors& errors, Check check, Key key) {
  if (list.size() > most) return errors.too_many(list, list.size(), most);
  for (const field item : list.items()) check(item);
  std::set<std::string> seen;
  for (const field item : list.items())
    if (!seen.insert(std::string(key(item))).second) errors.duplicate(item, key(item));
}

template <class Check>
void check_list(const field& list, std::size_t most, field_errors& errors, Check check) {
  if (list.size() > most) return errors.too_many(list, list.size(), most);
  for (const field item : list.items()) check(item);
}

std::string_view name_of(const field& item) { return item.at("name").text(); }
std::string_view text_of(const field& item) { return item.text(); }

/// Names of requests, each with those of its alternatives.
using request_names = std::map<std::string_view, std::set<std::string_view>>;

request_names names_of_requests(const field& devices) {
  request_names names;
  for (const field request : devices.at("requests").items()) {
    std::set<std::string_view>& parts = names[name_of(request)];
    for (const field part : request.at("firstAvailable").items()) parts.insert(name_of(part));
  }
  return names;
}

void check_request_reference(const field& reference, const request_names& known, field_errors& errors) {
  constexpr std::string_view unknown =
      "must be the name of a request in the claim or the name of a request and a "
      "subrequest separated by '/'";
  const std::string_view text = reference.text();
  const auto slashes = std::ranges::count(text, '/');
  if (slashes > 1) return errors.invalid(reference, text, unknown);
  const std::string_view request = text.substr(0, text.find('/'));
  const std::string_view part = slashes == 1 ? text.substr(request.size() + 1) : std::string_view{};
  for (const std::string& wrong : dns_label(request)) errors.invalid(reference, request, wrong);
  if (slashes == 1)
    for (const std::string& wrong : dns_label(part)) errors.invalid(reference, part, wrong);
  const auto found = known.find(request);
  if (found == known.end() || (slashes == 1 && !found->second.contains(part)))
    errors.invalid(reference, text, unknown);
}

/// What selects devices: an expression over `device`, whose attributes are whatever drivers say.
const cel::environment& device_names() {
  static const cel::environment names =
      cel::environment().declare("device", cel::simple(cel::type_kind::dynamic));
  return names;
}

void check_selector_expression(const field& expression, field_errors& errors) {
  const std::string why = cel::admission_complaint(expression.text(), device_names(),
                                                   {cel::type_kind::boolean, cel::type_kind::dynamic});
  if (!why.empty()) errors.invalid(expression, expression.text(), why);
}

void check_selectors(const field& selectors, field_errors& errors) {
  check_list(selectors, most_requests, errors, [&](const field& selector) {
    if (!selector.contains("cel"))
      errors.required(selector.at("cel"));
    else
      check_selector_expression(selector.at("cel").at("expression"), errors);
  });
}

void check_device_toleration(const field& toleration, field_errors& errors) {
  if (!toleration.at("key").zero()) check_format(toleration.at("key"), label_key, errors);
  const field operation = toleration.at("operator");
  const std::string_view value = toleration.at("value").text();
  if (operation.text() == "Exists") {
    if (!value.empty()) errors.invalid(toleration.at("value"), value, "must be empty for operator `Exists`");
  } else if (operation.text() == "Equal")
    check_format(toleration.at("value"), label_value, errors);
  else if (operation.zero())
    errors.required(operation);
  else
    errors.not_supported(operation, operation.text(), {"Equal", "Exists"});
  if (const field effect = toleration.at("effect"); !effect.zero())
    one_of(effect, {"NoExecute", "NoSchedule", "None"}, errors);
}

void check_request_body(const field& request, field_errors& errors) {
  check_required_format(request.at("deviceClassName"), dns_subdomain, errors);
  check_selectors(request.at("selectors"), errors);
  const field mode = request.at("allocationMode");
  const field count = request.at("count");
  if (mode.text() == "All") {
    if (count.integer() != 0)
      errors.invalid(count, count.integer(), "must not be specified when allocationMode is 'All'");
  } else if (mode.text() == "ExactCount") {
    if (count.integer() <= 0) errors.invalid(count, count.integer(), "must be greater than zero");
  } else
    errors.not_supported(mode, mode.text(), {"All", "ExactCount"});
  for (const field toleration : request.at("tolerations").items())
    check_device_toleration(toleration, errors);
}

void check_request(const field& request, field_errors& errors) {
  constexpr std::size_t most_alternatives = 8;
  check_format(request.at("name"), dns_label, errors);
  const field alternatives = request.at("firstAvailable");
  const field exactly = request.at("exactly");
  constexpr std::string_view one = "exactly one of `exactly` or `firstAvailable` is required";
  if (alternatives.zero() && !exactly.present())
    errors.required(request, one);
  else if (!alternatives.zero() && exactly.present())
    errors.invalid(request, nullptr, std::string(one) + ", but multiple fields are set");
  else if (exactly.present())
    check_request_body(exactly, errors);
  else
    check_set(
        alternatives, most_alternatives, errors,
        [&](const field& part) {
          check_format(part.at("name"), dns_label, errors);
          check_request_body(part, errors);
        },
        name_of);
}

void check_identifier(const field& place, std::string_view id, field_errors& errors) {
  constexpr int most_bytes = 32;
  if (static_cast<int>(id.size()) > most_bytes) errors.too_long(place, most_bytes);
  for (const std::string& wrong : c_identifier(id)) errors.invalid(place, id, wrong);
}

/// "name" or "example.com/name".
void check_device_name(const field& place, std::string_view name, field_errors& errors) {
  const auto slashes = std::ranges::count(name, '/');
  if (slashes == 0) return check_identifier(place, name, errors);
  if (slashes > 1) return;
  const json domain = std::string(name.substr(0, name.find('/')));
  const std::string_view id = name.substr(name.find('/') + 1);
  if (domain == "")
    errors.invalid(place, "", "the domain must not be empty");
  else
    check_driver_name(place.with(domain), errors);
  if (id.empty())
    errors.invalid(place, "", "the name must not be empty");
  else
    check_identifier(place, id, errors);
}

void check_full_device_name(const field& name, field_errors& errors) {
  check_device_name(name, name.text(), errors);
  if (name.text().find('/') == std::string_view::npos)
    errors.invalid(name, name.text(),
                   "a fully qualified name must be a domain and a name separated by a slash");
}

void check_constraint(const field& constraint, const request_names& known, field_errors& errors) {
  check_set(
      constraint.at("requests"), most_requests, errors,
      [&](const field& name) { check_request_reference(name, known, errors); }, text_of);
  const field match = constraint.at("matchAttribute");
  const field distinct = constraint.at("distinctAttribute");
  if (match.present())
    check_full_device_name(match, errors);
  else if (distinct.present())
    check_full_device_name(distinct, errors);
  else
    errors.required(constraint,
                    "exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, but multiple "
                    "fields are set");
}

void check_configuration(const field& configuration, field_errors& errors) {
  const field opaque = configuration.at("opaque");
  if (!opaque.present()) return errors.required(opaque);
  check_driver_name(opaque.at("driver"), errors);
  const field parameters = opaque.at("parameters");
  if (!parameters.present())
    errors.required(parameters);
  else if (parameters.value().dump().size() > most_parameter_bytes)
    errors.too_long(parameters, most_parameter_bytes);
  else if (!parameters.value().is_object())
    errors.invalid(parameters, "<value omitted>", "must be a valid JSON object");
}

void check_claim_spec_of_devices(const field& spec, field_errors& errors) {
  const field devices = spec.at("devices");
  const request_names known = names_of_requests(devices);
  check_set(
      devices.at("requests"), most_requests, errors,
      [&](const field& request) { check_request(request, errors); }, name_of);
  check_list(devices.at("constraints"), most_requests, errors,
             [&](const field& constraint) { check_constraint(constraint, known, errors); });
  check_list(devices.at("config"), most_requests, errors, [&](const field& configuration) {
    check_set(
        configuration.at("requests"), most_requests, errors,
        [&](const field& name) { check_request_reference(name, known, errors); }, text_of);
    check_configuration(configuration, errors);
  });
}

void default_request(json& request) {
  fill_zero(request, "allocationMode", "ExactCount");
  if (field(request).at("allocationMode").text() == "ExactCount") fill_zero(request, "count", 1);
}

void default_device_requests(json& spec) {
  json* requests = member_at(spec, "devices.requests");
  if (requests == nullptr) return;
  for (json& request : *requests) {
    if (json* exactly = member(request, "exactly")) default_request(*exactly);
    if (json* alternatives = member(request, "firstAvailable"))
      for (json& part : *alternatives) default_request(part);
  }
  fill_constants(spec, {{"devices.requests[].exactly.tolerations[].operator", "\"Equal\"", true},
                        {"devices.requests[].firstAvailable[].tolerations[].operator", "\"Equal\"", true}});
}

// ResourceClaim

void default_device_claim(json& object) { default_device_requests(open_member(object, "spec")); }

void check_device_claim(const json& object, field_errors& errors, const rule_context&) {
  check_claim_spec_of_devices(field(object).at("spec"), errors);
}

void check_device_claim_update(const json& object, const json& old, field_errors& errors,
                               const rule_context& context) {
  if (context.subresource.empty()) validate_metadata_create(object, errors, context);
  validate_metadata_update(object, old, errors, context);
  if (context.subresource.empty()) {
    check_immutable(field(object).at("spec"), field(old).at("spec"), errors);
    return;
  }
  const field status = field(object).at("status");
  const field allocation = status.at("allocation");
  const field reserved = status.at("reservedFor");
  check_set(
      reserved, 256, errors,
      [&](const field& user) {
        for (const std::string_view name : {"resource", "name", "uid"}) require(user.at(name), errors);
      },
      [](const field& user) { return user.at("uid").text(); });
  if (!reserved.zero() && !allocation.present())
    errors.forbidden(reserved, "may not be specified when `allocated` is not set");
  const field before = field(old).at("status").at("allocation");
  if (allocation.present() && before.present()) check_immutable(allocation, before, errors);
}

// ResourceClaimTemplate

void default_claim_template(json& object) {
  default_device_requests(open_member(open_member(object, "spec"), "spec"));
}

void check_claim_template(const json& object, field_errors& errors, const rule_context&) {
  const field spec = field(object).at("spec");
  check_template_metadata(spec.at("metadata"), errors);
  check_claim_spec_of_devices(spec.at("spec"), errors);
}

void check_claim_template_update(const json& object, const json& old, field_errors& errors,
                                 const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  check_immutable(field(object).at("spec"), field(old).at("spec"), errors);
}

// DeviceClass

void check_device_class(const json& object, field_errors& errors, const rule_context&) {
  const field spec = field(object).at("spec");
  check_selectors(spec.at("selectors"), errors);
  check_list(spec.at("config"), most_requests, errors,
             [&](const field& configuration) { check_configuration(configuration, errors); });
  const field resource = spec.at("extendedResourceName");
  if (resource.present() && !extended_resource(resource.text()))
    errors.invalid(resource, resource.text(), "must be a valid extended resource name");
}

void check_device_class_update(const json& object, const json& old, field_errors& errors,
                               const rule_context& context) {
  validate_metadata_create(object, errors, context);
  validate_metadata_update(object, old, errors, context);
  check_device_class(object, errors, context);
}

// ResourceSlice

void stamp_taints(json& object, const rule_context& context) {
  json* devices = member_at(object, "spec.devices");
  if (devices == nullptr) return;
  for (json& device : *devices)
    if (json* taints = member(device, "taints"))
      for (json& taint : *taints) fill(taint, "timeAdded", format_time(context.now));
}

void prepare_slice_create(json& object, const rule_context& context) {
  prepare_create_as_usual(object, context);
  stamp_taints(object, context);
}

void prepare_slice_update(json& object, const json& old, const rule_context& context) {
  stamp_taints(object, context);
  prepare_update_as_usual(object, old, context);
}

void check_pool(const field& pool, field_errors& errors) {
  constexpr int most_bytes = 253;
  const field name = pool.at("name");
  if (require(name, errors)) {
    if (static_cast<int>(name.text().size()) > most_bytes) errors.too_long(name, most_bytes);
    std::string_view rest = name.text();
    for (bool more = true; more;) {
      const std::string_view part = rest.substr(0, rest.find('/'));
      for (const std::string& wrong : dns_subdomain(part)) errors.invalid(name, part, wrong);
      more = part.size() < rest.size();
      if (more) rest.remove_prefix(part.size() + 1);
    }
  }
  const field count = pool.at("resourceSliceCount");
  if (count.integer() <= 0) errors.invalid(count, count.integer(), "must be greater than zero");
  const field generation = pool.at("generation");
  if (generation.integer() < 0)
    errors.invalid(generation, generation.integer(), "must be greater than or equal to zero");
}

void check_true_or_unset(const field& flag, std::vector<std::string>& given, field_errors& errors) {
  if (!flag.present()) return;
  if (!flag.truth()) return errors.invalid(flag, false, "must be either unset or set to true");
  const std::string path = flag.path();
  given.push_back("`" + path.substr(path.rfind('.') + 1) + "`");
}

void check_place_of_slice(const field& spec, field_errors& errors) {
  constexpr std::string_view one =
      "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
  std::vector<std::string> given;
  if (const field node = spec.at("nodeName"); node.present()) {
    if (node.zero())
      errors.invalid(node, "", "must be either unset or set to a non-empty string");
    else {
      given.emplace_back("`nodeName`");
      check_format(node, dns_subdomain, errors);
    }
  }
  if (const field selector = spec.at("nodeSelector"); selector.present()) {
    given.emplace_back("`nodeSelector`");
    check_node_selector(selector, errors);
    const field terms = selector.at("nodeSelectorTerms");
    if (terms.size() != 1)
      errors.invalid(terms, as_structures("io.k8s.api.core.v1.NodeSelectorTerm", terms.value()),
                     "must have exactly one node selector term");
  }
  check_true_or_unset(spec.at("allNodes"), given, errors);
  check_true_or_unset(spec.at("perDeviceNodeSelection"), given, errors);
  if (given.empty())
    errors.required(spec, one);
  else if (given.size() > 1)
    errors.invalid(spec, fmt::format("{{{}}}", fmt::join(given, ", ")),
                   fmt::format("{}, but multiple fields are set", one));
}

void check_place_of_device(const field& device, bool per_device, field_errors& errors) {
  const field node = device.at("nodeName");
  const field selector = device.at("nodeSelector");
  const field everywhere = device.at("allNodes");
  if (!per_device) {
    if (node.present() || selector.present() || everywhere.present())
      errors.invalid(
          device, nullptr,
          "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to "
          "true in the ResourceSlice spec");
    return;
  }
  constexpr std::string_view one =
      "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when "
      "`perDeviceNodeSelection` is set to true in the ResourceSlice spec";
  std::vector<std::string> given;
  if (node.present()) {
    if (node.zero())
      errors.invalid(node, "", "must not be empty");
    else {
      given.emplace_back("`nodeName`");
      check_format(node, dns_subdomain, errors);
    }
  }
  if (selector.present()) {
    given.emplace_back("`nodeSelector`");
    check_node_selector(selector, errors);
  }
  check_true_or_unset(everywhere, given, errors);
  if (given.empty())
    errors.required(device, one);
  else if (given.size() > 1)
    errors.invalid(device, fmt::format("{{{}}}", fmt::join(given, ", ")), one);
}

void check_counters(const field& holder, std::string_view name, field_errors& errors) {
  constexpr std::size_t most = 32;
  check_required_format(holder.at(name), dns_label, errors);
  const field counters = holder.at("counters");
  if (counters.size() == 0) return errors.required(counters);
  if (counters.size() > most) return errors.too_many(counters, counters.size(), most);
  for (const auto& [key, value] : counters.value().items())
    for (const std::string& wrong : dns_label(key)) errors.invalid(counters, key, wrong);
}

void check_attribute(const field& attribute, field_errors& errors) {
  constexpr int most_bytes = 64;
  int given = 0;
  for (const std::string_view name :
       {"bool", "int", "string", "version", "bools", "ints", "strings", "versions"}) {
    const field value = attribute.at(name);
    if (!value.present()) continue;
    ++given;
    if (value.value().is_array() && value.size() == 0)
      errors.invalid(value, value.value(), "must not be empty if specified");
    if (static_cast<int>(value.text().size()) > most_bytes) errors.too_long(value, most_bytes);
  }
  if (given == 0)
    errors.invalid(attribute, "", "exactly one value must be specified");
  else if (given > 1)
    errors.invalid(attribute, attribute.value(), "exactly one value must be specified");
}

void check_device(const field& device, bool per_device, field_errors& errors) {
  constexpr std::size_t most = 32;
  constexpr std::size_t most_taints = 16;
  check_format(device.at("name"), dns_label, errors);
  const field attributes = device.at("attributes");
  const field capacity = device.at("capacity");
  if (attributes.size() + capacity.size() > most)
    errors.invalid(device, attributes.size() + capacity.size(),
                   fmt::format("the total number of attributes and capacities must not exceed {}", most));
  if (attributes.value().is_object())
    for (const auto& [key, value] : attributes.value().items()) {
      check_device_name(attributes, key, errors);
      check_attribute(attributes.entry(key), errors);
    }
  const bool shared = device.at("allowMultipleAllocations").truth();
  if (capacity.value().is_object())
    for (const auto& [key, value] : capacity.value().items()) {
      check_device_name(capacity, key, errors);
      if (!shared && capacity.entry(key).contains("requestPolicy"))
        errors.forbidden(capacity.entry(key).at("requestPolicy"), "allowMultipleAllocations must be true");
    }
  check_list(device.at("taints"), most_taints, errors, [&](const field& taint) {
    check_format(taint.at("key"), label_key, errors);
    check_format(taint.at("value"), label_value, errors);
    require_one_of(taint.at("effect"), {"NoExecute", "NoSchedule", "None"}, errors);
  });
  check_set(
      device.at("consumesCounters"), 2, errors,
      [&](const field& use) { check_counters(use, "counterSet", errors); },
      [](const field& use) { return use.at("counterSet").text(); });
  check_place_of_device(device, per_device, errors);
}

void check_device_slice(const json& object, field_errors& errors, const rule_context&) {
  constexpr std::size_t most_devices = 128;
  constexpr std::size_t most_special_devices = 64;
  constexpr std::size_t most_counter_sets = 8;
  const field spec = field(object).at("spec");
  const field devices = spec.at("devices");
  check_driver_name(spec.at("driver"), errors);
  check_pool(spec.at("pool"), errors);
  check_place_of_slice(spec, errors);
  if (spec.contains("sharedCounters") && spec.contains("devices"))
    errors.invalid(spec, "", "only one of `sharedCounters` or `devices` is allowed");
  bool special = false;
  for (const field device : devices.items())
    special = special || !device.at("taints").zero() || !device.at("consumesCounters").zero();
  const bool per_device = spec.at("perDeviceNodeSelection").truth();
  check_set(
      devices, special ? most_special_devices : most_devices, errors,
      [&](const field& device) { check_device(device, per_device, errors); }, name_of);
  check_set(
      spec.at("sharedCounters"), most_counter_sets, errors,
      [&](const field& counters) { check_counters(counters, "name", errors); }, name_of);
}

void check_device_slice_update(const json& object, const json& old, field_errors& errors,
                               const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  check_device_slice(object, errors, context);
  const field spec = field(object).at("spec");
  const field before = field(old).at("spec");
  check_immutable(spec.at("pool").at("name"), before.at("pool").at("name"), errors);
  check_immutable(spec.at("driver"), before.at("driver"), errors);
  check_immutable(spec.at("nodeName"), before.at("nodeName"), errors);
}

} // namespace

void check_template_metadata(const field& metadata, field_errors& errors) {
  check_annotations(metadata.at("annotations"), errors);
  check_labels(metadata.at("labels"), errors);
  for (const std::string_view name :
       {"name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation",
        "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences",
        "finalizers", "managedFields"})
    if (!metadata.at(name).zero()) errors.forbidden(metadata.at(name), "cannot be set");
}

constinit const kind_rules device_claim_rules{.set_defaults = default_device_claim,
                                              .prepare_create = prepare_create_as_usual,
                                              .prepare_update = prepare_update_as_usual,
                                              .validate_create = check_after_metadata<check_device_claim>,
                                              .validate_update = check_device_claim_update};
constinit const kind_rules device_claim_template_rules{.set_defaults = default_claim_template,
                                                       .prepare_create = prepare_create_as_usual,
                                                       .prepare_update = prepare_update_as_usual,
                                                       .validate_create =
                                                           check_after_metadata<check_claim_template>,
                                                       .validate_update = check_claim_template_update};
constinit const kind_rules device_class_rules{.prepare_create = prepare_create_as_usual,
                                              .prepare_update = prepare_update_as_usual,
                                              .validate_create = check_after_metadata<check_device_class>,
                                              .validate_update = check_device_class_update};
constinit const kind_rules device_slice_rules{.prepare_create = prepare_slice_create,
                                              .prepare_update = prepare_slice_update,
                                              .validate_create = check_after_metadata<check_device_slice>,
                                              .validate_update = check_device_slice_update};

} // namespace actord::schema::rules
