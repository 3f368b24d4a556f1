#include "actors/admission/policies/compiled_policy.hpp"

#include "schema/base/json.hpp"
#include "schema/base/json_member.hpp"
#include "schema/cel/admission_names.hpp"
#include "schema/cel/patch_types.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

namespace cel = schema::cel;

std::string trimmed(const std::string& text) {
  constexpr const char* blanks = " \t\n\v\f\r";
  const auto first = text.find_first_not_of(blanks);
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string text(const json& object, std::initializer_list<const char*> path) {
  const json& found = json_member(object, path);
  return found.is_string() ? found.get<std::string>() : std::string();
}

compiled_expression compile(const std::string& written, const cel::environment& names) {
  compiled_expression made;
  made.written = trimmed(written);
  if (auto program = cel::program::compile(written, names))
    made.program.emplace(std::move(*program));
  else
    made.complaint = program.error().message;
  return made;
}

param_kind param_kind_of(const json& given) {
  const std::string version = text(given, {"apiVersion"});
  const std::size_t slash = version.find('/');
  if (slash == std::string::npos) return {{}, version, text(given, {"kind"})};
  return {version.substr(0, slash), version.substr(slash + 1), text(given, {"kind"})};
}

template <class Visit>
void each(const json& list, const Visit& visit) {
  if (list.is_array())
    for (const json& one : list) visit(one);
}

policy_validation validation_of(const json& given, const cel::environment& names) {
  policy_validation made{.expression = compile(text(given, {"expression"}), names),
                         .message = trimmed(text(given, {"message"})),
                         .message_expression = {},
                         .reason = text(given, {"reason"})};
  if (const std::string computed = text(given, {"messageExpression"}); !computed.empty())
    made.message_expression = compile(computed, names);
  if (made.reason.empty()) made.reason = "Invalid";
  return made;
}

compiled_policy policy_of(const json& object) {
  compiled_policy made;
  const json& spec = json_member(object, {"spec"});
  made.name = text(object, {"metadata", "name"});
  made.fails_closed = text(spec, {"failurePolicy"}) != "Ignore";
  made.match = match_rules_of(json_member(spec, {"matchConstraints"}));
  if (const json& kind = json_member(spec, {"paramKind"}); kind.is_object())
    made.params = param_kind_of(kind);
  const bool has_params = made.params.has_value();
  each(json_member(spec, {"matchConditions"}), [&](const json& one) {
    made.conditions.push_back(
        {text(one, {"name"}),
         compile(text(one, {"expression"}), cel::admission_environment({.has_params = has_params}))});
  });
  std::vector<cel::named_type> known;
  const auto names = [&] {
    return cel::admission_environment({.has_params = has_params, .variables = &known});
  };
  each(json_member(spec, {"variables"}), [&](const json& one) {
    named_expression variable{text(one, {"name"}), compile(text(one, {"expression"}), names())};
    known.push_back({variable.name, variable.expression.program ? variable.expression.program->yields_ref()
                                                                : cel::simple(cel::type_kind::dynamic)});
    made.variables.push_back(std::move(variable));
  });
  cel::environment all = names();
  each(json_member(spec, {"validations"}),
       [&](const json& one) { made.validations.push_back(validation_of(one, all)); });
  each(json_member(spec, {"auditAnnotations"}), [&](const json& one) {
    made.audit_annotations.push_back({text(one, {"key"}), compile(text(one, {"valueExpression"}), all)});
  });
  all.declare_structures(cel::patch_structure);
  made.again_if_changed = text(spec, {"reinvocationPolicy"}) == "IfNeeded";
  each(json_member(spec, {"mutations"}), [&](const json& one) {
    const bool is_patch = text(one, {"patchType"}) == "JSONPatch";
    const char* member = is_patch ? "jsonPatch" : "applyConfiguration";
    made.mutations.push_back({is_patch, compile(text(one, {member, "expression"}), all)});
  });
  return made;
}

policy_binding binding_of(const json& object) {
  policy_binding made;
  const json& spec = json_member(object, {"spec"});
  made.name = text(object, {"metadata", "name"});
  made.match = match_rules_of(json_member(spec, {"matchResources"}));
  if (const json& reference = json_member(spec, {"paramRef"}); reference.is_object()) {
    made.has_param_reference = true;
    made.param_name = text(reference, {"name"});
    made.param_space = text(reference, {"namespace"});
    if (const json& selector = json_member(reference, {"selector"}); selector.is_object())
      made.param_selector = read_admission_selector(selector);
    made.denies_without_params = text(reference, {"parameterNotFoundAction"}) != "Allow";
  }
  each(json_member(spec, {"validationActions"}), [&](const json& action) {
    made.denies = made.denies || action == "Deny";
    made.warns = made.warns || action == "Warn";
    made.audits = made.audits || action == "Audit";
  });
  return made;
}

} // namespace

std::shared_ptr<const policy_set> compile_policies(const std::vector<json>& policies,
                                                   const std::vector<json>& bindings) {
  auto made = std::make_shared<policy_set>();
  for (const json& policy : policies) {
    std::vector<policy_binding> bound;
    for (const json& binding : bindings)
      if (text(binding, {"spec", "policyName"}) == text(policy, {"metadata", "name"}))
        bound.push_back(binding_of(binding));
    if (bound.empty()) continue;
    std::ranges::sort(bound, {}, &policy_binding::name);
    made->push_back({policy_of(policy), std::move(bound)});
  }
  std::ranges::sort(*made, {}, [](const bound_policy& one) { return one.policy.name; });
  return made;
}

} // namespace actord::actors
