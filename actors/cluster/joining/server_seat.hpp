#pragma once

#include "actors/cluster/joining/join_service.hpp"
#include "actors/cluster/joining/joined_identity.hpp"
#include "net/pki/cluster_pki.hpp"
#include "schema/base/rng.hpp"

#include <functional>
#include <memory>
#include <string>

namespace actord::actors {

/// A server's place in its cluster: its keys and certificates, kept fresh while it runs, and the door through
/// which other machines come in.
///
///   files ◀──▶ key table in the store          when it changes, and at half life of any certificate:
///     └─▶ authority, certificates ─▶ use       read again, make anew what is due, put to use
class server_seat {
public:
  struct settings {
    net::cluster_pki_options pki; ///< of this server's certificates
    std::string node;
    std::uint64_t member = 1; ///< of its store
    bool works = true;
    std::string rpc_address; ///< where other members reach it; may be empty while it is alone
    std::string api_address;
    std::string service_cidr;
    std::string cluster_cidr;
  };
  /// What is in use from now on.
  struct credentials {
    net::cluster_pki pki;
    joined_identity node; ///< for connections between machines
  };
  struct collaborators {
    caf::actor_system& system;
    storage::store& store;
    actor_registry& registry;
    const authorizer& authorization;
    const clock_source& clock;
    random_source& random;
    std::shared_ptr<member_admission> members; ///< null: servers cannot join
    /// Called when certificates or authorities changed, on a thread of the seat's own; not after it is
    /// destroyed.
    std::function<void(const credentials&)> put_to_use;
  };

  /// Takes over what the cluster's key table has, and makes this server's certificates. Blocks.
  static result<std::unique_ptr<server_seat>> take(collaborators with, settings how);
  virtual ~server_seat() = default;

  [[nodiscard]] virtual const credentials& first_credentials() const = 0;
  /// Below /apis/actord.dev/v1: joins and members (join_service.hpp), and
  ///
  ///   POST /apis/actord.dev/v1/authorities   the next step to another authority (create authorities)
  [[nodiscard]] virtual own_group_service& service() = 0;
  /// Who signs and is believed at present.
  [[nodiscard]] virtual std::shared_ptr<const authority_holder> authority() const = 0;
  /// Once this server leads: brings the key table up to its files and enters this server among the members.
  /// Blocks until it is stored.
  virtual result<void> begin_to_lead() = 0;
};

} // namespace actord::actors
