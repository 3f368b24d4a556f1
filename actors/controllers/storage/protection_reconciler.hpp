#pragma once

#include "actors/controllers/plan.hpp"
#include "schema/view/meta_view.hpp"

namespace actord::actors {

/// Something that others use, and that must not go before they do.
struct protected_state {
  object_key key;
  seen<schema::meta_view> object;
  std::string finalizer;
  std::string used_by; ///< empty: by nobody
};

/// Keeps the finalizer on the object while it lives or is in use, and takes it off when it may go.
plan reconcile(const protected_state& state);

} // namespace actord::actors
