#pragma once

#include "net/pki/certificates.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The certificates machines show each other: to Kubernetes' eyes a node's (O=system:nodes,
/// CN=system:node:NAME), and in it, as URIs, which node of which cluster this is and, for servers, which
/// member of its store:
///
///   actord://CLUSTER/node/NAME
///   actord://CLUSTER/member/N
///
/// They carry no DNS names and no addresses: addresses are soft state, and nobody can pass for an API server
/// with one.

namespace actord::net {

struct node_identity {
  std::string cluster; ///< the cluster's id
  std::string node;
  std::uint64_t member = 0; ///< of the store; 0: a worker

  bool operator==(const node_identity&) const = default;
};

inline constexpr std::string_view nodes_group = "system:nodes";
inline constexpr std::string_view node_user_prefix = "system:node:";

/// For both ends of a connection between machines.
certificate_order node_certificate_order(const node_identity& identity, std::chrono::seconds lifetime);

/// None for a certificate of another kind, and for one whose parts contradict each other.
std::optional<node_identity> node_identity_of(const certificate_facts& facts);

/// A node is called like a host: lower-case letters, digits, '-' and '.', at most 200 characters.
bool is_node_name(std::string_view name);

} // namespace actord::net
