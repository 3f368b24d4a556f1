#include "actors/api/selectors.hpp"

#include "actors/objects/refusals.hpp"
#include "schema/object/selectable_fields.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/rules/checks/formats.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace actord::actors {
namespace {

/// Splits a label selector into words, commas, parentheses and operators.
class label_lexer {
public:
  explicit label_lexer(std::string_view text) : rest_(text) { advance(); }

  [[nodiscard]] const std::string& token() const { return token_; }
  [[nodiscard]] bool at_end() const { return token_.empty(); }
  [[nodiscard]] bool is_word() const { return !token_.empty() && !is_special(token_.front()); }
  std::string take() {
    std::string taken = std::move(token_);
    advance();
    return taken;
  }
  bool skip(std::string_view wanted) {
    if (token_ != wanted) return false;
    advance();
    return true;
  }

private:
  static bool is_special(char letter) {
    return std::string_view("=!(),<>").find(letter) != std::string_view::npos;
  }
  static bool is_space(char letter) {
    return letter == ' ' || letter == '\t' || letter == '\r' || letter == '\n';
  }

  void advance() {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
    token_.clear();
    if (rest_.empty()) return;
    for (const std::string_view operation : {"==", "!=", "=", "!", "(", ")", ",", "<", ">"}) {
      if (!rest_.starts_with(operation)) continue;
      token_ = operation;
      rest_.remove_prefix(operation.size());
      return;
    }
    while (!rest_.empty() && !is_special(rest_.front()) && !is_space(rest_.front())) {
      token_ += rest_.front();
      rest_.remove_prefix(1);
    }
  }

  std::string_view rest_;
  std::string token_;
};

error unparsable(std::string_view what) {
  return bad_request(fmt::format("unable to parse requirement: {}", what));
}

result<std::vector<std::string>> parse_values(label_lexer& lexer) {
  if (!lexer.skip("(")) return unparsable(fmt::format("found '{}' expected: '('", lexer.token()));
  std::vector<std::string> values;
  bool expect_value = true;
  while (!lexer.at_end() && lexer.token() != ")") {
    if (lexer.skip(",")) {
      if (expect_value) values.emplace_back();
      expect_value = true;
    } else if (lexer.is_word() && expect_value) {
      values.push_back(lexer.take());
      expect_value = false;
    } else {
      return unparsable(fmt::format("found '{}', expected: ',', or ')'", lexer.token()));
    }
  }
  if (!lexer.skip(")")) return unparsable("found '', expected: ',', or ')'");
  if (expect_value) values.emplace_back();
  return values;
}

bool is_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc() && end == text.data() + text.size();
}

/// A label value as `validate` accepts it: at most 63 of the letters of qualified names, or nothing.
bool is_label_value(std::string_view value) {
  const auto alphanumeric = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9');
  };
  if (value.empty()) return true;
  return value.size() <= 63 && alphanumeric(value.front()) && alphanumeric(value.back()) &&
         std::ranges::all_of(value, [&](char letter) {
           return alphanumeric(letter) || letter == '-' || letter == '_' || letter == '.';
         });
}

result<void> check_values(const label_requirement& requirement) {
  for (const std::string& value : requirement.values) {
    if (is_label_value(value)) continue;
    return unparsable(fmt::format("values[0][{}]: Invalid value: \"{}\": a valid label must be an empty "
                                  "string or consist of alphanumeric "
                                  "characters, '-', '_' or '.', and must start and end with an alphanumeric "
                                  "character (e.g. 'MyValue',  or "
                                  "'my_value',  or '12345', regex used for validation is "
                                  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
                                  requirement.key, value));
  }
  return {};
}

result<void> check_key(const std::string& key) {
  const auto wrong = schema::rules::label_key(key);
  if (wrong.empty()) return {};
  return unparsable(fmt::format("<nil>: Invalid value: \"{}\": {}", key, fmt::join(wrong, "; ")));
}

result<label_requirement> parse_requirement(label_lexer& lexer) {
  label_requirement requirement;
  if (lexer.skip("!")) {
    if (!lexer.is_word()) return unparsable(fmt::format("found '{}', expected: identifier", lexer.token()));
    label_requirement absent{lexer.take(), label_operator::absent, {}};
    if (auto checked = check_key(absent.key); !checked) return checked.error();
    return absent;
  }
  if (!lexer.is_word()) return unparsable(fmt::format("found '{}', expected: identifier", lexer.token()));
  requirement.key = lexer.take();
  if (auto checked = check_key(requirement.key); !checked) return checked.error();
  if (lexer.at_end() || lexer.token() == ",") return requirement;
  const std::string operation = lexer.take();
  if (operation == "in" || operation == "notin") {
    requirement.op = operation == "in" ? label_operator::in : label_operator::not_in;
    auto values = parse_values(lexer);
    if (!values) return values.error();
    requirement.values = std::move(*values);
    return requirement;
  }
  if (operation == "=" || operation == "==")
    requirement.op = label_operator::equals;
  else if (operation == "!=")
    requirement.op = label_operator::not_in;
  else if (operation == ">" || operation == "gt")
    requirement.op = label_operator::greater;
  else if (operation == "<" || operation == "lt")
    requirement.op = label_operator::less;
  else
    return unparsable(fmt::format("found '{}', expected: in, notin, =, ==, !=, gt, lt", operation));
  if (lexer.at_end() || lexer.token() == ",") {
    requirement.values.emplace_back();
  } else if (lexer.is_word()) {
    requirement.values.push_back(lexer.take());
  } else {
    return unparsable(fmt::format("found '{}', expected: identifier", lexer.token()));
  }
  const bool compares = requirement.op == label_operator::greater || requirement.op == label_operator::less;
  if (compares && !is_integer(requirement.values.front()))
    return unparsable(
        fmt::format("values[0]: Invalid value: \"{}\": for 'Gt', 'Lt' operators, the value must be an "
                    "integer",
                    requirement.values.front()));
  return requirement;
}

