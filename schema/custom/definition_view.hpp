#pragma once

#include "schema/view/meta_view.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {

/// spec.names of a CustomResourceDefinition, and as much of it as status.acceptedNames has.
struct definition_names {
  std::string plural;
  std::string singular;
  std::string kind;
  std::string list_kind;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;

  bool operator==(const definition_names&) const = default;
};

struct definition_view {
  meta_view meta;
  std::string group;
  definition_names wanted;
  definition_names accepted;
  std::vector<condition_view> conditions;
  std::vector<std::string> served; ///< versions, as spec.versions says
};

/// Never fails: fields that are missing or of another type read as absent.
definition_view parse_definition(std::string_view canonical_text);

} // namespace actord::schema
