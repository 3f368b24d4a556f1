#pragma once

#include "schema/base/json.hpp"

#include <optional>

/// What becomes, at each start, of a default role or binding that is there already. Pure.

namespace actord::actors {

/// How a stored default object has to change.
struct default_change {
  json object;           ///< as it should be
  bool replaces = false; ///< the old one must go first: what a binding leads to cannot change
};

/// None when the object is as it should be, or its owner said so with the annotation
/// rbac.authorization.kubernetes.io/autoupdate=false. What was added to it stays: rules, subjects, labels and
/// annotations are only put back.
std::optional<default_change> reconcile_default(const json& wanted, const json& stored);

} // namespace actord::actors
