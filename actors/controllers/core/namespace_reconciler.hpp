#pragma once

#include "actors/controllers/core/foreign_contents.hpp"
#include "actors/controllers/plan.hpp"
#include "schema/view/namespace_view.hpp"

#include <map>
#include <string>
#include <vector>

/// Empties a namespace that is being deleted, then lets it go.

namespace actord::actors {

/// An object in the namespace.
struct namespace_content {
  object_key key;
  std::string uid;
  bool being_deleted = false;
  std::vector<std::string> finalizers; ///< of objects being deleted only
};

struct namespace_state {
  object_key key;
  seen<schema::namespace_view> space;
  std::vector<namespace_content> content;
  foreign_content foreign = {}; ///< of a namespace that is being deleted
};

plan reconcile(const namespace_state& state, wall_time now);

} // namespace actord::actors
