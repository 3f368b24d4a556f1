#include "schema/custom/validation_rules.hpp"

#include "schema/base/json.hpp"
#include "schema/cel/program.hpp"
#include "schema/custom/expression_types.hpp"
#include "schema/custom/structural_schema.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>

namespace actord::schema::custom {
namespace {

constexpr std::uint64_t most_cost_of_object = 10'000'000;
constexpr std::size_t most_message_bytes = 5120;

std::string trimmed(const std::string& text) {
  constexpr const char* blanks = " \t\n\v\f\r";
  const auto first = text.find_first_not_of(blanks);
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string text(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

struct rule {
  std::optional<cel::program> program;
  std::string complaint; ///< why there is no program
  std::optional<cel::program> message_program;
  std::string shown; ///< the message, or the rule, where an error names it
  std::string message;
  std::string reason;
  std::string field_path; ///< ".spec.a" below the place; may be empty
  bool uses_old = false;
  bool optional_old = false;
};

rule compile_rule(const json& given, const schema_node& schema, bool root) {
  rule made;
  const std::string written = text(given, "rule");
  const auto optional = given.find("optionalOldSelf");
  made.optional_old = optional != given.end() && optional->is_boolean() && optional->get<bool>();
  const cel::environment names = rule_environment(schema, "object", root, made.optional_old);
  if (auto program = cel::program::compile(written, names))
    made.program.emplace(std::move(*program));
  else
    made.complaint = program.error().message;
  made.uses_old = made.program && made.program->uses(rule_names::old_self);
  if (const std::string message = text(given, "messageExpression"); !message.empty())
    if (auto program = cel::program::compile(message, names))
      made.message_program.emplace(std::move(*program));
  const std::string message = trimmed(text(given, "message"));
  made.shown = message.empty() ? trimmed(written) : message;
  made.message = message.empty() ? "failed rule: " + made.shown : message;
  made.reason = text(given, "reason");
  made.field_path = trimmed(text(given, "fieldPath"));
  return made;
}

/// What values of the schema are called where an error has no value to show.
std::string_view shape_name(const schema_node& schema) {
  switch (schema.shape) {
  case value_shape::object:
    return "object";
  case value_shape::array:
    return "array";
  case value_shape::string:
    return "string";
  case value_shape::integer:
    return "integer";
  case value_shape::number:
    return "number";
  case value_shape::boolean:
    return "boolean";
  case value_shape::any:
    break;
  }
  return "";
}

} // namespace

cel::environment rule_environment(const schema_node& schema, const std::string& name, bool root,
                                  bool optional_old) {
  cel::type_ref self = expression_type(schema, name, root || schema.embedded);
  if (self == nullptr) self = cel::simple(cel::type_kind::dynamic);
  cel::environment names;
  names.declare("self", self).declare("oldSelf", optional_old ? cel::optional_of(self) : self);
  return names;
}

struct rule_tree::parts {
  const schema_node* schema = nullptr;
  cel::type_ref self; ///< keeps the types that values are seen as
  std::vector<rule> rules;
  std::vector<std::pair<std::string, std::unique_ptr<const rule_tree>>> properties;
  std::unique_ptr<const rule_tree> rest;
  std::unique_ptr<const rule_tree> items;
};

struct rule_compiler {
  static std::unique_ptr<const rule_tree> compile(const json& schema, const schema_node& node, bool root) {
    if (!schema.is_object()) return nullptr;
    std::unique_ptr<rule_tree> made(new rule_tree);
    auto& parts = *made->parts_;
    parts.schema = &node;
    if (const auto rules = schema.find("x-kubernetes-validations");
        rules != schema.end() && rules->is_array())
      for (const json& one : *rules) parts.rules.push_back(compile_rule(one, node, root));
    if (!parts.rules.empty()) {
      parts.self = expression_type(node, "object", root || node.embedded);
      if (parts.self == nullptr) parts.self = cel::simple(cel::type_kind::dynamic);
    }
    if (const auto properties = schema.find("properties"); properties != schema.end())
      for (const schema_property& property : node.properties)
        if (const auto inner = properties->find(property.name); inner != properties->end())
          if (auto tree = compile(*inner, property.schema, false))
            parts.properties.emplace_back(property.name, std::move(tree));
    if (const auto rest = schema.find("additionalProperties"); rest != schema.end() && node.rest != nullptr)
      parts.rest = compile(*rest, *node.rest, false);
    if (const auto items = schema.find("items"); items != schema.end() && node.items != nullptr)
      parts.items = compile(*items, *node.items, false);
    const bool empty = parts.rules.empty() && parts.properties.empty() && !parts.rest && !parts.items;
    return empty ? nullptr : std::move(made);
  }
};

/// One judging of one object.
struct judgement {
  field_errors& errors;
  cel::spending budget{most_cost_of_object};
  bool ended = false;

  static std::string place(const std::string& path) { return path.empty() ? "<nil>" : path; }

  void visit(const rule_tree& tree, const json& value, const json* old, const std::string& path) {
    const rule_tree::parts& parts = *tree.parts_;
    if (value.is_null()) return;
    judge_rules(parts, value, old, path);
    if (value.is_object())
      visit_members(parts, value, old, path);
    else if (value.is_array() && parts.items != nullptr)
      for (std::size_t i = 0; i < value.size() && !ended; ++i)
        visit(*parts.items, value[i], old_item(*parts.schema, value[i], old), fmt::format("{}[{}]", path, i));
  }

  void visit_members(const rule_tree::parts& parts, const json& value, const json* old,
                     const std::string& path) {
    const auto before = [&](const std::string& name) -> const json* {
      if (old == nullptr || !old->is_object()) return nullptr;
      const auto found = old->find(name);
      return found == old->end() ? nullptr : &*found;
    };
    if (parts.rest != nullptr)
      for (const auto& [name, member] : value.items())
        if (!ended && parts.schema->property(name) == nullptr)
          visit(*parts.rest, member, before(name), fmt::format("{}[{}]", path, name));
    for (const auto& [name, tree] : parts.properties)
      if (const auto member = value.find(name); member != value.end() && !ended)
        visit(*tree, *member, before(name), path.empty() ? name : path + "." + name);
  }

  /// The item with the same keys: only such can be told to be the same as before.
  static const json* old_item(const schema_node& schema, const json& item, const json* old) {
    if (old == nullptr || !old->is_array() || schema.merge != list_merge::map || !item.is_object())
      return nullptr;
    const auto same = [&](const json& other) {
      return other.is_object() && std::ranges::all_of(schema.keys, [&](const std::string& key) {
               return item.value(key, json()) == other.value(key, json());
             });
    };
    const auto found = std::ranges::find_if(*old, same);
    return found == old->end() ? nullptr : &*found;
  }

  void judge_rules(const rule_tree::parts& parts, const json& value, const json* old,
                   const std::string& path) {
    const bool has_old = old != nullptr && !old->is_null();
    std::optional<bool> unchanged;
    for (const rule& one : parts.rules) {
      if (ended) return;
      if (one.uses_old && !has_old && !one.optional_old) continue;
      // What nobody touched may stay as it is.
      if (!one.uses_old && has_old) {
        if (!unchanged) unchanged = *old == value;
        if (*unchanged) continue;
      }
      judge_rule(one, parts, value, has_old ? old : nullptr, path);
    }
  }

  void judge_rule(const rule& one, const rule_tree::parts& parts, const json& value, const json* old,
                  const std::string& path) {
    const std::string_view shape = shape_name(*parts.schema);
    const auto invalid = [&](std::string detail) { errors.invalid(place(path), json(shape), detail); };
    if (!one.program) return invalid("rule compile error: " + one.complaint);
    const cel::value self = cel::value::from_json(value, parts.self.get());
    cel::value old_self = old == nullptr ? cel::value() : cel::value::from_json(*old, parts.self.get());
    if (one.optional_old) old_self = old == nullptr ? cel::value::none() : cel::value::some(old_self);
    const std::array<cel::value, 2> variables{self, old_self};
    const cel::value verdict = run(*one.program, variables);
    if (verdict.failed()) {
      const std::string& why = verdict.message();
      if (why == cel::over_budget) {
        ended = true;
        return invalid(
            budget.over()
                ? "validation failed due to running out of cost budget, no further validation rules "
                  "will be run"
                : fmt::format("'{}': no further validation rules will be run due to call cost exceeds "
                              "limit for rule: {}",
                              why, one.shown));
      }
      if (why.starts_with("no such overload"))
        return invalid(
            fmt::format("'{}': call arguments did not match a supported operator, function or macro "
                        "signature for rule: {}",
                        why, one.shown));
      return invalid(fmt::format("{} evaluation rule: {}", why, one.shown));
    }
    if (!verdict.is_true()) refuse(one, shape, path, message_of(one, variables));
  }

  cel::value run(const cel::program& program, std::span<const cel::value> variables) {
    cel::spending cost(cel::most_cost);
    cel::value found = program.evaluate(variables, cost);
    if (!budget.spend(cost.spent())) return cel::value::error(std::string(cel::over_budget));
    return found;
  }

  /// A message that cannot be made, or that no message may be, gives way to the one that is written.
  std::string message_of(const rule& one, std::span<const cel::value> variables) {
    if (!one.message_program) return one.message;
    const cel::value made = run(*one.message_program, variables);
    if (!made.string()) return one.message;
    const std::string text = trimmed(std::string(*made.string()));
    const bool fits =
        !text.empty() && text.size() <= most_message_bytes && text.find('\n') == std::string::npos;
    return fits ? text : one.message;
  }

  void refuse(const rule& one, std::string_view shape, const std::string& path, const std::string& message) {
    std::string where = path;
    if (!one.field_path.empty())
      where =
          path.empty() && one.field_path.starts_with('.') ? one.field_path.substr(1) : path + one.field_path;
    where = place(where);
    if (one.reason == "FieldValueRequired") return errors.required(where, message);
    if (one.reason == "FieldValueForbidden") return errors.forbidden(where, message);
    if (one.reason == "FieldValueDuplicate") return errors.duplicate(where, json(shape));
    errors.invalid(where, json(shape), message);
  }
};

rule_tree::rule_tree() : parts_(std::make_unique<parts>()) {}
rule_tree::~rule_tree() = default;

std::unique_ptr<const rule_tree> rule_tree::compile(const json& schema, const schema_node& node) {
  return rule_compiler::compile(schema, node, true);
}

void rule_tree::judge(const json& object, const json* old, field_errors& errors) const {
  judgement{errors}.visit(*this, object, old, {});
}

} // namespace actord::schema::custom