bool holds(const label_requirement& requirement, const schema::object_view& object) {
  bool found = false;
  const std::string_view value = object.label(requirement.key, found);
  const auto listed = [&] {
    return std::ranges::find(requirement.values, value) != requirement.values.end();
  };
  switch (requirement.op) {
  case label_operator::exists:
    return found;
  case label_operator::absent:
    return !found;
  case label_operator::equals:
  case label_operator::in:
    return found && listed();
  case label_operator::not_in:
    return !found || !listed();
  case label_operator::greater:
  case label_operator::less:
    break;
  }
  std::int64_t mine = 0;
  std::int64_t bound = 0;
  if (!found || std::from_chars(value.data(), value.data() + value.size(), mine).ec != std::errc())
    return false;
  const std::string& limit = requirement.values.front();
  std::from_chars(limit.data(), limit.data() + limit.size(), bound);
  return requirement.op == label_operator::greater ? mine > bound : mine < bound;
}

/// The name that the stored kind has for a field: events of the new group are stored as those of the core,
/// and spec.host is what spec.nodeName once was.
std::string_view stored_field_name(const schema::resource_type& type, std::string_view path) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> event_names{
      {{"regarding.kind", "involvedObject.kind"},
       {"regarding.namespace", "involvedObject.namespace"},
       {"regarding.name", "involvedObject.name"},
       {"regarding.uid", "involvedObject.uid"},
       {"regarding.apiVersion", "involvedObject.apiVersion"},
       {"regarding.resourceVersion", "involvedObject.resourceVersion"},
       {"regarding.fieldPath", "involvedObject.fieldPath"},
       {"reportingController", "reportingComponent"}}};
  if (type.group == "events.k8s.io") {
    const auto* row =
        std::ranges::find(event_names, path, &std::pair<std::string_view, std::string_view>::first);
    if (row != event_names.end()) return row->second;
    return path.starts_with("involvedObject.") || path == "reportingComponent" || path == "source"
               ? std::string_view()
               : path;
  }
  if (type.group.empty() && type.plural == "pods" && path == "spec.host") return "spec.nodeName";
  return path;
}

bool is_selectable(const schema::resource_type& type, std::string_view path) {
  if (path == "metadata.name" || (path == "metadata.namespace" && type.namespaced)) return true;
  return schema::is_selectable_field(type, path);
}

} // namespace

bool object_selector::matches(const schema::object_view& object) const {
  for (const field_requirement& field : fields) {
    const bool same = object.selectable(field.path) == field.value;
    if (same == field.negated) return false;
  }
  return std::ranges::all_of(labels, [&](const label_requirement& label) { return holds(label, object); });
}

std::optional<std::string_view> object_selector::required_field(std::string_view path) const {
  for (const field_requirement& field : fields)
    if (field.path == path && !field.negated) return field.value;
  return {};
}

result<std::vector<label_requirement>> parse_label_selector(std::string_view text) {
  std::vector<label_requirement> requirements;
  label_lexer lexer(text);
  while (!lexer.at_end()) {
    auto requirement = parse_requirement(lexer);
    if (!requirement) return requirement.error();
    if (auto valid = check_values(*requirement); !valid) return valid.error();
    requirements.push_back(std::move(*requirement));
    if (lexer.at_end()) break;
    if (!lexer.skip(","))
      return unparsable(fmt::format("found '{}', expected: ',' or 'end of string'", lexer.token()));
    if (lexer.at_end()) return unparsable("found '', expected: identifier after ','");
  }
  return requirements;
}

result<std::vector<field_requirement>> parse_field_selector(std::string_view text,
                                                            const schema::resource_type& type) {
  std::vector<field_requirement> requirements;
  const std::string whole(text);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return bad_request(fmt::format("invalid selector: '{}'; can't understand '{}'", whole, part));
    field_requirement requirement;
    requirement.negated = part[equals - 1] == '!';
    const std::string_view asked = part.substr(0, requirement.negated ? equals - 1 : equals);
    requirement.path = stored_field_name(type, asked);
    const bool doubled = equals + 1 < part.size() && part[equals + 1] == '=' && !requirement.negated;
    requirement.value = part.substr(equals + (doubled ? 2 : 1));
    if (!is_selectable(type, requirement.path))
      return bad_request(fmt::format("field label not supported: {}", asked));
    requirements.push_back(std::move(requirement));
  }
  return requirements;
}

} // namespace actord::actors
