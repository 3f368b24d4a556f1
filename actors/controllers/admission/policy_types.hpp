#pragma once

#include "schema/base/json_fwd.hpp"

#include <string>
#include <vector>

namespace actord::actors {

/// One expression of a policy that does not fit the types of an object it is to judge.
struct expression_warning {
  std::string field;   ///< "spec.validations[0].expression"
  std::string warning; ///< "apps/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'x' ..."

  bool operator==(const expression_warning&) const = default;
};

/// Compiles the validations of a ValidatingAdmissionPolicy against each kind its rules name outright, ten at
/// most. Kinds that are not served are passed over.
std::vector<expression_warning> check_policy_types(const json& policy);

} // namespace actord::actors
