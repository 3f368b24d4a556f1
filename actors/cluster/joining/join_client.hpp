#pragma once

#include "actors/cluster/joining/joined_identity.hpp"
#include "schema/base/clock.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace actord::actors {

struct join_order {
  std::string server = {}; ///< "HOST:6443": any server of the cluster
  std::string token = {};  ///< ID.SECRET.HASH
  std::string node = {};   ///< this machine's name
  bool serves = false;     ///< to become a server; else a worker only
  bool works = true;
  std::string rpc_address = {}; ///< "192.0.2.11:7443", where other members will reach this server
  std::string api_address = {}; ///< "192.0.2.11:6443", where clients will
  std::filesystem::path pki_directory = {};
};

/// Makes this machine a part of a cluster, or says why not:
///
///   connect, take the chain ─▶ the token's hash is among it? ─▶ ask, with the token, over a connection that
///   believes that authority only ─▶ certificate, members, for servers the keys ─▶ files
///
/// Nothing is sent before the authority is known to be the token's. What was asked once is asked again with
/// the same key after an interruption; once a machine has joined, it is answered from its files and nobody is
/// asked. Blocks, for half a minute at most. `unavailable`: nobody answered, try again; everything else is
/// final.
result<joined_identity> join_cluster(const join_order& order, const clock_source& clock);

/// A new certificate for a node whose certificate is still good, of whichever server answers at `server`;
/// saved.
result<joined_identity> renew_identity(const std::string& server, const joined_identity& identity,
                                       const std::filesystem::path& pki_directory);

/// "host:port" or "[address]:port", the port 6443 when it is left out.
struct server_address {
  std::string host; ///< without brackets
  std::uint16_t port = 6443;

  [[nodiscard]] std::string url() const;
  bool operator==(const server_address&) const = default;
};
result<server_address> parse_server_address(std::string_view text);

} // namespace actord::actors
