#include "schema/base/json.hpp"
#include "schema/codec/base64.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/defaults.hpp"
#include "schema/rules/kinds/kinds.hpp"
#include "schema/rules/strategy_table.hpp"
#include "schema/tables/resource_table.hpp"

#include <fmt/format.h>

namespace actord::schema::rules {

namespace {

// Access reviews: asked, answered and never stored.

void check_requirement(const field& requirement, bool labels, field_errors& errors) {
  const field values = requirement.at("values");
  const std::string_view operation = requirement.at("operator").text();
  if (!labels && requirement.at("key").zero()) errors.required(requirement.at("key"), "must be specified");
  if (operation == "In" || operation == "NotIn") {
    if (values.zero()) errors.required(values, "must be specified when `operator` is 'In' or 'NotIn'");
  } else if ((operation == "Exists" || operation == "DoesNotExist") && !values.zero())
    errors.forbidden(values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  if (!labels) return;
  check_format(requirement.at("key"), label_key, errors);
  for (const field value : values.items()) check_format(value, label_value, errors);
}

void check_review_selector(const field& selector, bool labels, field_errors& errors) {
  if (!selector.present()) return;
  const field raw = selector.at("rawSelector");
  const field requirements = selector.at("requirements");
  if (!raw.zero() && !requirements.zero())
    errors.invalid(raw, raw.text(), "may not specified at the same time as requirements");
  if (raw.zero() && requirements.zero())
    errors.required(requirements, fmt::format("when {} is specified, requirements or rawSelector is required",
                                              selector.path()));
  for (const field requirement : requirements.items()) check_requirement(requirement, labels, errors);
}

void check_review(const json& object, field_errors& errors, const rule_context& context) {
  const field review(object);
  const field spec = review.at("spec");
  const field resource = spec.at("resourceAttributes");
  const field other = spec.at("nonResourceAttributes");
  const bool local = context.type.plural == "localsubjectaccessreviews";
  if (resource.present() && other.present())
    errors.invalid(other, other.value(), "cannot be specified in combination with resourceAttributes");
  if (!resource.present() && !other.present())
    errors.invalid(resource, nullptr,
                   "exactly one of nonResourceAttributes or resourceAttributes must be specified");
  if (context.type.plural != "selfsubjectaccessreviews" && spec.at("user").zero() && spec.at("groups").zero())
    errors.invalid(spec.at("user"), "", "at least one of user or group must be specified");
  check_review_selector(resource.at("fieldSelector"), false, errors);
  check_review_selector(resource.at("labelSelector"), true, errors);
  json metadata = review.at("metadata").value();
  if (metadata.is_object()) {
    // What the server itself put there does not count.
    for (const char* own : {"managedFields", "uid", "creationTimestamp"}) metadata.erase(own);
    if (local) metadata.erase("namespace");
    if (!metadata.empty())
      errors.invalid("metadata", metadata, local ? "must be empty except for namespace" : "must be empty");
  }
  if (!local) return;
  const field space = resource.at("namespace");
  if (resource.present() && space.text() != review.at("metadata").at("namespace").text())
    errors.invalid(space, space.text(), "must match metadata.namespace");
  if (other.present()) errors.invalid(other, other.value(), "disallowed on this kind of request");
}

void check_review_update(const json& object, const json&, field_errors& errors, const rule_context& context) {
  check_review(object, errors, context);
}

// APIService

void default_api_service(json& object) { fill_constants(object, {{"spec.service.port", "443"}}); }

void prepare_api_service_create(json& object, const rule_context& context) {
  prepare_create_as_usual(object, context);
  // Served here, and so there at once.
  if (field(object).at("spec").contains("service")) return;
  object["status"] = {{"conditions",
                       {{{"type", "Available"},
                         {"status", "True"},
                         {"reason", "Local"},
                         {"message", "Local APIServices are always available"},
                         {"lastTransitionTime", nullptr}}}}};
}

void check_api_service(const json& object, field_errors& errors, const rule_context&) {
  constexpr std::int64_t highest_group = 20000;
  constexpr std::int64_t highest_version = 1000;
  const field metadata = field(object).at("metadata");
  const field spec = field(object).at("spec");
  const field group = spec.at("group");
  const field version = spec.at("version");
  const std::string wanted = fmt::format("{}.{}", version.text(), group.text());
  for (const std::string_view name : {"generateName", "name"}) {
    const field given = metadata.at(name);
    if (given.zero()) {
      if (name == "name") errors.required(given, "name or generateName is required");
      continue;
    }
    const complaints wrong = path_segment(given.text());
    for (const std::string& one : wrong) errors.invalid(given, given.text(), one);
    if (wrong.empty() && given.text() != wanted)
      errors.invalid(given, given.text(),
                     fmt::format("must be `spec.version+\".\"+spec.group`: {}", go_quoted(wanted)));
  }
  check_metadata_but_name(metadata, false, errors);
  if (group.zero() && version.text() != "v1")
    errors.required(group, "only v1 may have an empty group and it better be legacy kube");
  if (!group.zero()) check_format(group, dns_subdomain, errors);
  check_format(version, dns_1035_label, errors);
  const field group_priority = spec.at("groupPriorityMinimum");
  if (group_priority.integer() <= 0 || group_priority.integer() > highest_group)
    errors.invalid(group_priority, group_priority.integer(), "must be positive and less than 20000");
  const field priority = spec.at("versionPriority");
  if (priority.integer() <= 0 || priority.integer() > highest_version)
    errors.invalid(priority, priority.integer(), "must be positive and less than 1000");
  const field service = spec.at("service");
  const field bundle = spec.at("caBundle");
  const field insecure = spec.at("insecureSkipTLSVerify");
  if (!service.present()) {
    std::size_t wrong_at = 0;
    if (!bundle.zero())
      errors.invalid(bundle,
                     fmt::format("{} bytes", decode_base64(bundle.text(), wrong_at).value_or("").size()),
                     "local APIServices may not have a caBundle");
    if (insecure.truth())
      errors.invalid(insecure, true, "local APIServices may not have insecureSkipTLSVerify");
    return;
  }
  require(service.at("namespace"), errors);
  require(service.at("name"), errors);
  const field port = service.at("port");
  if (port.integer() < 1 || port.integer() > 65535)
    errors.invalid(port, port.integer(), "port is not valid: must be between 1 and 65535, inclusive");
  if (insecure.truth() && !bundle.zero())
    errors.invalid(insecure, true, "may not be true if caBundle is present");
}

void check_api_service_update(const json& object, const json& old, field_errors& errors,
                              const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  if (context.subresource != "status") return check_api_service(object, errors, context);
  for (const field condition : field(object).at("status").at("conditions").items())
    one_of(condition.at("status"), {"True", "False", "Unknown"}, errors);
}

} // namespace

constinit const kind_rules access_review_rules{.validate_create = check_review,
                                               .validate_update = check_review_update};
constinit const kind_rules api_service_rules{.set_defaults = default_api_service,
                                             .prepare_create = prepare_api_service_create,
                                             .prepare_update = prepare_update_as_usual,
                                             .validate_create = check_api_service,
                                             .validate_update = check_api_service_update};

} // namespace actord::schema::rules
