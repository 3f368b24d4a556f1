#pragma once

#include "actors/authorization/access_question.hpp"
#include "schema/view/rbac_view.hpp"

#include <string>
#include <vector>

/// What the rules of roles mean. Pure.

namespace actord::actors {

using schema::policy_rule;

bool rule_allows(const policy_rule& rule, const access_question& question);

/// What of `asked` nobody who holds `held` has.
struct rule_shortfall {
  std::vector<policy_rule> missing; ///< broken down to one verb, resource and name each
  bool too_many = false;            ///< more combinations than are looked at: taken for not held

  [[nodiscard]] bool none() const { return missing.empty() && !too_many; }
};
rule_shortfall rules_not_held(const std::vector<policy_rule>& held, const std::vector<policy_rule>& asked);

/// Puts the verbs of rules that differ in nothing else together: the form in which people read them.
std::vector<policy_rule> compact_rules(const std::vector<policy_rule>& rules);
/// `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`, as Kubernetes words it.
std::string describe_rule(const policy_rule& rule);
/// A text as Go quotes it, which is what clients of Kubernetes see: `"DOMAIN\\user"`.
std::string quote(std::string_view text);
/// A list as Go prints it: `["a" "b"]`.
std::string describe_list(const std::vector<std::string>& items);

} // namespace actord::actors
