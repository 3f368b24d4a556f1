#pragma once

#include "net/peer/peer_decisions.hpp"
#include "net/peer/peer_mail.hpp"
#include "net/peer/peer_tls.hpp"
#include "net/peer/rpc_stream.hpp"
#include "schema/peer.capnp.h"

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>
#include <kj/timer.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace actord::net {

namespace wire = schema::wire;

class peer_talk;

template <class Handler>
struct served_method {
  Handler handler;
  callers who = callers::members;
};
template <class Handler>
using method_table = std::map<std::string, served_method<Handler>, std::less<>>;

/// What everything on the network's thread shares; outlives all of it.
struct peer_context {
  const clock_source& clock;
  random_source& random;
  std::shared_ptr<peer_mail> mail;
  peer_options options;
  peer_events events;
  method_table<peer_handler> handlers;
  method_table<peer_stream_handler> stream_handlers;
  tls_context tls; ///< for new connections
  kj::UnixEventPort& port;
  kj::Timer& timer;
  kj::Network& network;
  line_budget refusal_lines = {};

  /// Calls that a handler of ours has not answered yet.
  std::map<std::uint64_t, kj::Own<kj::PromiseFulfiller<result<std::string>>>> unanswered = {};
  std::uint64_t last_call = 0;
  /// Over which connection we ask whom. They enter and leave by themselves.
  std::map<peer_key, peer_talk*> talks = {};

  void log_refusal(std::string_view whom, std::string_view why);
};

/// One connection with RPC on top, either side. Destroyed whole: first the calls, then the bytes.
struct rpc_connection {
  rpc_connection(peer_context& context, unique_fd socket, peer_side side)
      : stream(context.port, std::move(socket), context.tls.get(), side, context.clock) {}

  /// After the handshake; `offered` is what the other end finds as our bootstrap capability.
  void begin(peer_side side, kj::Maybe<capnp::Capability::Client> offered);

  rpc_stream stream;
  kj::Own<capnp::TwoPartyVatNetwork> vat;
  std::unique_ptr<capnp::RpcSystem<capnp::rpc::twoparty::VatId>> rpc;
};

wire::FailureKind failure_kind_of(error_kind kind);
error_kind kind_of(wire::FailureKind kind);
void write_error(wire::Failure::Builder to, const error& why);
error error_of(wire::Failure::Reader failure);

inline kj::Duration kj_duration(std::chrono::nanoseconds wait) {
  return std::max<std::int64_t>(wait.count(), 0) * kj::NANOSECONDS;
}
inline capnp::Data::Reader data_reader(std::string_view bytes) {
  return {reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()};
}
inline std::string string_of(capnp::Data::Reader bytes) {
  return {reinterpret_cast<const char*>(bytes.begin()), bytes.size()};
}
inline std::string string_of(capnp::Text::Reader text) { return {text.begin(), text.size()}; }
inline std::string string_of(const kj::Exception& fault) {
  return {fault.getDescription().begin(), fault.getDescription().size()};
}
inline kj::String kj_string(std::string_view text) { return kj::heapString(text.data(), text.size()); }
/// KJ_EXCEPTION would put the argument's source text in front.
inline kj::Exception kj_fault(kj::Exception::Type type, std::string_view text) {
  return {type, "net/peer", 0, kj_string(text)};
}
/// Words for that many bytes and for what a message needs besides.
inline capnp::MessageSize message_size(std::size_t bytes) { return {bytes / sizeof(capnp::word) + 32, 1}; }

} // namespace actord::net
