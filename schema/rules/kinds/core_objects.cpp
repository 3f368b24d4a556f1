#include "schema/base/json.hpp"
#include "schema/codec/base64.hpp"
#include "schema/rules/checks/addresses.hpp"
#include "schema/rules/checks/amounts.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/defaults.hpp"
#include "schema/rules/checks/go_value.hpp"
#include "schema/rules/kinds/kinds.hpp"
#include "schema/rules/pod/pod_validation.hpp"
#include "schema/rules/strategy_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace actord::schema::rules {

namespace {

// Namespace

void default_namespace(json& object) {
  const std::string name(field(object).at("metadata").at("name").text());
  if (!name.empty()) open_member(object["metadata"], "labels")["kubernetes.io/metadata.name"] = name;
  fill_zero(open_member(object, "status"), "phase", "Active");
}

void prepare_namespace_create(json& object, const rule_context& context) {
  prepare_create_as_usual(object, context);
  // A generated name was not known when the defaults were set.
  default_namespace(object);
  object["status"] = {{"phase", "Active"}};
  json& finalizers = open_member(object, "spec")["finalizers"];
  if (!finalizers.is_array()) finalizers = json::array();
  if (std::ranges::find(finalizers, json("kubernetes")) == finalizers.end())
    finalizers.push_back("kubernetes");
}

void prepare_namespace_update(json& object, const json& old, const rule_context& context) {
  if (context.subresource == "finalize") {
    json kept = old;
    open_member(kept, "spec")["finalizers"] = field(object).at("spec").at("finalizers").value();
    object = std::move(kept);
    return;
  }
  prepare_update_as_usual(object, old, context);
  if (context.subresource.empty())
    open_member(object, "spec")["finalizers"] = field(old).at("spec").at("finalizers").value();
}

void check_finalizer_names(const field& finalizers, bool name_items, field_errors& errors) {
  for (const field finalizer : finalizers.items()) {
    const field place = name_items ? finalizer : finalizers;
    for (const std::string& wrong : label_key(finalizer.text()))
      errors.invalid(place, finalizer.text(), wrong);
    check_standard_finalizer(place, finalizer.text(), errors);
  }
}

void check_namespace(const json& object, field_errors& errors, const rule_context&) {
  check_finalizer_names(field(object).at("spec").at("finalizers"), false, errors);
}

void check_namespace_update(const json& object, const json& old, field_errors& errors,
                            const rule_context& context) {
  if (context.subresource.empty()) check_after_metadata<check_namespace>(object, errors, context);
  validate_metadata_update(object, old, errors, context);
  if (context.subresource == "finalize")
    check_finalizer_names(field(object).at("spec").at("finalizers"), true, errors);
  if (context.subresource != "status") return;
  const bool deleted = field(object).at("metadata").contains("deletionTimestamp");
  const field phase = field(object).at("status").at("phase");
  if (phase.text() == (deleted ? "Terminating" : "Active")) return;
  errors.invalid("status.Phase", phase.text(),
                 deleted ? "may only be 'Terminating' if `deletionTimestamp` is not empty"
                         : "may only be 'Active' if `deletionTimestamp` is empty");
}

// Node

/// podCIDR is the first of podCIDRs; where they disagree the older member counts.
void settle_pod_cidrs(json& spec) {
  const std::string first(field(spec).at("podCIDR").text());
  if (first.empty()) return;
  const field blocks = field(spec).at("podCIDRs");
  if (blocks.size() == 0 || blocks.item(0).text() != first) spec["podCIDRs"] = json::array({first});
}

void default_node(json& object) {
  if (json* spec = member(object, "spec")) settle_pod_cidrs(*spec);
  json* status = member(object, "status");
  if (status == nullptr) return;
  if (const json* capacity = member(*status, "capacity")) {
    const json copy = *capacity;
    fill(*status, "allocatable", copy);
  }
}

void prepare_node_create(json& object, const rule_context& context) {
  prepare_create_as_usual(object, context);
  if (json* spec = member(object, "spec")) spec->erase("configSource");
  if (json* status = member(object, "status")) status->erase("config");
}

void check_taints(const field& taints, field_errors& errors) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const field taint : taints.items()) {
    const field key = taint.at("key");
    const field effect = taint.at("effect");
    check_format(key, label_key, errors);
    const complaints wrong = label_value(taint.at("value").text());
    if (!wrong.empty())
      errors.invalid(taint.at("value"), taint.at("value").text(), fmt::format("{}", fmt::join(wrong, ";")));
    if (require(effect, errors)) check_taint_effect(effect, errors);
    if (!seen.emplace(effect.text(), key.text()).second)
      errors.duplicate(taint, as_structure("io.k8s.api.core.v1.Taint", taint.value()),
                       "taints must be unique by key and effect pair");
  }
}

void check_node_amounts(const field& status, field_errors& errors) {
  for (const std::string_view list : {"capacity", "allocatable"}) {
    const field amounts = status.at(list);
    if (!amounts.value().is_object()) continue;
    for (const auto& [name, value] : amounts.value().items()) check_amount(name, amounts.at(name), errors);
  }
}

