#pragma once

#include "net/http/io_worker.hpp"
#include "net/http/protocol_session.hpp"
#include "net/http/tls_channel.hpp"

#include <memory>
#include <string>

namespace actord::net {

/// One client's socket: drives TLS and the protocol session by readiness events. Lives on its worker's
/// thread; kept by the worker's set and by the events it waits for.
///
///   handshaking ──▶ open ──session ends gracefully──▶ lingering ──▶ closed
///        └────────────┴── error, peer gone, deadline ──────────────────▲
///
/// Lingering reads away what the client still sends: closing at once would reset the connection and could
/// destroy the answer on its way.
class connection : public std::enable_shared_from_this<connection> {
public:
  connection(std::shared_ptr<io_worker> worker, int socket, std::string remote_address);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  void start();
  /// Called about once a second.
  void check_deadlines();
  /// Cuts the connection; `announce` says goodbye in TLS first.
  void close(bool announce);
  /// Sends what the session has.
  void on_output();

private:
  class wake_up;
  enum class phase { handshaking, open, lingering, closed };

  void await_readable();
  void await_writable();
  void on_readable();
  void on_writable();
  void continue_handshake();
  void open_session();
  void read_input();
  void end_input();
  void discard_input();
  void attend();
  /// Sends, then sees what comes next: closing, waiting.
  void settle();
  void flush();
  void linger();

  const std::shared_ptr<io_worker> worker_;
  boost::asio::ip::tcp::socket socket_;
  tls_channel channel_;
  std::string remote_address_;
  std::unique_ptr<protocol_session> session_;
  std::shared_ptr<wake_up> wake_up_;
  phase phase_ = phase::handshaking;
  bool awaits_readable_ = false;
  bool awaits_writable_ = false;
  bool write_blocked_ = false;
  bool read_needs_write_ = false; ///< TLS itself has something to say first
  bool input_ended_ = false;      ///< the client said goodbye; its answer is still owed
  bool yields_ = false;           ///< has more to send, after others had their turn
  std::uint32_t deadline_s_;      ///< of the handshake, a stalled write or lingering; 0 for none
  std::size_t discarded_bytes_ = 0;
};

} // namespace actord::net
