#pragma once

#include "actors/admission/admission_chain.hpp"
#include "actors/controllers/access/token_minter.hpp"
#include "actors/controllers/nodes/life_board.hpp"
#include "actors/controllers/verdict_board.hpp"
#include "actors/nodes/fence/epoch_board.hpp"
#include "actors/objects/root_certificate.hpp"
#include "net/pki/certificates.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/result.hpp"
#include "schema/base/rng.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace caf {
class actor_system;
}

namespace actord::storage {
class store;
}

namespace actord::actors {

class actor_registry;
class event_recorder;
class foreign_contents;
class object_router;

struct controller_collaborators {
  caf::actor_system& system;
  storage::store& store;
  object_router& router;
  actor_registry& registry;
  event_recorder& events;
  const clock_source& clock;
  random_source& random;
  std::optional<raft_term> term = {}; ///< their writes are of this term of leadership and no other
};

/// The running controllers and the scheduler. Stops them when destroyed and waits until the last reconciler
/// let go of its collaborators; all of those must outlive this.
class controllers {
public:
  virtual ~controllers() = default;

  /// Asks all to stop, without waiting: for tests that step the actor system themselves.
  virtual void begin_stop() = 0;
  /// Times of day came nearer or went away: the controllers look at everything again. Any thread, but not
  /// after `begin_stop`.
  virtual void clock_was_set() = 0;
  /// The latest verdicts of controllers and scheduler, for people who ask why.
  [[nodiscard]] virtual const verdict_board& verdicts() const = 0;
};

/// Which controllers run: "*" all, "none", "-name" all but that one, "name" that one. Later entries win.
/// Names: those of `controller_names`. An unknown name is `bad_request`.
result<std::vector<std::string>> choose_controllers(const std::vector<std::string>& wanted);
const std::vector<std::string>& controller_names();

/// What some controllers act with: the cluster's authority, whose certificate pods verify the API server by,
/// and the authorizer. Without its key nothing is signed.
struct controller_powers {
  net::certified_key authority;
  access_check may;
  token_minter mint = {}; ///< signs the tokens of secrets
  /// The authority that signs at present, where it may change while the controllers run; none: `authority`.
  std::function<net::certified_key()> signer = {};
  /// Where the network tells which nodes are connected; none: nodes live by what they write.
  std::shared_ptr<life_board> board = {};
  /// What pods verify the API server by, where it may change while the controllers run; none: `authority`.
  std::optional<root_certificate> published = {};
  /// Where nodes' epochs are confirmed; none: no fenced pod of a lost node is ever known to have ended.
  std::shared_ptr<epoch_board> epochs = {};
  /// What namespaces have outside of the store; none: nothing.
  std::shared_ptr<foreign_contents> foreign = {};
};

/// `names` as chosen by `choose_controllers`.
std::unique_ptr<controllers> start_controllers(const controller_collaborators& with,
                                               const std::vector<std::string>& names,
                                               const controller_powers& powers);

} // namespace actord::actors
