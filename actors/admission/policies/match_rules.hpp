#pragma once

#include "actors/admission/admission_rules.hpp"
#include "schema/base/json_fwd.hpp"
#include "schema/view/meta_view.hpp"
#include "schema/view/selector_view.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {
struct resource_type;
}

/// Which writes an admission policy or a binding is about (MatchResources).

namespace actord::actors {

/// A write as rules of matching look at it.
struct matched_write {
  const schema::resource_type& type;
  std::string_view subresource;
  std::string_view name;
  std::string_view operation;   ///< CREATE, UPDATE, DELETE
  const json* object = nullptr; ///< null for a removal
  const json* old = nullptr;    ///< null for a create
  /// Labels of the object's namespace, or of the object where that is a namespace; nothing for other
  /// cluster-wide objects, which every selector of namespaces matches.
  std::function<std::optional<schema::text_map>()> space_labels;
};

struct match_rules {
  bool given = false;     ///< false: everything matches
  bool equivalent = true; ///< other versions of a resource count as the one that is named
  schema::selector_view spaces;
  schema::selector_view objects;
  std::vector<admission_rule> rules; ///< empty: all resources (in bindings)
  std::vector<admission_rule> excluded;

  [[nodiscard]] bool match(const matched_write& write) const;

private:
  [[nodiscard]] bool named_by(const std::vector<admission_rule>& list, const matched_write& write) const;
};

/// matchConstraints of a policy, matchResources of a binding.
match_rules match_rules_of(const json& given);

} // namespace actord::actors
