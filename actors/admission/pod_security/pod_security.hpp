#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/rules/kind_rules.hpp"
#include "schema/view/meta_view.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The Pod Security Standards: what the labels of a namespace ask of its pods, and what a pod does against
/// it.

namespace actord::actors {

enum class security_level : std::uint8_t { privileged, baseline, restricted };

/// "restricted:latest", "baseline:v1.24".
struct security_standard {
  static constexpr int latest = 1'000'000;

  security_level level = security_level::privileged;
  int minor = latest; ///< of the version 1.x of the standard

  [[nodiscard]] std::string text() const;
  bool operator==(const security_standard&) const = default;
};

struct security_policy {
  security_standard enforce;
  security_standard audit;
  security_standard warn;

  [[nodiscard]] bool asks_nothing() const;
};

/// From the labels pod-security.kubernetes.io/{enforce,audit,warn}[-version]. A wrong level enforces
/// "restricted" and warns of nothing; `errors`, unless null, tells which labels are wrong.
security_policy security_policy_of(const schema::text_map& labels, schema::field_errors* errors);

/// One rule of the standard that a pod breaks.
struct security_violation {
  std::string reason; ///< "host namespaces"
  std::string detail; ///< "hostNetwork=true, hostPID=true"

  bool operator==(const security_violation&) const = default;
};

/// `pod` is a pod or a pod template: an object with metadata and spec. In the order in which they are told.
std::vector<security_violation> security_violations(const security_standard& standard, const json& pod);

/// "host namespaces (hostPID=true), privileged (...)"
std::string with_details(const std::vector<security_violation>& violations);
std::string reasons_only(const std::vector<security_violation>& violations);

} // namespace actord::actors
