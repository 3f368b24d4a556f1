#pragma once

#include "schema/base/ids.hpp"
#include "schema/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {
class object_view;
struct resource_type;
} // namespace actord::schema

/// The one-line selectors of the query options labelSelector and fieldSelector, evaluated on envelopes.

namespace actord::actors {

enum class label_operator : std::uint8_t { equals, in, not_in, exists, absent, greater, less };

struct label_requirement {
  std::string key;
  label_operator op = label_operator::exists;
  std::vector<std::string> values;

  bool operator==(const label_requirement&) const = default;
};

struct field_requirement {
  std::string path;
  std::string value;
  bool negated = false;

  bool operator==(const field_requirement&) const = default;
};

struct object_selector {
  std::vector<label_requirement> labels;
  std::vector<field_requirement> fields;

  [[nodiscard]] bool empty() const { return labels.empty() && fields.empty(); }
  [[nodiscard]] bool matches(const schema::object_view& object) const;
  /// The value a field must have, when one is asked for ("metadata.name").
  [[nodiscard]] std::optional<std::string_view> required_field(std::string_view path) const;
};

/// "a=b,c in (x,y),!d,e>3"
result<std::vector<label_requirement>> parse_label_selector(std::string_view text);
/// "metadata.name=x,status.phase!=Running"; only the fields this kind can be selected by.
result<std::vector<field_requirement>> parse_field_selector(std::string_view text,
                                                            const schema::resource_type& type);

} // namespace actord::actors
