#pragma once

#include "schema/base/json.hpp"
#include "schema/base/result.hpp"
#include "schema/tables/type_table.hpp"

#include <string>

/// The view of a type that ownership and server-side apply need: what is one piece, and how list items are
/// told apart. Internal to schema/patch.

namespace actord::schema {

struct merge_type {
  /// Null where nothing is known about the value: it is then taken apart by its own shape, lists being one
  /// piece.
  const value_type* value = nullptr;
  list_merge merge = list_merge::atomic;
  bool atomic = false;
  bool granular = false; ///< whatever the struct's type says
  std::span<const std::string_view> keys;

  static merge_type of_field(const field_type& field) {
    if (field.value.kind == value_kind::deduced) return {};
    return {&field.value, field.merge, field.atomic_map, field.granular_map, field.merge_keys};
  }
  /// An item or a map's value, which says itself how it merges, if it does.
  static merge_type of_value(const value_type* value) {
    if (value == nullptr || value->kind == value_kind::deduced) return {};
    return value->nested != nullptr ? of_field(*value->nested) : merge_type{value, {}, false, false, {}};
  }

  /// Whether a value of this type is owned and replaced in one piece. `sample` is any non-null value of it.
  [[nodiscard]] bool one_piece(const json& sample) const;
  /// The type of a member of an object. `declared` says whether the type names the member.
  [[nodiscard]] merge_type member(std::string_view name, bool& declared) const;
  [[nodiscard]] merge_type item() const { return of_value(value != nullptr ? value->items : nullptr); }
};

/// `k:{...}` or `v:...` for an item of a list that has keys or is a set; fails for items that cannot be told
/// apart.
result<std::string> item_step(const merge_type& list, const json& item);

} // namespace actord::schema
