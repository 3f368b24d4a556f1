#pragma once

#include "net/peer/peer_stream.hpp"
#include "net/pki/certificates.hpp"
#include "net/pki/node_certificate.hpp"
#include "schema/base/bytes.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/result.hpp"
#include "schema/base/rng.hpp"
#include "storage/raft/transport.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// The wire between servers, and between workers and servers: Cap'n Proto RPC (schema/peer.capnp) over mutual
/// TLS 1.3, on one thread of its own.
///
/// Each member dials every other one and sends its own messages and calls over the connection it dialed; so
/// two members that both live hold two connections, one for each direction of asking. A worker (`self` is 0)
/// listens on nothing and dials every server it is told of; over that one connection both ends call and open
/// streams. Who the other end is, its certificate says (net/pki/node_certificate.hpp): the dialer insists on
/// the member it meant, the dialed one takes any server and any worker of its cluster that it admits.
/// Addresses are soft state.
///
///   server 1 ◀═══▶ server 2      consensus, calls, streams: each over what it dialed
///       ▲             ▲
///       ╚══ worker ═══╝          calls and streams, both ways; no consensus
///
///        set_address           handshake, hello
///   unknown ──▶ connecting ───────────────────▶ connected
///                 ▲  │ ▲                            │ reset, silent for `dead_after`
///      back-off   │  │ └────────────────────────────┘
///                 │  ▼
///      unreachable | refused (by us or by them: `why` says what for)

namespace actord::net {

struct peer_credentials {
  std::string authorities_pem; ///< one or more: both while the cluster's CA is being replaced
  certified_key own;           ///< of a node (net/pki/node_certificate.hpp), for both ends of a connection
};

/// What is spoken; a peer is refused when the ranges have nothing in common.
struct peer_versions {
  std::uint32_t lowest = 1;
  std::uint32_t highest = 1;
};

struct peer_limits {
  /// Waiting for one peer; consensus messages beyond are dropped, calls are refused.
  std::size_t queued_bytes = 32U << 20U;
  std::size_t queued_messages = 4096;
  /// Sent to one peer and not yet taken in by it.
  std::size_t under_way_bytes = 8U << 20U;
  std::size_t call_bytes = 8U << 20U; ///< of one call's payload, and of its answer
  std::size_t calls = 1024;           ///< unanswered, for each peer
  std::size_t connections = 6000;     ///< accepted, of all peers and workers
  std::size_t streams = 1024;         ///< of one connection, opened by either end
  /// Granted to all streams of one connection beyond their first windows. With them, what one connection may
  /// have sent us that nobody took is at most streams * 96 KiB + window_bytes.
  std::size_t window_bytes = 32U << 20U;
};

struct peer_timing {
  std::chrono::milliseconds handshake{5000}; ///< TCP, TLS and hello together
  std::chrono::milliseconds ping{750}; ///< asked after so much silence; who was dialed waits twice as long
  /// Silence while this process ran: one that was itself stopped gives the others time to be heard first.
  std::chrono::milliseconds dead_after{2500};
  std::chrono::milliseconds retry_first{50}; ///< doubled each time, with jitter, up to:
  std::chrono::milliseconds retry_last{2000};
};

struct peer_options {
  storage::member_id self = 0; ///< 0: a worker
  std::string node_name;
  std::string cluster_id;                 ///< peers of another cluster are refused
  std::string listen_address = "0.0.0.0"; ///< not of a worker
  std::uint16_t port = 7443;              ///< 0 picks a free one
  peer_credentials credentials;
  peer_versions versions = {};
  peer_limits limits = {};
  peer_timing timing = {};
};

struct peer_caller {
  storage::member_id member = 0; ///< 0: a worker
  std::string node_name;
  std::chrono::milliseconds deadline{}; ///< nobody reads the answer after it; 0 for a stream
};

/// Who may call a method or open a stream; others are answered `forbidden`.
enum class callers : std::uint8_t { members, nodes, everyone };

/// Answers one call, from any thread, at most once; the caller gets `unavailable` if every copy goes away
/// without an answer.
using peer_answer = std::function<void(result<std::string> answer)>;
/// On the network's thread: hands the work on and returns.
using peer_handler = std::function<void(const peer_caller& from, std::string payload, peer_answer answer)>;

/// On the network's thread: takes the stream by saying what to do with its events, or refuses it. Who takes
/// it and finds out later that it cannot serve it, fails it.
using peer_stream_handler = std::function<result<stream_events>(const peer_caller& from, std::string payload,
                                                                std::shared_ptr<peer_stream> stream)>;

/// All on the network's thread; none may block.
struct peer_events {
  /// One consensus message of a member whose certificate names it.
  std::function<void(storage::member_id from, std::string bytes)> raft;
  /// A connection to it broke and connecting again was refused: its process is gone. A follower of that
  /// member hurries its election. Not said of a member that is merely silent.
  std::function<void(storage::member_id gone)> gone;
  std::function<void(storage::member_id peer)> connected;
  /// That connection broke or the member fell silent. The two take turns for each member.
  std::function<void(storage::member_id peer)> lost = {};
  /// Whether this member may connect to us at all; everyone when empty. A removed member may not.
  std::function<bool(storage::member_id peer)> admits;
  /// The same of a worker.
  std::function<bool(const std::string& node)> admits_node = {};
  /// A worker's connection came about, and later: it broke or the worker fell silent (`why`), or a newer
  /// connection of the same worker takes its place, of which the next `node_connected` tells. They take turns
  /// for each worker. `stop` ends connections without a word.
  std::function<void(const std::string& node)> node_connected = {};
  std::function<void(const std::string& node, const std::string& why)> node_gone = {};
  /// A member refuses us because we were taken out of the cluster, for ever. Said again each time it does.
  std::function<void(storage::member_id by)> removed = {};
};

enum class peer_link : std::uint8_t { connecting, connected, refused, unreachable };
std::string_view name_of(peer_link link);

struct peer_status {
  storage::member_id member = 0;
  std::string address;   ///< host:port
  std::string node_name; ///< empty before the first connection
  peer_link link = peer_link::connecting;
  std::string why;                ///< of the last failure; empty while connected
  steady_time last_heard = {};    ///< any byte of it, over either connection; 0 for never
  std::uint64_t connects = 0;     ///< how often a connection to it came about
  std::uint64_t raft_sent = 0;    ///< messages
  std::uint64_t raft_dropped = 0; ///< not connected or too many waiting
  std::size_t queued_bytes = 0;
  std::size_t calls_under_way = 0;
};

/// A worker that is connected to this server.
struct node_status {
  std::string node;
  std::string address;         ///< host:port it dialed from
  steady_time last_heard = {}; ///< anything it asked or answered
  std::size_t queued_bytes = 0;
  std::size_t calls_under_way = 0; ///< ours to it
};

/// Everything but `serve` and `serve_stream` may be called from any thread at any time; before `start` and
/// after `stop` nothing is sent, and calls are refused.
class peer_network {
public:
  static std::unique_ptr<peer_network> create(const clock_source& clock, random_source& random);
  virtual ~peer_network() = default;

