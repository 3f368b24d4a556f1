#pragma once

#include "actors/controllers/plan.hpp"
#include "schema/view/meta_view.hpp"

#include <string>
#include <vector>

/// Ownership over life and death: what an object that lost all owners, or is being deleted before its
/// dependents, comes to.

namespace actord::actors {

enum class owner_fate : std::uint8_t {
  solid,    ///< there, or of a kind that is not known here
  dangling, ///< gone, or another object of the same name
  waiting,  ///< being deleted, waits for dependents that block it
};

struct dependent {
  object_key key;
  std::string uid;
  revision at;
  schema::meta_view meta;
  bool has_dependents = false;
};

struct garbage_state {
  object_key key;
  seen<schema::meta_view> object;
  std::vector<owner_fate> owners; ///< parallel to the object's owner references
  bool has_dependents = false;
  /// What waits for this object's end is what this object waits for: somebody has to let go.
  bool in_circle = false;
  /// Owner references of objects that live in another namespace; owners are looked for in the object's own
  /// only.
  std::vector<schema::owner_view> elsewhere;
  /// Objects that name this one as an owner; read only while it waits for them.
  std::vector<dependent> dependents;
};

inline constexpr std::string_view foreground_finalizer = "foregroundDeletion";
inline constexpr std::string_view orphan_finalizer = "orphan";

plan reconcile(const garbage_state& state);

} // namespace actord::actors
