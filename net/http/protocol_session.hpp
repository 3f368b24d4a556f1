#pragma once

#include "net/http/body_account.hpp"
#include "net/http/http_server.hpp"
#include "net/http/output_signal.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace actord::net {

/// What a connection tells its protocol.
struct session_environment {
  std::shared_ptr<const http_server_options> options;
  const http_handler* handler = nullptr; ///< outlives the session
  peer_identity peer;
  std::string remote_address;
  std::shared_ptr<output_signal> signal;
  const std::uint32_t* now_s = nullptr; ///< seconds since the server started, updated about once a second
  const std::array<char, 29>* date = nullptr;
  std::shared_ptr<body_account> bodies; ///< null: not counted
};

/// One HTTP version's understanding of a connection's plain bytes. It owns no socket: the connection feeds it
/// what arrived, takes out what is to be sent, and asks it about its deadline. Everything is called on one
/// thread.
class protocol_session {
public:
  virtual ~protocol_session() = default;

  virtual void receive(std::string_view bytes) = 0;
  /// False while more input would only pile up.
  [[nodiscard]] virtual bool wants_input() const = 0;

  /// Takes note of what handlers did meanwhile, from whatever thread. Called before output is asked for.
  virtual void attend() = 0;

  /// The next bytes to send; valid until the next call. Asked again before `sent`, it begins with the same
  /// bytes.
  virtual std::string_view next_output(std::span<char> scratch) = 0;
  /// Follows each `next_output`, while what it gave is still valid; 0 when nothing could be sent.
  virtual void sent(std::size_t count) = 0;

  enum class ending {
    none,
    graceful, ///< close once the output is sent
    abrupt,   ///< cut the connection: an answer was broken off
  };
  [[nodiscard]] virtual ending wants_end() const = 0;

  /// When `deadline_passed` is due, in the seconds of the environment; 0 for never.
  [[nodiscard]] virtual std::uint32_t deadline_s() const = 0;
  virtual void deadline_passed() = 0;
  /// How long the client may take none of the output.
  [[nodiscard]] virtual int write_timeout_s() const = 0;
  /// The client sends no more, but may still read. False when there is nothing to finish for it.
  virtual bool input_ended() = 0;
  /// The server stops: what is to be said before is asked for once more.
  virtual void shutting_down() = 0;
  /// The peer is gone or the server stops.
  virtual void closed() = 0;
};

std::unique_ptr<protocol_session> make_http1_session(session_environment environment);
std::unique_ptr<protocol_session> make_http2_session(session_environment environment);

/// The answer for what goes wrong below the handler, by the server's own renderer.
http_response fault_response(const http_server_options& options, int code, std::string_view message);

} // namespace actord::net
