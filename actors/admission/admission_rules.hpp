#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/meta_view.hpp"
#include "schema/view/selector_view.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Which requests webhooks and admission policies ask for: rules and selectors. Pure.

namespace actord::actors {

/// "*" in a list stands for everything.
struct admission_rule {
  std::vector<std::string> operations;
  std::vector<std::string> groups;
  std::vector<std::string> versions;
  std::vector<std::string> resources;  ///< "pods", "pods/status", "pods/*", "*/scale", "*", "*/*"
  std::vector<std::string> names = {}; ///< of objects, policies only; empty: all
  std::string scope = "*";             ///< "Cluster", "Namespaced" or "*"
};
/// What is no rule is left out: that there is none has been seen to when the list was stored.
std::vector<admission_rule> read_admission_rules(const json& list);

/// What rules look at besides the resource.
struct ruled_request {
  std::string_view operation; ///< "CREATE", "UPDATE", "DELETE" or "CONNECT"
  std::string_view subresource;
  std::string_view name;
};
bool rule_names(const admission_rule& rule, const ruled_request& request,
                const schema::resource_type& version);

/// All versions that show the same stored objects, `type` itself excluded: rules that mean a resource in
/// whatever version (matchPolicy: Equivalent) may name one of these.
std::vector<schema::resource_handle> other_versions(const schema::resource_type& type);

/// A metav1.LabelSelector; an absent one selects everything.
schema::selector_view read_admission_selector(const json& selector);
schema::text_map labels_in(const json& object);
/// Objects without metadata, and null, are selected by nothing.
bool selects(const schema::selector_view& selector, const json* object);

} // namespace actord::actors
