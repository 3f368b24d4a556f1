#pragma once

#include "actors/cluster/bootstrap_objects.hpp"
#include "actors/controllers/controllers.hpp"
#include "schema/base/ids.hpp"
#include "schema/base/result.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace actord::actors {

/// All that a server does because it leads, and only while it does: takes the writes of objects, runs the
/// controllers and the scheduler, keeps deadlines, encrypts anew. Begun in one term, it writes in that term
/// only, and ends whole when destroyed: nothing of it writes afterwards.
class leadership {
public:
  struct collaborators {
    caf::actor_system& system;
    storage::store& store;
    object_router& router; ///< closed; of this leadership until it ends
    actor_registry& registry;
    const clock_source& clock;
    random_source& random;
  };
  struct plan {
    bootstrap_facts first_objects;
    std::vector<std::string> controllers; ///< as chosen by `choose_controllers`
    controller_powers powers;
    /// What else is stored before others may write; blocks. None in tests.
    std::function<result<void>()> enter = nullptr;
    /// Where the API of each server that lives is; the service `kubernetes` leads there. None in tests.
    std::function<std::vector<std::string>()> live_servers = nullptr;
  };

  /// Once the store may propose in `term`. Blocks until the objects that every cluster has are stored; from
  /// then on the router is open to all.
  static result<std::unique_ptr<leadership>> begin(const collaborators& with, const plan& what,
                                                   raft_term term);
  virtual ~leadership() = default;
};

} // namespace actord::actors
