#pragma once

#include "actors/api/own_group_service.hpp"
#include "actors/cluster/joining/node_register.hpp"
#include "actors/cluster/keys/authority_holder.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/json.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace caf {
class actor_system;
}

namespace actord::storage {
class store;
}

namespace actord::actors {

class actor_registry;
class authorizer;

/// What happens to the members of the store when servers come and go. Called on the leader; `done` exactly
/// once, on any thread.
class member_admission {
public:
  virtual ~member_admission() = default;
  /// A server is registered: it is to become a learner, and a voter when it has caught up. Also called for
  /// one that is there already.
  virtual void admit(const node_record& server, std::function<void(result<void>)> done) = 0;
  /// A server is not registered any more: it is to go.
  virtual void expel(const node_record& server, std::function<void(result<void>)> done) = 0;
};

/// Takes machines in and lets them go:
///
///   POST   /apis/actord.dev/v1/joins             a machine with a bootstrap token (create joins; servers
///   also
///                                                create joins/server)
///   POST   /apis/actord.dev/v1/joins/NODE/renew  a node that wants its next certificate (create joins/renew)
///   GET    /apis/actord.dev/v1/members           who belongs to the cluster (list members)
///   DELETE /apis/actord.dev/v1/members/NODE      takes one out (delete members)
///
///   request ─▶ checks, on the connection's thread ─▶ register, in the store ─▶ admit, servers ─▶ actor:
///   sign, answer
class join_service final : public own_group_service {
public:
  struct settings {
    std::filesystem::path pki_directory;
    std::string service_cidr;
    std::string cluster_cidr;
    std::chrono::seconds certificate_life = std::chrono::hours(90 * 24);
  };
  struct collaborators {
    caf::actor_system& system;
    storage::store& store;
    actor_registry& registry;
    const authorizer& authorization;
    const clock_source& clock;
    std::shared_ptr<const authority_holder> authority;
    std::shared_ptr<member_admission> members; ///< null: servers cannot join
  };

  join_service(collaborators with, settings how);
  ~join_service() override;
  join_service(const join_service&) = delete;
  join_service& operator=(const join_service&) = delete;

  bool serve(const request_handle& request) override;

private:
  class state;
  std::shared_ptr<state> state_;
};

/// Roles and bindings for the groups that join tokens give, and for nodes that renew; as JSON objects.
std::vector<json> join_roles();
std::vector<json> join_role_bindings();

inline constexpr const char* worker_token_group = "system:bootstrappers:actord:worker";
inline constexpr const char* server_token_group = "system:bootstrappers:actord:server";

} // namespace actord::actors
