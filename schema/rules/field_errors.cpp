#include "schema/base/json.hpp"
#include "schema/rules/checks/formats.hpp"
#include "schema/rules/kind_rules.hpp"
#include "schema/tables/resource_table.hpp"

#include <fmt/format.h>

#include <set>

namespace actord::schema {

namespace {

/// As Go prints it: strings quoted, all else as JSON with <, > and & escaped.
std::string printed(const json& value) {
  if (value.is_string()) return rules::go_quoted(value.get_ref<const std::string&>());
  const std::string text = value.dump();
  if (value.is_primitive() || text.find_first_of("<>&") == std::string::npos) return text;
  std::string escaped;
  for (const char c : text) {
    switch (c) {
    case '<':
      escaped += "\\u003c";
      break;
    case '>':
      escaped += "\\u003e";
      break;
    case '&':
      escaped += "\\u0026";
      break;
    default:
      escaped += c;
    }
  }
  return escaped;
}

std::string with_detail(std::string text, std::string_view detail) {
  if (!detail.empty()) text.append(": ").append(detail);
  return text;
}

} // namespace

void field_errors::add(std::string_view reason, std::string field, std::string message) {
  causes_.push_back({std::string(reason), std::move(message), std::move(field)});
}

void field_errors::required(std::string field, std::string_view detail) {
  add("FieldValueRequired", std::move(field), with_detail("Required value", detail));
}

void field_errors::invalid(std::string field, const json& value, std::string_view detail) {
  invalid(std::move(field), printed_value{printed(value)}, detail);
}

void field_errors::invalid(std::string field, const printed_value& value, std::string_view detail) {
  add("FieldValueInvalid", std::move(field), with_detail("Invalid value: " + value.text, detail));
}

void field_errors::invalid_without_value(std::string field, std::string_view detail) {
  add("FieldValueInvalid", std::move(field), with_detail("Invalid value", detail));
}

void field_errors::not_supported(std::string field, const json& value,
                                 const std::vector<std::string_view>& supported) {
  not_supported(std::move(field), printed_value{printed(value)}, supported);
}

void field_errors::not_supported(std::string field, const printed_value& value,
                                 const std::vector<std::string_view>& supported) {
  std::string list;
  for (const std::string_view one : supported)
    list += (list.empty() ? "supported values: " : ", ") + rules::go_quoted(one);
  add("FieldValueNotSupported", std::move(field), with_detail("Unsupported value: " + value.text, list));
}

void field_errors::duplicate(std::string field, const json& value, std::string_view detail) {
  duplicate(std::move(field), printed_value{printed(value)}, detail);
}

void field_errors::duplicate(std::string field, const printed_value& value, std::string_view detail) {
  add("FieldValueDuplicate", std::move(field), with_detail("Duplicate value: " + value.text, detail));
}

void field_errors::forbidden(std::string field, std::string_view detail) {
  add("FieldValueForbidden", std::move(field), with_detail("Forbidden", detail));
}

void field_errors::too_long(std::string field, int max_bytes) {
  add("FieldValueTooLong", std::move(field),
      fmt::format("Too long: may not be more than {} {}", max_bytes, max_bytes == 1 ? "byte" : "bytes"));
}

void field_errors::too_many(std::string field, std::size_t actual, std::size_t max) {
  add("FieldValueTooMany", std::move(field),
      fmt::format("Too many: {}: must have at most {} {}", actual, max, max == 1 ? "item" : "items"));
}

void field_errors::too_few(std::string field, std::size_t actual, std::size_t min) {
  add("FieldValueTooFew", std::move(field),
      fmt::format("Too few: {}: must have at least {} {}", actual, min, min == 1 ? "item" : "items"));
}

void field_errors::type_invalid(std::string field, const json& value, std::string_view detail) {
  add("FieldValueTypeInvalid", std::move(field), with_detail("Invalid value: " + printed(value), detail));
}

void field_errors::not_found(std::string field, const json& value, std::string_view detail) {
  add("FieldValueNotFound", std::move(field), with_detail("Not found: " + printed(value), detail));
}

void field_errors::internal(std::string field, std::string_view detail) {
  add("InternalError", std::move(field), with_detail("Internal error", detail));
}

void field_errors::append(const field_errors& other, std::string_view prefix) {
  for (error_cause cause : other.causes_) {
    cause.field.insert(0, prefix);
    causes_.push_back(std::move(cause));
  }
}

error invalid_object(const resource_type& type, std::string_view name, const field_errors& errors) {
  // Access reviews are refused without saying of which kind they are.
  const bool review = type.group == "authorization.k8s.io";
  const std::string_view kind = review ? std::string_view{} : type.kind;
  if (review) name = {};
  std::string message(kind);
  if (!type.group.empty()) message.append(".").append(type.group);
  message += fmt::format(" {} is invalid", rules::go_quoted(name));

  std::set<std::string> seen;
  std::string list;
  for (const error_cause& cause : errors.causes()) {
    std::string text = cause.field + ": " + cause.message;
    if (!seen.insert(text).second) continue;
    if (seen.size() > 1) list += ", ";
    list += text;
  }
  if (seen.size() > 1) list = "[" + list + "]";
  if (!list.empty()) message.append(": ").append(list);

  error refused{error_kind::invalid, std::move(message), errors.causes(), error_subject{}, 0};
  refused.subject = {std::string(type.group), std::string(kind), std::string(name), {}};
  return refused;
}

} // namespace actord::schema
