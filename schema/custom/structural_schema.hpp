#pragma once

#include "schema/base/json.hpp"
#include "schema/custom/text_pattern.hpp"
#include "schema/tables/type_table.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// An openAPIV3Schema, compiled: what the pruning, defaulting and validation of custom objects walk along.

namespace actord::schema::custom {

enum class value_shape : std::uint8_t { any, object, array, string, integer, number, boolean };

struct schema_node;

/// What a value must be beyond its type. Most nodes have none of it.
struct value_checks {
  std::string format; ///< empty for formats that are not checked
  std::vector<json> choices;
  std::optional<double> minimum;
  std::optional<double> maximum;
  std::optional<double> multiple_of;
  bool exclusive_minimum = false;
  bool exclusive_maximum = false;
  bool unique_items = false;
  std::optional<std::int64_t> min_length;
  std::optional<std::int64_t> max_length;
  std::optional<std::int64_t> min_items;
  std::optional<std::int64_t> max_items;
  std::optional<std::int64_t> min_properties;
  std::optional<std::int64_t> max_properties;
  std::optional<text_pattern> pattern;
  std::vector<std::string> required;
  std::vector<schema_node> all_of;
  std::vector<schema_node> any_of;
  std::vector<schema_node> one_of;
  std::unique_ptr<schema_node> negation; ///< "not"
};

struct schema_property;

/// Invariants: `properties` is sorted by name; `rest` is only set when `open` is.
struct schema_node {
  value_shape shape = value_shape::any;
  bool int_or_string = false;
  bool nullable = false;
  bool preserve_unknown = false;
  bool embedded = false;   ///< x-kubernetes-embedded-resource
  bool atomic_map = false; ///< x-kubernetes-map-type: atomic
  bool open = false;       ///< additionalProperties is given and not false
  bool closed = false;     ///< additionalProperties: false
  list_merge merge = list_merge::atomic;
  std::vector<std::string> keys; ///< x-kubernetes-list-map-keys
  std::vector<schema_property> properties;
  std::unique_ptr<schema_node> rest; ///< what members without a property of their own are, when that is said
  std::unique_ptr<schema_node> items;
  std::optional<json> fallback; ///< "default"
  std::unique_ptr<value_checks> checks;

  schema_node();
  ~schema_node();
  schema_node(schema_node&&) noexcept;
  schema_node& operator=(schema_node&&) noexcept;

  /// Null when there is no such property.
  [[nodiscard]] const schema_node* property(std::string_view name) const;
};

struct schema_property {
  std::string name;
  schema_node schema;
};

/// The schema must be one that a definition was accepted with (schema/rules/kinds/custom_resource_schema).
/// Parts that are not JSON schema are left out.
schema_node compile_schema(const json& schema);

} // namespace actord::schema::custom
