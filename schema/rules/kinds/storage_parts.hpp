#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/rules/checks/field.hpp"
#include "schema/rules/kind_rules.hpp"

#include <string_view>

/// Parts that storage kinds share.

namespace actord::schema::rules {

/// A PersistentVolumeSpec; `inline_spec` is one that stands in an attachment instead of an object of its own.
void check_volume_spec(const field& spec, std::string_view volume_name, bool inline_spec,
                       field_errors& errors);
void default_volume_spec(json& spec);
/// Adds the finalizer unless it is there.
void add_finalizer(json& object, std::string_view finalizer);

} // namespace actord::schema::rules
