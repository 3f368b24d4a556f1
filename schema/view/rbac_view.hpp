#pragma once

#include "schema/view/meta_view.hpp"
#include "schema/view/selector_view.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {

/// One entry of a role's `rules`: what may be done to which resources, or to which paths. "*" in a list
/// stands for everything; an empty `names` for every object.
struct policy_rule {
  std::vector<std::string> verbs;
  std::vector<std::string> groups;    ///< apiGroups
  std::vector<std::string> resources; ///< "pods", "pods/log", "*/scale", "*"
  std::vector<std::string> names;     ///< resourceNames
  std::vector<std::string> urls;      ///< nonResourceURLs; a '*' at the end stands for any rest

  bool operator==(const policy_rule&) const = default;
};

/// A Role or, where `meta.space` is empty, a ClusterRole.
struct role_view {
  meta_view meta;
  std::vector<policy_rule> rules;
  std::vector<selector_view> aggregates; ///< aggregationRule.clusterRoleSelectors
};

struct role_reference {
  std::string kind; ///< "Role" or "ClusterRole"
  std::string name;

  bool operator==(const role_reference&) const = default;
};

struct binding_subject {
  std::string kind; ///< "User", "Group" or "ServiceAccount"
  std::string name;
  std::string space; ///< of a service account; empty means the binding's own

  bool operator==(const binding_subject&) const = default;
};

/// A RoleBinding or, where `meta.space` is empty, a ClusterRoleBinding.
struct role_binding_view {
  meta_view meta;
  role_reference role;
  std::vector<binding_subject> subjects;
};

role_view parse_role(std::string_view canonical_text);
role_binding_view parse_role_binding(std::string_view canonical_text);

} // namespace actord::schema
