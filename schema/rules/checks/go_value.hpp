#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/rules/kind_rules.hpp"

#include <string_view>

/// Objects as they stand in the messages of a Kubernetes server, which prints its internal structures: fields
/// in the order of their declaration, each of them, under their Go names. Types of the API machinery
/// (io.k8s.apimachinery) keep the names and the omissions of their JSON.

namespace actord::schema::rules {

/// `type` names the API type ("io.k8s.api.core.v1.Toleration"); it must exist.
printed_value as_structure(std::string_view type, const json& value);
/// A list of such; null where there is none.
printed_value as_structures(std::string_view type, const json& values);

inline constexpr std::string_view label_selector_type = "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector";

} // namespace actord::schema::rules
