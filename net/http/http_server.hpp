#pragma once

#include "net/http/upgraded_stream.hpp"
#include "schema/base/bytes.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// HTTPS for people and programs. The handler sees requests as values and answers when it likes, from any
/// thread.

namespace actord::net {

/// Who the TLS handshake says the peer is. Empty `common_name` when no (valid) client certificate was shown.
struct peer_identity {
  std::string common_name;
  std::vector<std::string> organizations;
  std::string fingerprint = {};         ///< SHA-256 of the certificate in hexadecimal digits
  wall_time expires = wall_time::max(); ///< of the certificate
  bool refused = false;                 ///< one was shown that is not valid
};

struct http_request {
  std::string method;
  std::string path;                                         ///< as sent, percent-encoded, without the query
  std::string query;                                        ///< as sent, without '?'
  std::vector<std::pair<std::string, std::string>> headers; ///< names in lower case
  std::string body;
  peer_identity peer;
  std::string remote_address; ///< "127.0.0.1:40312"

  /// First value of a header given in lower case; empty when absent.
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;
};

struct http_response {
  int code = 200;
  std::vector<std::pair<std::string, std::string>> headers; ///< content-length is added
  shared_bytes body;                                        ///< null for an empty one
};

/// The answering end of one request. Copyable handle; all calls from any thread. If every copy is gone
/// without an answer the client gets 500. Writes after the client left do nothing.
class http_exchange {
public:
  virtual ~http_exchange() = default;

  /// The whole answer; at most once, and not after `begin`.
  virtual void respond(http_response response) = 0;

  /// Starts a streamed answer (chunked in HTTP/1.1).
  virtual void begin(http_response head) = 0;
  /// Queues bytes of the stream. `pending_bytes` tells how much is not handed to the socket yet: a producer
  /// must stop at its own budget and go on in `on_drained`.
  virtual void write(shared_bytes bytes) = 0;
  /// The same for several pieces, taken out of `pieces`: one waking of the connection, so that they leave
  /// together.
  virtual void write_all(std::span<shared_bytes> pieces);
  virtual void end() = 0;
  [[nodiscard]] virtual std::size_t pending_bytes() const = 0;
  /// Called whenever the pending bytes reach zero.
  virtual void on_drained(std::function<void()> callback) = 0;
  /// Called once when the client is gone or the exchange is over.
  virtual void on_closed(std::function<void()> callback) = 0;

  /// Leaves HTTP: answers 101 with these headers (`connection: Upgrade` is added), and the connection's bytes
  /// are the stream's from there on. Null, with nothing answered, where that cannot be: HTTP/2 and HTTP/1.0,
  /// an answer that has begun, a client that is gone.
  virtual upgraded_handle switch_protocols(std::vector<std::pair<std::string, std::string>> headers,
                                           upgraded_events events);
  /// Whether the protocol of this connection can be left at all.
  [[nodiscard]] virtual bool can_switch_protocols() const { return false; }

  /// Of a body that is streamed both ways: so many bytes have gone on their way, and as many may come again.
  virtual void body_taken(std::size_t /*bytes*/) {}
};
using exchange_handle = std::shared_ptr<http_exchange>;

/// How much of a body that is streamed both ways may come ahead of `body_taken`; a last piece of up to 16 KiB
/// may exceed it.
inline constexpr std::size_t body_window_bytes = std::size_t{256} * 1024;

/// Takes a request body in pieces, in order, as they arrive from the socket. Called on the connection's
/// thread; the next piece is read only after `more` returned, so a slow sink slows the sender.
struct body_sink {
  std::function<result<void>(std::string_view piece)> more;
  std::function<void()> complete; ///< the whole body arrived
  std::function<void()> aborted;  ///< the client left early, or nobody needs the rest
  /// The body is passed on as it comes: the sender is held back by `body_taken`, and the answer may begin,
  /// but not end, before the body has. Otherwise an answer that begins ends the reading.
  bool both_ways = false;
};

struct http_handler {
  /// A whole request; the body is at most `body_limit_bytes`.
  std::function<void(http_request request, exchange_handle exchange)> handle;
  /// Asked once the headers of a request with a body are in: a sink means the body is streamed into it
  /// (exempt from the limit), none means it is collected and `handle` called.
  std::function<std::unique_ptr<body_sink>(const http_request& head, const exchange_handle& exchange)>
      stream_body;
};

struct tls_server_options {
  std::string certificate_pem; ///< the server's own, then the authorities it shows along with it
  std::string key_pem;
  std::string client_ca_pem; ///< one or more; empty: client certificates are not asked for
};

struct http_server_options {
  std::string listen_address = "0.0.0.0";
  std::uint16_t port = 6443;   ///< 0 picks a free one
  std::string certificate_pem; ///< the server's own, then the authorities it shows along with it
  std::string key_pem;
  std::string
      client_ca_pem; ///< client certificates are asked for, not demanded; one that does not verify is none
  std::size_t body_limit_bytes = 3 * 1024 * 1024;
  std::size_t bodies_limit_bytes =
      std::size_t{256} * 1024 * 1024; ///< of all requests that are being received, together: 429 beyond
  std::size_t header_limit_bytes = 16 * 1024;
  int threads = 2;
  std::size_t connections_max = 20'000;
  int idle_timeout_s = 300;
  int header_timeout_s = 10;               ///< slow clients: headers must be complete by then
  int body_timeout_s = 30;                 ///< a body must grow by 1 KiB within this time
  int write_timeout_s = 60;                ///< a client that takes none of its answer for so long is cut off
  int upgraded_write_timeout_s = 4 * 3600; ///< the same once HTTP is left: a person may stop a terminal
  /// Renders the answers the server gives by itself (400, 408, 413, 431, 500); plain text when empty. Any
  /// thread.
  std::function<http_response(int code, std::string_view message)> render_error;
};

/// Stops listening and closes all connections when destroyed.
class http_server {
public:
  static result<std::unique_ptr<http_server>> start(http_server_options options, http_handler handler);
  virtual ~http_server() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  [[nodiscard]] virtual std::size_t connections() const = 0;
  /// For connections that begin from now on; those that are open go on as they are. Any thread. After an
  /// error everything is as before.
  virtual result<void> use_certificate(const tls_server_options& options) = 0;
};

} // namespace actord::net
