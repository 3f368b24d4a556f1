#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/ids.hpp"

#include <memory>
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
};

/// Events are kept for an hour after they last happened. At most `limit`, in the order of the store.
std::vector<expired_object> expired_events(const storage::snapshot& reads, wall_time now, std::size_t limit);

/// Removes what has expired, once a minute, until destroyed.
class expiry {
public:
  struct collaborators {
    caf::actor_system& system;
    storage::store& store;
    object_router& router;
    actor_registry& registry;
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