  /// What a store sends through; may outlive the network, and does nothing then.
  [[nodiscard]] virtual std::unique_ptr<storage::raft_transport> transport() = 0;
  /// One handler for each method ("forward"), before `start`.
  virtual void serve(std::string method, peer_handler handler, callers who = callers::members) = 0;
  virtual void serve_stream(std::string method, peer_stream_handler handler,
                            callers who = callers::members) = 0;

  /// Fails when the address cannot be listened on or the credentials are of no node, of another node or
  /// another member. Once only.
  virtual result<void> start(peer_options options, peer_events events) = 0;
  /// No event and no handler runs once it has returned; calls that were under way are answered before it
  /// does. Not from the network's own thread.
  virtual void stop() = 0;
  [[nodiscard]] virtual std::uint16_t port() const = 0;

  /// Where a member is ("10.0.0.2:7443", "[::1]:7443", "server-2:7443"); another address than before ends the
  /// connection to the old one, the same changes nothing. Our own member is ignored.
  virtual void set_address(storage::member_id member, std::string host_port) = 0;
  /// Ends both connections with it and dials it no more.
  virtual void forget(storage::member_id member) = 0;
  /// Ends the connection of a worker; `admits_node` is what keeps it out.
  virtual void forget_node(std::string node) = 0;
  /// For new connections; those that are open stay. Checked as in `start`.
  virtual result<void> set_credentials(peer_credentials credentials) = 0;

  /// `done` is called exactly once, on the network's thread or before `call` returns:
  ///   the handler's answer or its error
  ///   unavailable        nothing was sent: not connected, too much waiting; also a handler without answer
  ///   timeout            the deadline passed or the connection broke: what became of it is unknown
  ///   too_large          payload or answer beyond the limit
  ///   method_not_allowed nobody serves this there
  ///   forbidden          not to us
  virtual void call(storage::member_id peer, std::string_view method, std::string payload,
                    std::chrono::milliseconds deadline, std::function<void(result<std::string>)> done) = 0;

  /// The same to a worker that is connected to us, or to the server that has this node's name.
  virtual void call_node(std::string_view node, std::string_view method, std::string payload,
                         std::chrono::milliseconds deadline,
                         std::function<void(result<std::string>)> done) = 0;

  /// To a member over the connection that we dialed; from a worker to a server, too. What is written before
  /// the other end has taken the stream waits. `payload` as for calls, up to 256 KiB. Never null; a stream
  /// that cannot be opened is closed with `unavailable`, on the network's thread or before this returns.
  virtual std::shared_ptr<peer_stream> open_stream(storage::member_id peer, std::string_view method,
                                                   std::string payload, stream_events events) = 0;
  /// To a worker that is connected to us, or to the server that has this node's name.
  virtual std::shared_ptr<peer_stream> open_node_stream(std::string_view node, std::string_view method,
                                                        std::string payload, stream_events events) = 0;

  [[nodiscard]] virtual std::vector<peer_status> peers() const = 0;
  /// The workers that are connected to us, by name.
  [[nodiscard]] virtual std::vector<node_status> nodes() const = 0;
};

} // namespace actord::net
