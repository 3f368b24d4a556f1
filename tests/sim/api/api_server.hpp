#pragma once

#include "actors/admission/admission_chain.hpp"
#include "actors/api/api_frontend.hpp"
#include "actors/authentication/token_authority.hpp"
#include "actors/authorization/authorizer.hpp"
#include "actors/authorization/role_guard.hpp"
#include "actors/cluster/leadership_keeper.hpp"
#include "actors/console/actor_registry.hpp"
#include "actors/flow/flow_gate.hpp"
#include "actors/objects/object_router.hpp"
#include "tests/sim/api/client_connection.hpp"
#include "tests/sim/api/server_links.hpp"
#include "tests/sim/api/stage.hpp"
#include "tests/sim/member.hpp"
#include "tests/sim/mutant.hpp"
#include "tests/sim/tenant.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace actord::sim {

/// One life of a server's API above its member's store, as the daemon puts it together: everything from the
/// request as a value to the store, and back to the answer as a value.
///
///   clients ──requests──▶ api_frontend ──▶ write_forwarder ──▶ server_links ──▶ another api_server
///                              │                 └── leads ──▶ object_router ──▶ object actors ──▶ store
///                              └──▶ reads and watches of this member's store
class api_server final : public tenant {
public:
  /// What all servers of a run share.
  struct surroundings {
    dice chance;
    stage::scheduler schedule;
    server_links& links;
    bool has_others = true;
    mutant wrong = mutant::none;
    bool quiet = false; ///< leaders write nothing of their own any more
  };

  api_server(member& home, surroundings& around);
  ~api_server() override;
  api_server(const api_server&) = delete;
  api_server& operator=(const api_server&) = delete;

  void advance(std::chrono::microseconds by) override { stage_.advance(by); }
  void resume() override { stage_.resume(); }
  void leave() override;

  /// A request that arrives on a connection of its own, which breaks with this life.
  void accept(net::http_request request, const std::shared_ptr<client_connection>& connection);
  [[nodiscard]] stage& threads() { return stage_; }
  /// Actors that order writes of objects here.
  [[nodiscard]] std::size_t object_actors() const;
  /// How often this life has begun to lead.
  [[nodiscard]] std::uint64_t leaderships() const { return leaderships_; }

private:
  void begin_to_listen();
  [[nodiscard]] std::optional<raft_term> leading_in();

  member& home_;
  surroundings& around_;
  actors::actor_registry registry_;
  stage stage_;
  std::unique_ptr<storage::store> crooked_; ///< a mutant's; null: the store itself
  storage::store& store_;
  std::unique_ptr<actors::authorizer> authorization_;
  std::unique_ptr<actors::admission_chain> admission_;
  std::unique_ptr<actors::role_guard> roles_;
  std::shared_ptr<const actors::token_authority> tokens_;
  std::unique_ptr<actors::leader_link> link_;
  std::unique_ptr<actors::object_router> router_;
  std::shared_ptr<actors::flow_gate> gate_;
  std::unique_ptr<actors::api_frontend> frontend_;
  net::http_handler handler_;
  std::unique_ptr<actors::leadership_keeper> keeper_;
  std::shared_ptr<void> listening_; ///< to who leads
  raft_term leading_in_;            ///< 0: it follows
  std::uint64_t leaderships_ = 0;
  std::vector<std::weak_ptr<client_connection>> connections_;
};

} // namespace actord::sim
