#pragma once

#include "net/http/tls_context.hpp"
#include "net/peer/peer_network.hpp"

namespace actord::net {

/// For both ends of a connection between nodes: TLS 1.3 only, a certificate asked of the other end in every
/// case, no tickets. The handshake succeeds only with a node whose certificate one of the authorities signed;
/// peer_channel.hpp says why it did not.
result<tls_context> make_peer_tls(const peer_credentials& credentials);

/// Whom the credentials are of; an error when they are of no node.
result<node_identity> owner_of(const peer_credentials& credentials);
/// The node a certificate is of, or why it is of none.
result<node_identity> node_of(const X509* certificate);

} // namespace actord::net
