#include "schema/rules/strategy_table.hpp"

#include "schema/base/json.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace actord::schema {

namespace rules {

namespace {

constexpr std::array<std::string_view, 1> spec{"spec"};
constexpr std::array<std::string_view, 1> webhooks{"webhooks"};
constexpr std::array<std::string_view, 1> pod_template{"template"};

constexpr strategy default_strategy{};

// One row per kind that has something of its own.
constexpr std::array strategies{
    strategy{.group = "", .plural = "namespaces", .name_format = dns_label},
    strategy{.group = "", .plural = "nodes", .keeps_status = true},
    strategy{.group = "", .plural = "pods", .counted = spec},
    strategy{.group = "", .plural = "podtemplates", .counted = pod_template},
    strategy{.group = "", .plural = "replicationcontrollers", .counted = spec},
    strategy{.group = "", .plural = "services", .name_format = dns_1035_label},
    strategy{.group = "apps", .plural = "daemonsets", .counted = spec},
    strategy{.group = "apps", .plural = "deployments", .counted = spec},
    strategy{.group = "apps", .plural = "replicasets", .counted = spec},
    strategy{.group = "apps", .plural = "statefulsets", .counted = spec},
    strategy{.group = "batch", .plural = "cronjobs", .counted = spec},
    strategy{.group = "batch", .plural = "jobs", .counted = spec},
    strategy{.group = "admissionregistration.k8s.io",
             .plural = "mutatingwebhookconfigurations",
             .counted = webhooks},
};

const std::map<std::pair<std::string_view, std::string_view>, const strategy*>& by_name() {
  static const auto index = [] {
    std::map<std::pair<std::string_view, std::string_view>, const strategy*> rows;
    for (const strategy& row : strategies) rows.emplace(std::pair{row.group, row.plural}, &row);
    return rows;
  }();
  return index;
}

/// Takes over `old`'s member, or its absence.
void restore(json& object, const json& old, std::string_view name) {
  const auto found = old.find(name);
  if (found == old.end())
    object.erase(std::string(name));
  else
    object[name] = *found;
}

bool differs(const json& object, const json& old, std::string_view name) {
  return !same(field(object).at(name).value(), field(old).at(name).value());
}

} // namespace

const strategy& strategy_of(const resource_type& type) {
  const auto found = by_name().find({type.group, type.plural});
  return found == by_name().end() ? default_strategy : *found->second;
}

void prepare_create_as_usual(json& object, const rule_context& context) {
  const strategy& row = strategy_of(context.type);
  if (!row.keeps_status && context.type.subresource("status") != nullptr) object.erase("status");
  if (!row.counted.empty()) object["metadata"]["generation"] = 1;
}

void prepare_update_as_usual(json& object, const json& old, const rule_context& context) {
  const strategy& row = strategy_of(context.type);
  restore(object["metadata"], old.at("metadata"), "generation");
  if (context.subresource == "status") {
    json kept = old;
    kept["metadata"] = std::move(object["metadata"]);
    restore(kept, object, "status");
    object = std::move(kept);
    return;
  }
  if (context.type.subresource("status") != nullptr) restore(object, old, "status");
  if (!std::ranges::any_of(row.counted, [&](std::string_view name) { return differs(object, old, name); }))
    return;
  object["metadata"]["generation"] = field(old).at("metadata").at("generation").integer() + 1;
}

} // namespace rules

namespace {

constexpr kind_rules metadata_only{.prepare_create = rules::prepare_create_as_usual,
                                   .prepare_update = rules::prepare_update_as_usual,
                                   .validate_create = validate_metadata_create,
                                   .validate_update = validate_metadata_update};

} // namespace

const kind_rules& rules_of(const resource_type& type) {
  const rules::strategy& row = rules::strategy_of(type);
  return row.rules == nullptr ? metadata_only : *row.rules;
}

std::optional<error> check_create(const json& object, const rule_context& context) {
  const rules::field metadata = rules::field(object).at("metadata");
  field_errors errors;
  rules_of(context.type).validate_create(object, errors, context);
  if (errors.empty()) rules::check_metadata(metadata, context.type.namespaced, rules::path_segment, errors);
  if (errors.empty()) return std::nullopt;
  return invalid_object(context.type, metadata.at("name").text(), errors);
}

std::optional<error> check_update(const json& object, const json& old, const rule_context& context) {
  const rules::field metadata = rules::field(object).at("metadata");
  field_errors errors;
  rules::check_metadata(metadata, context.type.namespaced, rules::path_segment, errors);
  rules::check_metadata_change(metadata, rules::field(old).at("metadata"), errors);
  rules_of(context.type).validate_update(object, old, errors, context);
  if (errors.empty()) return std::nullopt;
  return invalid_object(context.type, metadata.at("name").text(), errors);
}

} // namespace actord::schema