void check_declared_features(const field& features, field_errors& errors) {
  for (std::size_t index = 0; index + 1 < features.size(); ++index) {
    const field next = features.item(index + 1);
    if (features.item(index).text() == next.text())
      errors.duplicate(next, next.text());
    else if (features.item(index).text() > next.text())
      errors.invalid(next, next.text(), "list must be sorted alphabetically");
  }
}

void check_node(const json& object, field_errors& errors, const rule_context&) {
  const field node(object);
  const field spec = node.at("spec");
  const field status = node.at("status");
  check_taints(node.at("metadata").named("taints").with(spec.at("taints").value()), errors);
  check_node_amounts(status, errors);
  if (const field swap = status.at("nodeInfo").at("swap").at("capacity");
      swap.present() && swap.integer() <= 0)
    errors.invalid("metadata.nodeSwapStatus.capacity", swap.integer(), "must be greater than zero");
  check_declared_features(status.at("declaredFeatures"), errors);
  const field blocks = spec.at("podCIDRs");
  for (const field block : blocks.items()) check_cidr(block, errors);
  if (blocks.size() < 2) return;
  const auto first = parse_block(blocks.item(0).text());
  const auto second = parse_block(blocks.item(1).text());
  if (blocks.size() > 2 || !first || !second || first->address.is_v4 == second->address.is_v4)
    errors.invalid(blocks, blocks.value(), "may specify no more than one CIDR for each IP family");
}

void check_node_update(const json& object, const json& old, field_errors& errors,
                       const rule_context& context) {
  const field node(object);
  const field spec = node.at("spec");
  const field before = field(old).at("spec");
  if (context.subresource.empty()) check_after_metadata<check_node>(object, errors, context);
  validate_metadata_update(object, old, errors, context);
  const field status = node.at("status");
  check_node_amounts(status, errors);
  check_declared_features(status.at("declaredFeatures"), errors);
  const field addresses = status.at("addresses");
  for (std::size_t index = 0; index < addresses.size(); ++index)
    for (std::size_t other = 0; other < index; ++other)
      if (addresses.item(other).value() == addresses.item(index).value()) {
        errors.duplicate(addresses.item(index), addresses.item(index).value());
        break;
      }
  if (const field blocks = before.at("podCIDRs");
      !blocks.zero() && !same(blocks.value(), spec.at("podCIDRs").value()))
    errors.forbidden("spec.podCIDRs", "node updates may not change podCIDR except from \"\" to valid");
  if (const field provider = before.at("providerID");
      !provider.zero() && provider.text() != spec.at("providerID").text())
    errors.forbidden("spec.providerID", "node updates may not change providerID except from \"\" to valid");
  check_taints(node.at("metadata").named("taints").with(spec.at("taints").value()), errors);
  if (spec.at("externalID").text() != before.at("externalID").text())
    errors.forbidden("spec.externalID", "may not be updated");
}

// ConfigMap

constexpr std::size_t largest_data_bytes = 1024 * 1024;

std::size_t decoded_bytes(std::string_view base64) {
  const std::size_t padding = base64.ends_with("==") ? 2 : base64.ends_with("=") ? 1 : 0;
  return base64.size() / 4 * 3 - padding;
}

void check_config_map(const json& object, field_errors& errors, const rule_context&) {
  const field data = field(object).at("data");
  const field binary = field(object).at("binaryData");
  std::size_t size_bytes = 0;
  if (data.value().is_object())
    for (const auto& [key, value] : data.value().items()) {
      const field item = data.entry(key);
      for (const std::string& wrong : config_key(key)) errors.invalid(item, key, wrong);
      if (binary.contains(key)) errors.invalid(item, key, "duplicate of key present in binaryData");
      size_bytes += item.text().size();
    }
  if (binary.value().is_object())
    for (const auto& [key, value] : binary.value().items()) {
      for (const std::string& wrong : config_key(key)) errors.invalid(binary.entry(key), key, wrong);
      size_bytes += decoded_bytes(binary.entry(key).text());
    }
  if (size_bytes > largest_data_bytes) errors.too_long("", largest_data_bytes);
}

/// Data of an object marked immutable stays, and so does the mark.
void check_frozen(const json& object, const json& old, std::initializer_list<std::string_view> names,
                  field_errors& errors) {
  constexpr std::string_view refused = "field is immutable when `immutable` is set";
  if (!field(old).at("immutable").truth()) return;
  if (!field(object).at("immutable").truth()) errors.forbidden("immutable", refused);
  for (const std::string_view name : names)
    if (!same(field(object).at(name).value(), field(old).at(name).value()))
      errors.forbidden(std::string(name), refused);
}

void check_config_map_update(const json& object, const json& old, field_errors& errors,
                             const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  check_frozen(object, old, {"data", "binaryData"}, errors);
  check_after_metadata<check_config_map>(object, errors, context);
}

// Secret

