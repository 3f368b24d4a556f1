#include "schema/rules/kinds/custom_resource_rules.hpp"

#include "schema/base/json.hpp"
#include "schema/cel/program.hpp"
#include "schema/custom/expression_types.hpp"
#include "schema/custom/structural_schema.hpp"
#include "schema/custom/validation_rules.hpp"
#include "schema/rules/checks/checks.hpp"

#include <fmt/format.h>

#include <optional>

namespace actord::schema::rules {

namespace {

constexpr std::size_t most_message_bytes = 2048;

bool blank(std::string_view text) { return text.find_first_not_of(" \t\n\v\f\r") == std::string_view::npos; }

std::string_view trimmed(std::string_view text) {
  if (blank(text)) return {};
  const auto first = text.find_first_not_of(" \t\n\v\f\r");
  return text.substr(first, text.find_last_not_of(" \t\n\v\f\r") - first + 1);
}

bool has_lines(std::string_view text) { return text.find_first_of("\n\r") != std::string_view::npos; }

template <class Visit>
void visit_parts(const field& schema, const Visit& visit) {
  if (const field properties = schema.at("properties"); properties.value().is_object())
    for (const auto& [name, part] : properties.value().items()) visit(properties.entry(name));
  for (const char* word : {"items", "additionalProperties"})
    if (const field part = schema.at(word); part.value().is_object()) visit(part);
}

void check_rule_text(const field& rule, field_errors& errors) {
  const std::string_view written = rule.at("rule").text();
  const field message = rule.at("message");
  if (blank(written))
    errors.required(rule.named("rule"), "rule is not specified");
  else if (!message.text().empty() && blank(message.text()))
    errors.invalid(message, message.text(), "message must be non-empty if specified");
  else if (message.text().size() > most_message_bytes)
    errors.invalid(message, std::string(message.text().substr(0, 10)) + "...",
                   "message must have a maximum length of 2048 characters");
  else if (has_lines(trimmed(message.text())))
    errors.invalid(message, message.text(), "message must not contain line breaks");
  else if (has_lines(trimmed(written)) && blank(message.text()))
    errors.required(rule.named("message"), "message must be specified if rule contains line breaks");
  const field computed = rule.at("messageExpression");
  if (!computed.text().empty() && blank(computed.text()))
    errors.required(computed, "messageExpression must be non-empty if specified");
  if (const field reason = rule.at("reason"); reason.present())
    one_of(reason, {"FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"},
           errors);
  const field path = rule.at("fieldPath");
  if (!path.text().empty() && blank(path.text()))
    errors.invalid(path, path.text(), "fieldPath must be non-empty if specified");
  if (has_lines(path.text())) errors.invalid(path, path.text(), "fieldPath must not contain line breaks");
}

/// A whole rule as Kubernetes shows it.
printed_value printed_rule(const field& rule) {
  const auto quoted = [&](const char* name) { return json(rule.at(name).text()).dump(); };
  const field reason = rule.at("reason");
  const field optional = rule.at("optionalOldSelf");
  return {fmt::format(
      R"({{"Rule":{},"Message":{},"MessageExpression":{},"Reason":{},"FieldPath":{},"OptionalOldSelf":{}}})",
      quoted("rule"), quoted("message"), quoted("messageExpression"),
      reason.present() ? quoted("reason") : "null", quoted("fieldPath"),
      optional.present() ? (optional.truth() ? "true" : "false") : "null")};
}

/// The steps of ".a.b['c']" or "[3]"; nothing when it is no such path.
std::optional<std::vector<std::string>> steps_of(std::string_view path) {
  std::vector<std::string> steps;
  while (!path.empty()) {
    if (path.starts_with("['")) {
      const std::size_t end = path.find("']");
      if (end == std::string_view::npos) return std::nullopt;
      steps.emplace_back(path.substr(2, end - 2));
      path.remove_prefix(end + 2);
    } else if (path.front() == '.') {
      path.remove_prefix(1);
      const std::string_view step = path.substr(0, path.find_first_of(".["));
      if (step.empty()) return std::nullopt;
      steps.emplace_back(step);
      path.remove_prefix(step.size());
    } else {
      return std::nullopt;
    }
  }
  return steps.empty() ? std::nullopt : std::optional(std::move(steps));
}

/// A path may lead through members that the schema knows, not into lists.
void check_field_path(const field& rule, const field& schema, field_errors& errors) {
  const field path = rule.at("fieldPath");
  if (path.text().empty()) return;
  const auto steps = steps_of(trimmed(path.text()));
  const json* at = &schema.value();
  for (const std::string& step : steps.value_or(std::vector<std::string>())) {
    const json* next = nullptr;
    if (const auto properties = at->find("properties"); properties != at->end() && properties->contains(step))
      next = &(*properties)[step];
    else if (const auto rest = at->find("additionalProperties"); rest != at->end() && rest->is_object())
      next = &*rest;
    at = next;
    if (at == nullptr) break;
  }
  if (!steps || at == nullptr)
    errors.invalid(path, path.text(),
                   fmt::format("fieldPath must be a valid path: {}",
                               !steps ? "expected a path of members" : "does not refer to a valid field"));
}

/// Where the schema is, seen from the rules in it.
struct rule_place {
  bool root = false;
  std::string uncorrelatable; ///< the list above that loses what was before; empty when there is none
};

void check_one_program(const field& rule, const custom::schema_node& node, const rule_place& place,
                       field_errors& errors) {
  const bool optional = rule.at("optionalOldSelf").truth();
  const cel::environment names = custom::rule_environment(node, "object", place.root, optional);
  const field written = rule.at("rule");
  const auto program = cel::program::compile(written.text(), names);
  if (!program) return errors.invalid(written, printed_rule(rule), program.error().message);
  if (program->yields().kind != cel::type_kind::boolean)
    errors.invalid(written, printed_rule(rule), "cel expression must evaluate to a bool");
  const bool uses_old = program->uses(custom::rule_names::old_self);
  if (optional && !uses_old)
    errors.invalid(rule.at("optionalOldSelf"), true, "may not be set to true unless oldSelf is used in rule");
  if (const field message = rule.at("messageExpression"); !message.text().empty()) {
    const auto made = cel::program::compile(message.text(), names);
    if (!made)
      errors.invalid(message, printed_rule(rule), "messageExpression " + made.error().message);
    else if (made->yields().kind != cel::type_kind::string)
      errors.invalid(message, printed_rule(rule), "messageExpression must evaluate to a string");
  }
  if (uses_old && !place.uncorrelatable.empty())
    errors.invalid(written, written.text(),
                   fmt::format("oldSelf cannot be used on the uncorrelatable portion of the schema within {}",
                               place.uncorrelatable));
}

void check_programs(const field& schema, const rule_place& place, field_errors& errors) {
  if (const field rules = schema.at("x-kubernetes-validations"); rules.size() > 0) {
    const custom::schema_node node = custom::compile_schema(schema.value());
    for (const field rule : rules.items()) {
      check_one_program(rule, node, place, errors);
      check_field_path(rule, schema, errors);
    }
  }
  visit_parts(schema, [&](const field& part) {
    rule_place inner{.root = false, .uncorrelatable = place.uncorrelatable};
    const bool in_list = &part.value() == &schema.at("items").value();
    if (in_list && schema.at("x-kubernetes-list-type").text() != "map" && inner.uncorrelatable.empty())
      inner.uncorrelatable = schema.path();
    check_programs(part, inner, errors);
  });
}

} // namespace

void check_rule_texts(const field& schema, field_errors& errors) {
  for (const field rule : schema.at("x-kubernetes-validations").items()) check_rule_text(rule, errors);
  visit_parts(schema, [&](const field& part) { check_rule_texts(part, errors); });
}

void check_rule_programs(const field& schema, field_errors& errors) {
  check_programs(schema, {.root = true, .uncorrelatable = {}}, errors);
}

} // namespace actord::schema::rules
