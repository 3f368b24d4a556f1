#pragma once

#include "schema/base/ids.hpp"
#include "schema/base/result.hpp"
#include "schema/base/rng.hpp"

#include <memory>
#include <optional>
#include <string>

namespace caf {
class actor_system;
}

namespace actord::storage {
class store;
}

namespace actord::actors {

class actor_registry;
class object_router;

/// Where the keys come from. `config_file` empty: `default_file`, made on the first start.
struct encryption_source {
  std::string config_file;
  std::string default_file;
};

/// Reads the keys, puts them in use, checks that all that is stored can be read with them, and saves a key
/// file made now. Before anything else reads or writes the store; an error names key and file, and has
/// changed nothing.
result<void> open_encryption(const encryption_source& source, const storage::store& store,
                             random_source& random);

/// Keeps the record of needed keys (stored_keys.hpp) and rewrites what is not encrypted with its current key,
/// in the background, until destroyed.
class encryption_keeper {
public:
  struct collaborators {
    caf::actor_system& system;
    storage::store& store;
    object_router& router;
    actor_registry& registry;
    std::optional<raft_term> term = {}; ///< its writes are of this term of leadership and no other
  };

  explicit encryption_keeper(collaborators with);
  ~encryption_keeper();
  encryption_keeper(const encryption_keeper&) = delete;
  encryption_keeper& operator=(const encryption_keeper&) = delete;

  /// Blocks until the record names the keys in use: nothing may be encrypted with a key before that.
  result<void> announce_keys();

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace actord::actors
