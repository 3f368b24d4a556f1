#pragma once

#include "schema/view/meta_view.hpp"

#include <string>
#include <vector>

/// Label selectors (metav1.LabelSelector) and node selectors as values, with what they match.

namespace actord::schema {

enum class selector_operator : std::uint8_t { in, not_in, exists, does_not_exist, greater, less };

struct selector_requirement {
  std::string key;
  selector_operator op = selector_operator::in;
  std::vector<std::string> values;

  bool operator==(const selector_requirement&) const = default;
  /// Follows node selectors for greater and less (integers; anything else does not match).
  [[nodiscard]] bool matches(const text_map& labels) const;
};

/// matchLabels are kept as `in` requirements with one value. An absent selector matches nothing, an empty one
/// all.
struct selector_view {
  bool present = false;
  std::vector<selector_requirement> requirements;

  bool operator==(const selector_view&) const = default;
  [[nodiscard]] bool matches(const text_map& labels) const;
};

/// A selector of plain equalities, such as a service's; an empty map makes an absent selector.
selector_view selector_of(const text_map& equalities);

selector_requirement parse_selector_requirement(read::value in);
selector_view parse_label_selector(read::value in);

} // namespace actord::schema
