#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"
#include "schema/codec/body_format.hpp"
#include "schema/custom/json_path.hpp"
#include "schema/custom/structural_schema.hpp"
#include "schema/tables/resource_table.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {

namespace custom {
class definition;
class rule_tree;
} // namespace custom

/// What a row of a custom kind's version has beyond a built-in row; resource_type::custom points here. Lives
/// with its definition, which every handle of the row holds.
struct custom_kind {
  struct column {
    std::string name;
    std::string type;
    std::string format;
    std::string description;
    int priority = 0;
    custom::json_path path;
  };
  struct selectable {
    std::string name; ///< as selectors write it: "spec.mode"
    custom::json_path path;
  };
  /// The members that the scale subresource shows, as steps.
  struct scale_paths {
    std::string replicas_text; ///< ".spec.replicas", as errors name it
    std::string seen_text;
    std::string selector_text; ///< empty when there is none
    std::vector<std::string> replicas;
    std::vector<std::string> seen;
    std::vector<std::string> selector;
  };

  const custom::definition* definition = nullptr;
  std::string version;
  std::string list_kind;
  std::string schema_text; ///< openAPIV3Schema as canonical JSON, for documentation
  custom::schema_node schema;
  const custom::schema_node* status_schema = nullptr; ///< of the member "status"; null when it has none
  std::shared_ptr<const custom::rule_tree> rules;     ///< x-kubernetes-validations; null when there are none
  bool has_status = false;                            ///< the status subresource is on
  std::optional<scale_paths> scale;
  std::vector<column> columns; ///< without the name, which comes first
  std::vector<selectable> selectables;
  std::string deprecation; ///< the warning that requests to this version get; empty for none
};

namespace custom {

/// Reads an object of the kind that a client sent or a patch made: coerces it to the schema and returns what
/// strict validation complains about (`unknown field "spec.a"`). Errors have Go's reason only.
result<std::vector<std::string>> take_object(const custom_kind& kind, json& object,
                                             field_validation validation);

/// A stored text as an object of the kind: shaped by the version it was written with, then by this one. Where
/// a webhook converts, that is the object as it was written whatever `kind` is: enough for who looks at
/// metadata only; others have it converted first (schema/object/converted_object.hpp).
json from_stored(const custom_kind& kind, std::string_view stored_version, json object);

/// An object of the kind in the version that is stored. Not where a webhook converts between the two.
json to_stored(const custom_kind& kind, json object);

/// What a webhook made of an object, as an object of the kind.
void shape_converted(const custom_kind& kind, json& object);

/// Rules of all custom kinds, for schema/rules.
void prepare_create(json& object, const custom_kind& kind);
void prepare_update(json& object, const json& old, const custom_kind& kind, std::string_view subresource);

} // namespace custom

} // namespace actord::schema
