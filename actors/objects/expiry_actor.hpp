#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/ids.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace caf {
class actor_system;
}

namespace actord::storage {
class snapshot;
class store;
} // namespace actord::storage

namespace actord::actors {

class actor_registry;
class object_router;

/// An object that has outlived its time, as it was when that was found.
struct expired_object {
  object_key key;
  revision at;
  std::string_view why; ///< for the cause of its removal
};

/// What has outlived its time (schema/object/object_deadline.hpp): longest ago first, at most `limit`.
std::vector<expired_object> expired_objects(const storage::snapshot& reads, wall_time now, std::size_t limit);

/// The one timer behind the deadlines of all objects: removes what has outlived its time, a few seconds after
/// it has, until destroyed. A deadline is a row of the store and keeps no actor.
class expiry {
public:
  struct collaborators {
    caf::actor_system& system;
    storage::store& store;
    object_router& router;
    actor_registry& registry;
    std::optional<raft_term> term = {}; ///< its writes are of this term of leadership and no other
  };

  explicit expiry(collaborators with);
  ~expiry();
  expiry(const expiry&) = delete;
  expiry& operator=(const expiry&) = delete;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace actord::actors
