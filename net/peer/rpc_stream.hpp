#pragma once

#include "net/peer/frame_header.hpp"
#include "net/peer/peer_channel.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/unique_fd.hpp"

#include <capnp/message.h>
#include <capnp/serialize-async.h>
#include <kj/async-unix.h>

#include <memory>
#include <string>
#include <vector>

namespace actord::net {

/// Cap'n Proto's messages over one TLS connection between nodes, within limits: a frame is looked at before
/// anything is allocated for it, what is written in one turn of the event loop leaves together, and a writer
/// waits while more than `unsent_bytes_max` have not left. RPC answers a call twice (return and finish); what
/// nobody waits for leaves with the next message that somebody does, or after `company_wait`.
class rpc_stream final : public capnp::MessageStream {
public:
  rpc_stream(kj::UnixEventPort& port, unique_fd socket, SSL_CTX* context, peer_side side,
             const clock_source& clock);

  /// Rejected when the peer is no node we trust or speaks no TLS.
  kj::Promise<void> handshake();
  /// After a handshake that failed: waits until the peer has closed its side, so that it gets to read why.
  kj::Promise<void> linger();
  /// After the handshake.
  [[nodiscard]] result<node_identity> peer() const { return channel_.peer(); }
  [[nodiscard]] steady_time last_heard() const { return last_heard_; }
  /// Why the connection ended; empty while it has not or when the peer closed in good order.
  [[nodiscard]] const std::string& failure() const { return failure_; }

  kj::Promise<kj::Maybe<capnp::MessageReaderAndFds>>
  tryReadMessage(kj::ArrayPtr<kj::AutoCloseFd> descriptors, capnp::ReaderOptions options,
                 kj::ArrayPtr<capnp::word> scratch) override;
  kj::Promise<void> writeMessage(kj::ArrayPtr<const int> descriptors,
                                 kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) override;
  kj::Promise<void>
  writeMessages(kj::ArrayPtr<kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>>> messages) override;
  kj::Maybe<int> getSendBufferSize() override { return nullptr; }
  kj::Promise<void> end() override;

  static constexpr std::size_t unsent_bytes_max = 256U << 10U;
  static constexpr kj::Duration company_wait = 10 * kj::MILLISECONDS;

private:
  /// A frame whose front was found good and whose body is still arriving.
  struct incoming {
    std::vector<std::uint32_t> segment_words;
    kj::Array<capnp::word> body;
    std::size_t filled = 0; ///< bytes
  };
  enum class fill : std::uint8_t { progress, blocked, ended };

  fill fill_input();
  /// The next whole frame, when it has arrived.
  kj::Maybe<kj::Own<capnp::MessageReader>> take_frame(capnp::ReaderOptions options);
  void append(kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments);
  /// Takes over what RPC wants to send; flushes it now or soon.
  void send(kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments);
  void schedule_flush();
  void schedule_late_flush();
  kj::Promise<void> flush();
  kj::Promise<void> room_to_write();
  [[noreturn]] void fail(std::string why);
  kj::Exception disconnected(std::string_view why) const;

  const clock_source& clock_;
  unique_fd socket_;
  peer_channel channel_;
  kj::UnixEventPort::FdObserver observer_;
  steady_time last_heard_;
  std::string failure_;

  std::string input_; ///< arrived and not yet part of a frame
  std::size_t input_from_ = 0;
  std::unique_ptr<incoming> frame_;

  std::string output_;
  std::size_t output_from_ = 0;
  std::size_t lingered_bytes_ = 0;
  bool flushing_ = false;
  unsigned waiting_returns_ = 0; ///< appended, and waiting for company
  kj::Timer& timer_;
  kj::Maybe<kj::Promise<void>> late_flush_;
  kj::Maybe<kj::Exception> write_fault_;
  kj::Maybe<kj::Own<kj::PromiseFulfiller<void>>> room_;
  kj::Promise<void> flush_ = kj::READY_NOW;
};

} // namespace actord::net
