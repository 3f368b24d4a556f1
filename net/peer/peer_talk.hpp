#pragma once

#include "net/peer/peer_context.hpp"
#include "net/peer/stream_table.hpp"

#include <functional>
#include <map>
#include <string>

namespace actord::net {

/// What one end of a connection asks of the other, from hello to the end of the connection: consensus
/// messages, calls, pings, and streams of both ends. On the network's thread; owned by who owns the
/// connection, and destroyed before it.
class peer_talk final : private kj::TaskSet::ErrorHandler {
public:
  /// `asks`: what is handed over for this peer (peer_mail) leaves over this connection. Of two members'
  /// connections that is the one that we dialed; the other carries streams that the other end opened.
  enum class asks : bool { no, yes };

  peer_talk(peer_context& context, rpc_connection& over, node_identity with, asks which);
  ~peer_talk() noexcept(false);
  peer_talk(const peer_talk&) = delete;
  peer_talk& operator=(const peer_talk&) = delete;

  [[nodiscard]] const peer_key& key() const { return key_; }
  stream_table& streams() { return streams_; }
  /// Both ends have said hello.
  void begin(wire::Peer::Client remote);
  [[nodiscard]] bool has_begun() const { return remote_ != nullptr; }
  /// Calls under way are answered: what became of them is unknown. Streams are closed. Nothing is asked from
  /// here on.
  void retire();
  /// Sends what waits in the mail, as far as the peer keeps up.
  void pump();
  /// Rejected when the peer has been silent for too long, when it does what the protocol forbids, or with
  /// what `end` was told. Asks it after so much silence. Once only.
  kj::Promise<void> until_broken(std::chrono::milliseconds ping_after);
  void end(std::string_view why);

private:
  kj::Promise<void> watch(std::chrono::milliseconds ping_after);
  void ping();
  void send_raft(std::vector<std::string> messages);
  void send_parts();
  void start_call(queued_call call);
  void finish_call(std::uint64_t number, result<std::string> with);
  void taskFailed(kj::Exception&& fault) override;

  peer_context& context_;
  rpc_connection& over_;
  const peer_key key_;
  const asks which_;
  kj::Maybe<wire::Peer::Client> remote_;
  kj::Own<kj::PromiseFulfiller<void>> end_;
  kj::Promise<void> ended_ = nullptr;

  std::size_t under_way_bytes_ = 0; ///< of consensus messages
  bool pinged_ = false;
  steady_time watch_from_{};
  std::string overtaken_; ///< a message of which `overtaken_from_` bytes have left
  std::size_t overtaken_from_ = 0;
  unsigned parts_under_way_ = 0;
  std::map<std::uint64_t, std::function<void(result<std::string>)>> calls_;
  std::uint64_t last_call_ = 0;

  kj::TaskSet asked_;
  stream_table streams_;
};

} // namespace actord::net
