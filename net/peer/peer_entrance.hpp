#pragma once

#include "net/peer/peer_context.hpp"

#include <memory>
#include <set>

namespace actord::net {

class accepted_connection;

/// The port: accepts connections, admits peers, serves their calls. On the network's thread.
class peer_entrance final : private kj::TaskSet::ErrorHandler {
public:
  peer_entrance(peer_context& context, unique_fd listener);
  ~peer_entrance() noexcept(false);

  /// Of a member or worker.
  void end_connections_of(const peer_key& whom, std::string_view why);

private:
  friend class accepted_connection;

  kj::Promise<void> accept();
  void take(unique_fd socket, std::string address);
  void taskFailed(kj::Exception&& fault) override;

  peer_context& context_;
  unique_fd listener_;
  kj::UnixEventPort::FdObserver observer_;
  std::set<accepted_connection*> open_;
  bool is_ending_ = false; ///< nobody hears of connections that end now
  kj::TaskSet tasks_;
  kj::Promise<void> accepting_;
};

/// A listening socket on "ADDRESS:PORT" and the port it got.
result<std::pair<unique_fd, std::uint16_t>> listen_on(const std::string& address, std::uint16_t port);

} // namespace actord::net
