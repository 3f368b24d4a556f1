#include "schema/base/json.hpp"
#include "schema/rules/checks/amounts.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/defaults.hpp"
#include "schema/rules/kinds/kinds.hpp"
#include "schema/rules/kinds/storage_parts.hpp"
#include "schema/rules/pod/pod_validation.hpp"
#include "schema/rules/strategy_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

namespace actord::schema::rules {

namespace {

void check_provisioner(const field& name, field_errors& errors) {
  if (!require(name, errors)) return;
  std::string lowered(name.text());
  std::ranges::transform(lowered, lowered.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const std::string& wrong : label_key(lowered)) errors.invalid(name, lowered, wrong);
}

void check_parameters(const field& parameters, bool may_be_empty, field_errors& errors) {
  constexpr std::size_t most = 512;
  constexpr std::size_t most_bytes = 256 * 1024;
  if (parameters.size() > most) return errors.too_long(parameters, most);
  std::size_t size_bytes = 0;
  if (parameters.value().is_object())
    for (const auto& [key, value] : parameters.value().items()) {
      if (key.empty()) errors.invalid(parameters, key, "field can not be empty.");
      size_bytes += key.size() + (value.is_string() ? value.get_ref<const std::string&>().size() : 0);
    }
  if (size_bytes > most_bytes) errors.too_long(parameters, most_bytes);
  if (!may_be_empty && parameters.size() == 0)
    errors.required(parameters, "must contain at least one key/value pair");
}

// StorageClass

void default_storage_class(json& object) {
  fill(object, "reclaimPolicy", "Delete");
  fill(object, "volumeBindingMode", "Immediate");
}

using topology = std::map<std::string, std::set<std::string>, std::less<>>;

topology check_topology_term(const field& term, field_errors& errors) {
  topology found;
  for (const field expression : term.at("matchLabelExpressions").items()) {
    const field values = expression.at("values");
    std::set<std::string> seen;
    require(values, errors);
    for (const field value : values.items())
      if (!seen.insert(std::string(value.text())).second) errors.duplicate(value, value.text());
    const field key = expression.at("key");
    check_format(key, label_key, errors);
    if (found.contains(key.text())) errors.duplicate(key, key.text());
    found[std::string(key.text())] = std::move(seen);
  }
  return found;
}

void check_storage_class(const json& object, field_errors& errors, const rule_context&) {
  const field storage(object);
  check_provisioner(storage.at("provisioner"), errors);
  check_parameters(storage.at("parameters"), true, errors);
  if (const field policy = storage.at("reclaimPolicy"); !policy.zero())
    one_of(policy, {"Delete", "Retain"}, errors);
  const field mode = storage.at("volumeBindingMode");
  if (!mode.present())
    errors.required(mode);
  else
    one_of(mode, {"Immediate", "WaitForFirstConsumer"}, errors);
  const field terms = storage.at("allowedTopologies");
  std::vector<topology> seen(terms.size());
  for (const field term : terms.items()) {
    topology found = check_topology_term(term, errors);
    for (const topology& other : seen)
      if (other == found) errors.duplicate(term.named("matchLabelExpressions"), "");
    seen.push_back(std::move(found));
  }
}

void check_storage_class_update(const json& object, const json& old, field_errors& errors,
                                const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  for (const std::string_view name : {"parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"})
    check_immutable(field(object).at(name), field(old).at(name), errors);
}

// VolumeAttributesClass

constexpr const char* attributes_finalizer = "kubernetes.io/vac-protection";

/// A class in use is not removed; admission adds what keeps it.
void prepare_attributes_class_create(json& object, const rule_context& context) {
  prepare_create_as_usual(object, context);
  add_finalizer(object, attributes_finalizer);
}

void check_attributes_class(const json& object, field_errors& errors, const rule_context&) {
  check_provisioner(field(object).at("driverName"), errors);
  check_parameters(field(object).at("parameters"), false, errors);
}

void check_attributes_class_update(const json& object, const json& old, field_errors& errors,
                                   const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  for (const char* name : {"driverName", "parameters"})
    if (!same(field(object).at(name).value(), field(old).at(name).value()))
      errors.forbidden(name, fmt::format("updates to {} are forbidden.", name));
  check_after_metadata<check_attributes_class>(object, errors, context);
}

// VolumeAttachment

void check_volume_error(const field& failure, field_errors& errors) {
  constexpr std::size_t most = 1024;
  constexpr int most_bytes = 256 * 1024;
  if (failure.at("message").text().size() > most) errors.too_long(failure.at("message"), most_bytes);
  if (const field code = failure.at("errorCode"); code.present()) in_range(code, 0, 2147483647, errors);
}

void check_attachment(const json& object, field_errors& errors, const rule_context&) {
  const field spec = field(object).at("spec");
  const field source = spec.at("source");
  const field name = source.at("persistentVolumeName");
  const field inline_spec = source.at("inlineVolumeSpec");
  constexpr std::string_view exactly_one =
      "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
  check_driver_name(spec.at("attacher"), errors);
  if (!name.present() && !inline_spec.present())
    errors.required(source, exactly_one);
  else if (name.present() && inline_spec.present())
    errors.forbidden(source, exactly_one);
  else if (name.present())
    require(name, errors, "must specify non empty persistentVolumeName");
  else
    check_volume_spec(inline_spec, {}, true, errors);
  check_format(spec.at("nodeName"), dns_subdomain, errors);
  const field status = field(object).at("status");
  check_volume_error(status.at("attachError"), errors);
  check_volume_error(status.at("detachError"), errors);
  if (name.present()) check_format(name, dns_subdomain, errors);
}

void check_attachment_update(const json& object, const json& old, field_errors& errors,
                             const rule_context& context) {
  check_after_metadata<check_attachment>(object, errors, context);
  check_immutable(field(object).at("spec"), field(old).at("spec"), errors);
}

void default_attachment(json& object) {
  if (json* inline_spec = member_at(object, "spec.source.inlineVolumeSpec"))
    default_volume_spec(*inline_spec);
}

// CSINode

void check_csi_node(const json& object, field_errors& errors, const rule_context&) {
  constexpr std::size_t most_bytes = 256;
  std::set<std::string_view> names;
  for (const field driver : field(object).at("spec").at("drivers").items()) {
    const field name = driver.at("name");
    const field node = driver.at("nodeID");
    check_driver_name(name, errors);
    require(node, errors);
    if (node.text().size() > most_bytes)
      errors.invalid(node, node.text(), fmt::format("must be {} characters or less", most_bytes));
    if (const field count = driver.at("allocatable").at("count"); count.present()) at_least(count, 0, errors);
    if (!names.insert(name.text()).second) errors.duplicate(name, name.text());
    std::set<std::string_view> keys;
    for (const field key : driver.at("topologyKeys").items()) {
      if (key.zero()) errors.required(driver);
      if (!keys.insert(key.text()).second) errors.duplicate(driver, key.text());
      for (const std::string& wrong : label_key(key.text())) errors.invalid(driver, key.text(), wrong);
    }
  }
}

void check_csi_node_update(const json& object, const json& old, field_errors& errors,
                           const rule_context& context) {
  check_after_metadata<check_csi_node>(object, errors, context);
  const field now = field(object).at("spec").at("drivers");
  for (const field before : field(old).at("spec").at("drivers").items())
    for (const field driver : now.items()) {
      if (driver.at("name").text() != before.at("name").text()) continue;
      json left = driver.value();
      json right = before.value();
      left.erase("allocatable");
      right.erase("allocatable");
      if (!same(left, right)) errors.invalid(now, left, "field is immutable");
    }
}

// CSIDriver

void default_csi_driver(json& object) {
  json& spec = open_member(object, "spec");
  fill(spec, "attachRequired", true);
  fill(spec, "podInfoOnMount", false);
  fill(spec, "storageCapacity", false);
  fill(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType");
  fill_zero(spec, "volumeLifecycleModes", {"Persistent"});
  fill(spec, "requiresRepublish", false);
  fill(spec, "seLinuxMount", false);
}

/// Behind a feature that is off: taken and dropped.
constexpr const char* scheduling_member = "preventPodSchedulingIfMissing";

void prepare_csi_driver_create(json& object, const rule_context& context) {
  prepare_create_as_usual(object, context);
  if (json* spec = member(object, "spec")) spec->erase(scheduling_member);
}

void prepare_csi_driver_update(json& object, const json& old, const rule_context& context) {
  prepare_update_as_usual(object, old, context);
  json* spec = member(object, "spec");
  if (spec != nullptr && !field(old).at("spec").contains(scheduling_member)) spec->erase(scheduling_member);
}

void warn_of_csi_driver(const json& object, const json*, std::vector<std::string>& warnings) {
  const field spec = field(object).at("spec");
  if (!spec.at("tokenRequests").zero() && !spec.contains("serviceAccountTokenInSecrets"))
    warnings.emplace_back(
        "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent "
        "possible logging of tokens in volume attributes");
}

void check_csi_driver(const json& object, field_errors& errors, const rule_context&) {
  constexpr std::int64_t shortest_s = 600;
  constexpr std::int64_t shortest_update_s = 10;
  const field spec = field(object).at("spec");
  if (const field policy = spec.at("fsGroupPolicy"); policy.present())
    one_of(policy, {"File", "None", "ReadWriteOnceWithFSType"}, errors);
  std::set<std::string_view> audiences;
  const field tokens = spec.at("tokenRequests");
  for (const field token : tokens.items()) {
    const field audience = token.at("audience");
    if (!audiences.insert(audience.text()).second) {
      errors.duplicate(audience, audience.text());
      continue;
    }
    const field expiry = token.at("expirationSeconds");
    if (!expiry.present()) continue;
    if (expiry.integer() < shortest_s)
      errors.invalid(expiry, expiry.integer(), "may not specify a duration less than 10 minutes");
    if (expiry.integer() > (std::int64_t{1} << 32))
      errors.invalid(expiry, expiry.integer(), "may not specify a duration larger than 2^32 seconds");
  }
  const field modes = spec.at("volumeLifecycleModes");
  for (const field mode : modes.items())
    if (mode.text() != "Persistent" && mode.text() != "Ephemeral")
      errors.not_supported(modes, mode.text(), {"Persistent", "Ephemeral"});
  const field period = spec.at("nodeAllocatableUpdatePeriodSeconds");
  if (period.present() && period.integer() < shortest_update_s)
    errors.invalid(period, period.value(), "must be greater than or equal to 10 seconds");
  const field in_secrets = spec.at("serviceAccountTokenInSecrets");
  if (in_secrets.present() && tokens.zero())
    errors.invalid(in_secrets, in_secrets.value(),
                   "serviceAccountTokenInSecrets is set but no tokenRequests are specified");
}

void check_csi_driver_update(const json& object, const json& old, field_errors& errors,
                             const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  check_csi_driver(object, errors, context);
  const field spec = field(object).at("spec");
  const field before = field(old).at("spec");
  check_immutable(spec.named("attachedRequired").with(spec.at("attachRequired").value()),
                  before.at("attachRequired"), errors);
  check_immutable(spec.at("volumeLifecycleModes"), before.at("volumeLifecycleModes"), errors);
}

// CSIStorageCapacity

void check_capacity(const json& object, field_errors& errors, const rule_context&) {
  const field capacity(object);
  check_selector(capacity.at("nodeTopology"), errors);
  check_format(capacity.at("storageClassName"), dns_subdomain, errors);
  const field amount = capacity.at("capacity");
  if (amount.present() && negative_amount(amount.value()))
    errors.invalid(amount, amount.value(), "must be greater than or equal to 0");
}

void check_capacity_update(const json& object, const json& old, field_errors& errors,
                           const rule_context& context) {
  check_after_metadata<check_capacity>(object, errors, context);
  validate_metadata_update(object, old, errors, context);
  check_immutable(field(object).at("nodeTopology"), field(old).at("nodeTopology"), errors);
  check_immutable(field(object).at("storageClassName"), field(old).at("storageClassName"), errors);
}

} // namespace

constinit const kind_rules storage_class_rules{.set_defaults = default_storage_class,
                                               .prepare_create = prepare_create_as_usual,
                                               .prepare_update = prepare_update_as_usual,
                                               .validate_create = check_after_metadata<check_storage_class>,
                                               .validate_update = check_storage_class_update};
constinit const kind_rules volume_attributes_class_rules{.prepare_create = prepare_attributes_class_create,
                                                         .prepare_update = prepare_update_as_usual,
                                                         .validate_create =
                                                             check_after_metadata<check_attributes_class>,
                                                         .validate_update = check_attributes_class_update};
constinit const kind_rules volume_attachment_rules{.set_defaults = default_attachment,
                                                   .prepare_create = prepare_create_as_usual,
                                                   .prepare_update = prepare_update_as_usual,
                                                   .validate_create = check_after_metadata<check_attachment>,
                                                   .validate_update = check_attachment_update};
constinit const kind_rules csi_node_rules{.prepare_create = prepare_create_as_usual,
                                          .prepare_update = prepare_update_as_usual,
                                          .validate_create = check_after_metadata<check_csi_node>,
                                          .validate_update = check_csi_node_update};
constinit const kind_rules csi_driver_rules{.set_defaults = default_csi_driver,
                                            .prepare_create = prepare_csi_driver_create,
                                            .prepare_update = prepare_csi_driver_update,
                                            .validate_create = check_after_metadata<check_csi_driver>,
                                            .validate_update = check_csi_driver_update,
                                            .warn = warn_of_csi_driver};
constinit const kind_rules csi_storage_capacity_rules{.prepare_create = prepare_create_as_usual,
                                                      .prepare_update = prepare_update_as_usual,
                                                      .validate_create = check_after_metadata<check_capacity>,
                                                      .validate_update = check_capacity_update};

} // namespace actord::schema::rules
