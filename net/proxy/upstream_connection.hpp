#pragma once

#include "net/proxy/tls_client_filter.hpp"
#include "net/proxy/tls_client_terms.hpp"
#include "net/streams/descriptor_stream.hpp"
#include "net/streams/stream_loop.hpp"
#include "schema/base/bytes.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace actord::net {

/// Whom to connect to: an address, never a name, so that nothing is looked up.
struct upstream_target {
  std::string address;
  std::uint16_t port = 0;
  bool tls = false;
  std::string server_name = {};                            ///< for TLS; may be empty without terms
  std::shared_ptr<const tls_client_terms> terms = nullptr; ///< null: any server is believed
};

struct upstream_events {
  std::function<void(std::string_view bytes)> received;
  std::function<void()> ended; ///< the backend sends nothing more
  std::function<void(std::size_t bytes)> sent;
  std::function<void(const error& why)> failed; ///< it could not be connected, or spoke broken TLS
  /// It takes no more, what is queued is lost; what it has said before that is still received.
  std::function<void(const error& why)> refused;
};

/// A TCP connection to a backend, perhaps under TLS, with credit in both directions (see descriptor_stream).
/// Everything on the loop's thread.
class upstream_connection : public std::enable_shared_from_this<upstream_connection> {
public:
  static result<std::shared_ptr<upstream_connection>> start(std::shared_ptr<stream_loop> loop,
                                                            const upstream_target& target,
                                                            std::chrono::milliseconds connect_timeout,
                                                            upstream_events events);
  /// The same over a socket that leads there already. `holds` is let go of when the connection is closed.
  static std::shared_ptr<upstream_connection> start_on(std::shared_ptr<stream_loop> loop, unique_fd socket,
                                                       std::shared_ptr<void> holds,
                                                       const upstream_target& target, upstream_events events);

  void send(shared_bytes bytes);
  void finish();
  void grant(std::size_t bytes);
  void close();

private:
  upstream_connection(std::string name, upstream_events events)
      : name_(std::move(name)), events_(std::make_shared<upstream_events>(std::move(events))) {}
  void open(const std::shared_ptr<stream_loop>& loop, unique_fd socket, bool connecting);
  void end_connecting(const std::shared_ptr<stream_loop>& loop, std::chrono::milliseconds timeout);
  void receive(std::string_view bytes);
  void report_sent(std::size_t bytes);
  void report_ended();
  void report_refused(const std::string& why);
  void fail(const std::string& why);
  void flush();

  const std::string name_;                  ///< "dial tcp 10.1.2.3:80"
  std::shared_ptr<upstream_events> events_; ///< held by who calls one, as that may close
  descriptor_stream_handle stream_;
  std::shared_ptr<void> holds_;
  std::optional<tls_client_filter> tls_;
  bool connected_ = false;
  bool ended_ = false;
  std::size_t plain_unsent_ = 0;     ///< of what was given to TLS
  std::size_t encrypted_unsent_ = 0; ///< of what TLS gave to the socket
};

} // namespace actord::net
