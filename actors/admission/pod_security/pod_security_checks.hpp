#pragma once

#include "actors/admission/pod_security/pod_security.hpp"
#include "schema/rules/checks/field.hpp"

#include <climits>
#include <optional>
#include <span>
#include <vector>

namespace actord::actors {

/// A pod as the checks look at it. Views the JSON it was made of.
struct security_subject {
  explicit security_subject(const json& pod);

  schema::rules::field metadata;
  schema::rules::field spec;
  std::vector<schema::rules::field> containers; ///< init containers, containers, ephemeral ones
};

/// A rule of the standard. In version 1.minor it belongs to `level` while from ≤ minor < until. A baseline
/// rule is left out of the restricted standard from `superseded_from` on, where a stricter one covers it.
struct security_check {
  security_level level;
  int from;
  int until;
  int superseded_from;
  std::optional<security_violation> (*judge)(const security_subject& pod);
};

inline constexpr int newest_security_minor = 35;

/// In the order in which violations are told.
std::span<const security_check> security_checks();

} // namespace actord::actors