/// stringData is for writing only: its texts become data, encoded.
void fold_string_data(json& object) {
  json* texts = member(object, "stringData");
  if (texts == nullptr) return;
  json& data = open_member(object, "data");
  for (const auto& [key, value] : texts->items())
    if (value.is_string()) data[key] = encode_base64(value.get_ref<const std::string&>());
  object.erase("stringData");
}

void default_secret(json& object) {
  fill_zero(object, "type", "Opaque");
  fold_string_data(object);
}

void prepare_secret_update(json& object, const json& old, const rule_context& context) {
  // Most secrets have the type they were made with; one that names none keeps it.
  if (field(object).at("type").zero()) object["type"] = field(old).at("type").value();
  prepare_update_as_usual(object, old, context);
}

void check_docker_config(const field& item, field_errors& errors) {
  if (!item.present()) {
    errors.required(item);
    return;
  }
  std::size_t wrong_at = 0;
  const std::string text = decode_base64(item.text(), wrong_at).value_or("");
  const json parsed = json::parse(text, nullptr, false);
  if (parsed.is_object()) return;
  const std::string detail =
      text.empty() ? "unexpected end of JSON input"
      : parsed.is_discarded()
          ? fmt::format("invalid character '{}' looking for beginning of value", text.front())
          : fmt::format("json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                        parsed.type_name());
  errors.invalid(item, "<secret contents redacted>", detail);
}

void check_secret(const json& object, field_errors& errors, const rule_context&) {
  const field data = field(object).at("data");
  std::size_t size_bytes = 0;
  if (data.value().is_object())
    for (const auto& [key, value] : data.value().items()) {
      for (const std::string& wrong : config_key(key)) errors.invalid(data.entry(key), key, wrong);
      size_bytes += decoded_bytes(data.entry(key).text());
    }
  if (size_bytes > largest_data_bytes) errors.too_long(data, largest_data_bytes);
  const std::string_view type = field(object).at("type").text();
  const auto needs = [&](std::string_view key) {
    if (!data.entry(key).present()) errors.required(data.entry(key));
  };
  if (type == "kubernetes.io/service-account-token") {
    const field account =
        field(object).at("metadata").at("annotations").entry("kubernetes.io/service-account.name");
    if (account.zero()) errors.required(account);
  } else if (type == "kubernetes.io/dockercfg")
    check_docker_config(data.entry(".dockercfg"), errors);
  else if (type == "kubernetes.io/dockerconfigjson")
    check_docker_config(data.entry(".dockerconfigjson"), errors);
  else if (type == "kubernetes.io/basic-auth") {
    if (!data.contains("username") && !data.contains("password")) {
      needs("username");
      needs("password");
    }
  } else if (type == "kubernetes.io/ssh-auth") {
    if (data.entry("ssh-privatekey").zero()) errors.required(data.entry("ssh-privatekey"));
  } else if (type == "kubernetes.io/tls") {
    needs("tls.crt");
    needs("tls.key");
  }
}

void check_secret_update(const json& object, const json& old, field_errors& errors,
                         const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  check_immutable(field(object).at("type"), field(old).at("type"), errors);
  check_frozen(object, old, {"data"}, errors);
  check_after_metadata<check_secret>(object, errors, context);
}

// ServiceAccount

/// Of its secrets an account keeps the names alone.
void default_account(json& object) {
  json* secrets = member(object, "secrets");
  if (secrets == nullptr || !secrets->is_array()) return;
  for (json& secret : *secrets) {
    const std::string name(field(secret).at("name").text());
    secret = json::object();
    if (!name.empty()) secret["name"] = name;
  }
}

void check_nothing(const json&, field_errors&, const rule_context&) {}

void check_account_update(const json& object, const json& old, field_errors& errors,
                          const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  validate_metadata_create(object, errors, context);
}

} // namespace

constinit const kind_rules namespace_rules{.set_defaults = default_namespace,
                                           .prepare_create = prepare_namespace_create,
                                           .prepare_update = prepare_namespace_update,
                                           .validate_create = check_after_metadata<check_namespace>,
                                           .validate_update = check_namespace_update};
constinit const kind_rules node_rules{.set_defaults = default_node,
                                      .prepare_create = prepare_node_create,
                                      .prepare_update = prepare_update_as_usual,
                                      .validate_create = check_after_metadata<check_node>,
                                      .validate_update = check_node_update};
constinit const kind_rules config_map_rules{.prepare_create = prepare_create_as_usual,
                                            .prepare_update = prepare_update_as_usual,
                                            .validate_create = check_after_metadata<check_config_map>,
                                            .validate_update = check_config_map_update};
constinit const kind_rules secret_rules{.set_defaults = default_secret,
                                        .prepare_create = prepare_create_as_usual,
                                        .prepare_update = prepare_secret_update,
                                        .validate_create = check_after_metadata<check_secret>,
                                        .validate_update = check_secret_update};
constinit const kind_rules service_account_rules{.set_defaults = default_account,
                                                 .prepare_create = prepare_create_as_usual,
                                                 .prepare_update = prepare_update_as_usual,
                                                 .validate_create = check_after_metadata<check_nothing>,
                                                 .validate_update = check_account_update};

} // namespace actord::schema::rules
