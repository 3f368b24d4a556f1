#include "actors/admission/policies/policy_judge.hpp"

#include "actors/admission/policies/policy_evaluation.hpp"
#include "schema/base/json.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

namespace cel = schema::cel;

constexpr std::size_t most_message_bytes = 5120;
constexpr std::size_t most_annotation_bytes = 10 * 1024;

std::string trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\n\v\f\r";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(blanks) - first + 1));
}

class judge {
public:
  judge(const judged_write& write, policy_verdict& verdict) : write_(write), verdict_(verdict) {}

  void judge_policy(const bound_policy& bound) {
    if (!bound.policy.match.match(write_.what)) return;
    for (const policy_binding& binding : bound.bindings) {
      if (!binding.match.match(write_.what)) continue;
      const bool found = with_params(bound.policy, binding, write_,
                                     [&](const json* params) { judge_with(bound.policy, binding, params); });
      if (!found && binding.denies_without_params && bound.policy.fails_closed)
        act(bound.policy, binding, 0, std::string(no_params), "Invalid", true);
    }
  }

private:
  void judge_with(const compiled_policy& policy, const policy_binding& binding, const json* params) {
    policy_evaluation run(policy, write_, params);
    if (const cel::value met = run.conditions_met(); !met.is_true()) {
      if (met.failed() && policy.fails_closed) act(policy, binding, 0, met.message(), "Invalid", true);
      return;
    }
    for (std::size_t i = 0; i < policy.validations.size(); ++i) validate(policy, binding, run, i);
    for (const named_expression& annotation : policy.audit_annotations)
      annotate(policy, binding, run, annotation);
  }

  void validate(const compiled_policy& policy, const policy_binding& binding, policy_evaluation& run,
                std::size_t index) {
    const policy_validation& validation = policy.validations[index];
    const cel::value found = run.run(validation.expression);
    if (found.failed()) {
      if (policy.fails_closed)
        act(policy, binding, index,
            fmt::format("expression '{}' resulted in error: {}", validation.expression.written,
                        found.message()),
            "Invalid", false);
      return;
    }
    if (!found.is_true()) act(policy, binding, index, message_of(validation, run), validation.reason, false);
  }

  static std::string message_of(const policy_validation& validation, policy_evaluation& run) {
    if (validation.message_expression) {
      const cel::value made = run.run(*validation.message_expression);
      if (const auto seen = made.string()) {
        std::string text = trimmed(*seen);
        if (!text.empty() && text.size() <= most_message_bytes && text.find('\n') == std::string::npos)
          return text;
      }
    }
    return validation.message.empty() ? "failed expression: " + validation.expression.written
                                      : validation.message;
  }

  /// `always`: what keeps a policy from being asked at all denies whatever the binding does.
  void act(const compiled_policy& policy, const policy_binding& binding, std::size_t index,
           const std::string& message, const std::string& reason, bool always) {
    if ((binding.denies || always) && !verdict_.refused)
      verdict_.refused = {fmt::format("ValidatingAdmissionPolicy '{}' with binding '{}' denied request: {}",
                                      policy.name, binding.name, message),
                          reason};
    if (binding.warns)
      verdict_.warnings.push_back(
          fmt::format("Validation failed for ValidatingAdmissionPolicy '{}' with binding '{}': {}",
                      policy.name, binding.name, message));
    if (!binding.audits) return;
    json actions = json::array();
    if (binding.denies) actions.push_back("Deny");
    if (binding.warns) actions.push_back("Warn");
    actions.push_back("Audit");
    std::string& note = verdict_.audit_notes["validation.policy.admission.k8s.io/validation_failure"];
    json all = note.empty() ? json::array() : json::parse(note);
    all.push_back({{"message", message},
                   {"policy", policy.name},
                   {"binding", binding.name},
                   {"expressionIndex", index},
                   {"validationActions", std::move(actions)}});
    note = all.dump();
  }

  void annotate(const compiled_policy& policy, const policy_binding& binding, policy_evaluation& run,
                const named_expression& annotation) {
    const cel::value made = run.run(annotation.expression);
    if (made.failed()) {
      if (policy.fails_closed) act(policy, binding, 0, made.message(), "Invalid", true);
      return;
    }
    const auto seen = made.string();
    if (!seen) return;
    const std::string text = trimmed(seen->substr(0, most_annotation_bytes));
    if (text.empty()) return;
    std::string& note = verdict_.audit_notes[policy.name + "/" + annotation.name];
    if (note.empty())
      note = text;
    else if (note != text)
      note += ", " + text;
  }

  const judged_write& write_;
  policy_verdict& verdict_;
};

} // namespace

policy_verdict judge_write(const policy_set& policies, const judged_write& write) {
  policy_verdict verdict;
  judge all(write, verdict);
  for (const bound_policy& one : policies) all.judge_policy(one);
  return verdict;
}

} // namespace actord::actors
