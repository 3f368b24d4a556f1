#pragma once

#include "actors/cluster/joining/join_messages.hpp"
#include "net/pki/certificates.hpp"
#include "net/pki/node_certificate.hpp"
#include "schema/base/result.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// Who this machine is in its cluster, and the files it knows it by:
///
///   DIR/pki/node.key        its key: identity is the key, and certificates come and go around it
///   DIR/pki/node.crt        its certificate at present
///   DIR/pki/trusted.crt     the authorities it believes
///   DIR/pki/identity.json   cluster, member, node, the other members; written last, so it tells that all is
///   there

namespace actord::actors {

struct joined_identity {
  std::string cluster = {};
  std::uint64_t member = 0; ///< of the store; 0: a worker
  std::string node = {};
  net::certified_key key = {};            ///< the node's certificate and key
  std::string authorities_pem = {};       ///< all that are believed
  std::vector<known_server> members = {}; ///< when it joined: where to begin to look for the others
  std::string service_cidr = {};
  std::string cluster_cidr = {};
  std::uint64_t slot = 0; ///< of its pods (node_register.hpp)

  [[nodiscard]] bool serves() const { return member != 0; }
  [[nodiscard]] net::node_identity name() const {
    return {.cluster = cluster, .node = node, .member = member};
  }
};

/// None when this machine belongs to no cluster yet. Broken files are an error, never a reason to join anew.
result<std::optional<joined_identity>> read_identity(const std::filesystem::path& pki_directory);
result<void> save_identity(const std::filesystem::path& pki_directory, const joined_identity& identity);

/// The node's key: made on the first call, so that a machine that was interrupted asks again with the same.
result<net::signing_key> open_node_key(const std::filesystem::path& pki_directory);

/// Of a server, which holds the authority's key: its own node certificate, as it lies there or, when it is
/// missing, past its half life or somebody else's, made anew. Everything else of `wanted` is saved along.
result<joined_identity> open_own_identity(const std::filesystem::path& pki_directory, joined_identity wanted,
                                          const net::certified_key& authority, std::chrono::seconds lifetime,
                                          wall_time now);

} // namespace actord::actors
