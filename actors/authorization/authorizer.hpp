#pragma once

#include "actors/authorization/rbac_mirror.hpp"
#include "schema/base/error.hpp"

namespace actord::actors {

struct caller_identity;

/// Decides what may be done, for every request and every review:
///
///   system:masters ──▶ everything
///   a node         ──▶ what belongs to it (node_access), else
///   anybody        ──▶ what roles and bindings say (access_rules)
///
/// Nothing forbids; what nobody allows is refused. Any thread.
class authorizer {
public:
  explicit authorizer(storage::store& store) : store_(store), roles_(store) {}

  /// The quick form, for requests.
  [[nodiscard]] bool allows(const caller_identity& caller, const access_question& question) const;
  /// The same with a reason, for reviews and refusals.
  [[nodiscard]] access_verdict judge(const caller_identity& caller, const access_question& question) const;
  /// What the roles of a caller say. Nodes may do more than that: it depends on their pods.
  [[nodiscard]] held_rules rules_of(const caller_identity& caller, std::string_view space) const;

private:
  storage::store& store_;
  rbac_mirror roles_;
};

inline constexpr std::string_view masters_group = "system:masters";

/// A member of the administrators' group: may do everything, whatever roles say.
bool is_master(const caller_identity& caller);
bool is_node(const caller_identity& caller);

/// 403 in Kubernetes' words: `pods "x" is forbidden: User "u" cannot create resource "pods/exec" in API group
/// "" in the namespace "n"`, with the reason behind it if there is one.
error access_denied(const caller_identity& caller, const access_question& question,
                    std::string_view reason = {});

} // namespace actord::actors
