#include "schema/base/json.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/custom/custom_kind.hpp"
#include "schema/custom/shape_object.hpp"
#include "schema/custom/validate_value.hpp"
#include "schema/custom/validation_rules.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/kinds/kinds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <set>

/// The rules of objects that a CustomResourceDefinition describes: metadata as of any object, all else as the
/// schema of their version says.

namespace actord::schema::rules {

namespace {

/// A value as Go's %v prints it in "accessor error" complaints, and the name of its Go type.
std::pair<std::string, std::string_view> go_value(const json& value) {
  switch (value.type()) {
  case json::value_t::string:
    return {value.get<std::string>(), "string"};
  case json::value_t::boolean:
    return {value.get<bool>() ? "true" : "false", "bool"};
  case json::value_t::array: {
    std::string list;
    for (const json& item : value) list += (list.empty() ? "" : " ") + go_value(item).first;
    return {"[" + list + "]", "[]interface {}"};
  }
  case json::value_t::object: {
    std::string list;
    for (const auto& [name, item] : value.items())
      list += fmt::format("{}{}:{}", list.empty() ? "" : " ", name, go_value(item).first);
    return {"map[" + list + "]", "map[string]interface {}"};
  }
  case json::value_t::number_float:
    return {json_text(value), "float64"};
  case json::value_t::null:
    return {"<nil>", "<nil>"};
  default:
    return {json_text(value), "int64"};
  }
}

/// The member at the steps, or null; `complaint` says why nobody could go there.
const json* member_at_steps(const json& object, const std::vector<std::string>& steps,
                            std::string& complaint) {
  const json* at = &object;
  std::string path;
  for (const std::string& step : steps) {
    if (at->is_null()) return nullptr;
    if (!at->is_object()) {
      const auto [shown, type] = go_value(*at);
      complaint = fmt::format("{}.{} accessor error: {} is of the type {}, expected map[string]interface{{}}",
                              path, step, shown, type);
      return nullptr;
    }
    path += "." + step;
    const auto found = at->find(step);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

/// What the scale subresource shows must be something it can show.
void check_replicas(const json& object, const std::vector<std::string>& steps, const std::string& path,
                    field_errors& errors) {
  std::string complaint;
  const json* value = member_at_steps(object, steps, complaint);
  if (complaint.empty() && value != nullptr && !value->is_number_integer()) {
    const auto [shown, type] = go_value(*value);
    complaint = fmt::format("{} accessor error: {} is of the type {}, expected int64", path, shown, type);
  }
  if (!complaint.empty()) return errors.invalid(path, 0, complaint);
  if (value == nullptr) return;
  const auto replicas = value->get<std::int64_t>();
  if (replicas < 0)
    errors.invalid(path, replicas, "should be a non-negative integer");
  else if (replicas > std::numeric_limits<std::int32_t>::max())
    errors.invalid(path, replicas, "should be less than or equal to 2147483647");
}

void check_scale_status(const json& object, const custom_kind& kind, field_errors& errors) {
  if (!kind.scale) return;
  check_replicas(object, kind.scale->seen, kind.scale->seen_text, errors);
  if (kind.scale->selector_text.empty()) return;
  std::string complaint;
  const json* selector = member_at_steps(object, kind.scale->selector, complaint);
  if (complaint.empty() && selector != nullptr && !selector->is_string()) {
    const auto [shown, type] = go_value(*selector);
    complaint = fmt::format("{} accessor error: {} is of the type {}, expected string",
                            kind.scale->selector_text, shown, type);
  }
  if (!complaint.empty()) errors.invalid(kind.scale->selector_text, "", complaint);
}

void check_content(const json& object, const json* old, const custom_kind& kind, field_errors& errors) {
  custom::validate_value(kind.schema, object, old, {}, errors);
  if (kind.scale) check_replicas(object, kind.scale->replicas, kind.scale->replicas_text, errors);
  check_scale_status(object, kind, errors);
  custom::validate_embedded(kind.schema, object, errors);
}

/// Lists that were in order must stay so.
void check_lists(const json& object, const json* old, const custom_kind& kind, field_errors& errors) {
  field_errors before;
  if (old != nullptr) custom::validate_lists(kind.schema, *old, before);
  if (before.empty()) custom::validate_lists(kind.schema, object, errors);
}

/// Rules are only asked about objects they were written for: of the right shape, and with what is required.
void check_rules(const json& object, const json* old, const custom_kind& kind, field_errors& errors) {
  if (kind.rules == nullptr) return;
  constexpr std::array<std::string_view, 4> blocking{"FieldValueRequired", "FieldValueTooLong",
                                                     "FieldValueTooMany", "FieldValueTypeInvalid"};
  const bool blocked = std::ranges::any_of(errors.causes(), [&](const error_cause& cause) {
    return std::ranges::find(blocking, cause.reason) != blocking.end();
  });
  if (blocked)
    errors.invalid(
        "<nil>", nullptr,
        "some validation rules were not checked because the object was invalid; correct the existing "
        "errors to complete validation");
  else
    kind.rules->judge(object, old, errors);
}

void check_new(const json& object, field_errors& errors, const rule_context& context) {
  const custom_kind& kind = *context.type.custom;
  const field metadata = field(object).at("metadata");
  check_name_prefix(metadata, dns_subdomain, errors);
  check_metadata(metadata, context.type.namespaced, dns_subdomain, errors);
  check_content(object, nullptr, kind, errors);
  check_lists(object, nullptr, kind, errors);
  check_rules(object, nullptr, kind, errors);
}

void check_changed(const json& object, const json& old, field_errors& errors, const rule_context& context) {
  const custom_kind& kind = *context.type.custom;
  check_metadata_change(field(object).at("metadata"), field(old).at("metadata"), errors);
  if (context.subresource == "status") {
    const auto status = object.find("status");
    const auto before = old.find("status");
    if (status != object.end() && kind.status_schema != nullptr)
      custom::validate_value(*kind.status_schema, *status, before == old.end() ? nullptr : &*before, "status",
                             errors);
    check_scale_status(object, kind, errors);
  } else {
    check_content(object, &old, kind, errors);
  }
  check_lists(object, &old, kind, errors);
  check_rules(object, &old, kind, errors);
}

void prepare_new(json& object, const rule_context& context) {
  custom::prepare_create(object, *context.type.custom);
}

void prepare_changed(json& object, const json& old, const rule_context& context) {
  custom::prepare_update(object, old, *context.type.custom, context.subresource);
}

/// Finalizers of custom objects may have any name; those that could be somebody else's get a warning.
void warn_of_finalizers(const json& object, const json* old, std::vector<std::string>& warnings) {
  std::set<std::string> known{"orphan", "foregroundDeletion", "kubernetes"};
  if (old != nullptr)
    for (const field one : field(*old).at("metadata").at("finalizers").items()) known.emplace(one.text());
  std::set<std::string> added;
  for (const field one : field(object).at("metadata").at("finalizers").items())
    if (!known.contains(std::string(one.text()))) added.emplace(one.text());
  for (const std::string& name : added) {
    if (name.find('/') != std::string::npos) continue;
    const std::string_view path = name.find('.') != std::string::npos ? " including a path (/)" : "";
    warnings.push_back(
        fmt::format("metadata.finalizers: \"{}\": prefer a domain-qualified finalizer name{} to avoid "
                    "accidental conflicts with other finalizer writers",
                    name, path));
  }
}

} // namespace

constinit const kind_rules custom_object_rules{.prepare_create = prepare_new,
                                               .prepare_update = prepare_changed,
                                               .validate_create = check_new,
                                               .validate_update = check_changed,
                                               .warn = warn_of_finalizers};

} // namespace actord::schema::rules
