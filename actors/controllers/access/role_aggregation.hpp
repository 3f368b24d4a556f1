#pragma once

#include "actors/controllers/plan.hpp"
#include "schema/view/rbac_view.hpp"

#include <vector>

namespace actord::actors {

/// A cluster role with `aggregationRule` and the roles it selects, itself left out, by name.
struct aggregation_view {
  object_key key;
  seen<schema::role_view> role;
  std::vector<schema::role_view> selected;
};

/// Its rules become the rules of all selected roles, each once.
plan reconcile_aggregation(const aggregation_view& view);

} // namespace actord::actors
