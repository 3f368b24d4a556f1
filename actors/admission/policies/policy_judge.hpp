#pragma once

#include "actors/admission/policies/compiled_policy.hpp"
#include "schema/base/result.hpp"
#include "schema/cel/library/authorizers.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace actord::actors {

/// A write that policies judge, with what they may ask about it.
struct judged_write {
  matched_write what;
  const json& request;       ///< as expressions see it: an AdmissionRequest
  const json* space;         ///< the Namespace object; null for cluster-wide objects
  std::string_view in_space; ///< of the object; empty for cluster-wide ones
  schema::cel::access_judge may;
  /// The parameters that a binding names; `space` is empty for cluster-wide ones.
  std::function<std::vector<json>(const param_kind&, const policy_binding&)> params;
};

/// What the policies say of a write.
struct policy_verdict {
  struct refusal {
    std::string message; ///< "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: ..."
    std::string reason;  ///< of the Status
  };
  std::optional<refusal> refused; ///< the first of all
  std::vector<std::string> warnings;
  std::map<std::string, std::string> audit_notes;
};

policy_verdict judge_write(const policy_set& policies, const judged_write& write);

} // namespace actord::actors
