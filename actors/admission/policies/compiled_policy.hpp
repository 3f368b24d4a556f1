#pragma once

#include "actors/admission/policies/match_rules.hpp"
#include "schema/base/json_fwd.hpp"
#include "schema/cel/program.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Admission policies and their bindings, ready to judge with. Immutable; shared by all writes of a time.

namespace actord::actors {

struct compiled_expression {
  std::string written;
  std::optional<schema::cel::program> program;
  std::string complaint; ///< why there is no program
};

struct named_expression {
  std::string name;
  compiled_expression expression;
};

struct policy_validation {
  compiled_expression expression;
  std::string message; ///< trimmed; may be empty
  std::optional<compiled_expression> message_expression;
  std::string reason; ///< of the Status; "Invalid" unless the policy says otherwise
};

struct policy_mutation {
  bool is_patch = false; ///< a JSON patch; else what to apply
  compiled_expression expression;
};

struct param_kind {
  std::string group;
  std::string version;
  std::string kind;
};

struct compiled_policy {
  std::string name;
  bool fails_closed = true; ///< failurePolicy: Fail
  match_rules match;
  std::optional<param_kind> params;
  std::vector<named_expression> conditions;
  std::vector<named_expression> variables;
  std::vector<policy_validation> validations;
  std::vector<named_expression> audit_annotations;
  std::vector<policy_mutation> mutations;
  bool again_if_changed = false; ///< reinvocationPolicy: IfNeeded
};

struct policy_binding {
  std::string name;
  match_rules match;
  bool has_param_reference = false;
  std::string param_name;
  std::string param_space;
  std::optional<schema::selector_view> param_selector;
  bool denies_without_params = true;
  bool denies = false;
  bool warns = false;
  bool audits = false;
};

/// A policy with those that put it into force.
struct bound_policy {
  compiled_policy policy;
  std::vector<policy_binding> bindings;
};

using policy_set = std::vector<bound_policy>;

/// Validating or mutating policies and their bindings, in order of name; policies that nobody binds are left
/// out.
std::shared_ptr<const policy_set> compile_policies(const std::vector<json>& policies,
                                                   const std::vector<json>& bindings);

} // namespace actord::actors
