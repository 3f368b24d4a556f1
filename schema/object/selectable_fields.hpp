#pragma once

#include "schema/base/ids.hpp"
#include "schema/base/json_fwd.hpp"
#include "schema/custom/custom_kind.hpp"

#include <span>
#include <string>
#include <string_view>

namespace actord::schema {

/// A field that field selectors may name, besides metadata.name and metadata.namespace.
struct selectable_field {
  std::string_view path;       ///< the name selectors use: "spec.nodeName"
  std::string_view fallback{}; ///< value of objects without the field: "false", "0" or nothing
  std::string_view member{};   ///< where the value lies, when it is not at `path`
  std::string_view also{};     ///< where to look when there is nothing at `member`
};

/// The fields of a kind, in the order in which stored envelopes hold their values. Empty for most kinds.
std::span<const selectable_field> selectable_fields(resource_id resource);

/// The value of a field of an object, as field selectors compare it.
std::string selectable_value(const json& object, const selectable_field& field);
std::string selectable_value(const json& object, const custom_kind::selectable& field);
/// Whether objects of the kind can be selected by a field besides metadata.
bool is_selectable_field(const resource_type& type, std::string_view path);

} // namespace actord::schema
