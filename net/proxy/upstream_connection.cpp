#include "net/proxy/upstream_connection.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace actord::net {
namespace {

struct socket_address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

std::optional<socket_address> parse_address(const std::string& text, std::uint16_t port) {
  socket_address parsed;
  sockaddr_in version4{};
  sockaddr_in6 version6{};
  if (::inet_pton(AF_INET, text.c_str(), &version4.sin_addr) == 1) {
    version4.sin_family = AF_INET;
    version4.sin_port = htons(port);
    parsed.size = sizeof version4;
    std::memcpy(&parsed.storage, &version4, sizeof version4);
  } else if (::inet_pton(AF_INET6, text.c_str(), &version6.sin6_addr) == 1) {
    version6.sin6_family = AF_INET6;
    version6.sin6_port = htons(port);
    parsed.size = sizeof version6;
    std::memcpy(&parsed.storage, &version6, sizeof version6);
  } else {
    return std::nullopt;
  }
  return parsed;
}

std::string dial_name(const upstream_target& target) {
  const bool version6 = target.address.find(':') != std::string::npos;
  return "dial tcp " + (version6 ? "[" + target.address + "]" : target.address) + ":" +
         std::to_string(target.port);
}

std::string reason(int error_number) {
  std::string text = std::generic_category().message(error_number);
  if (!text.empty() && text.front() >= 'A' && text.front() <= 'Z')
    text.front() = static_cast<char>(text.front() + 32);
  return text;
}

} // namespace

result<std::shared_ptr<upstream_connection>>
upstream_connection::start(std::shared_ptr<stream_loop> loop, const upstream_target& target,
                           std::chrono::milliseconds connect_timeout, upstream_events events) {
  const std::string name = dial_name(target);
  const auto unreachable = [&](int number) {
    return error{.kind = error_kind::unavailable, .message = name + ": connect: " + reason(number)};
  };
  const auto address = parse_address(target.address, target.port);
  if (!address) return unreachable(EINVAL);
  unique_fd socket(::socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return unreachable(errno);
  const int yes = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address->storage), address->size) != 0 &&
      errno != EINPROGRESS)
    return unreachable(errno);
  std::shared_ptr<upstream_connection> made(new upstream_connection(name, std::move(events)));
  if (target.tls) made->tls_.emplace(target.server_name, target.terms.get());
  made->open(loop, std::move(socket), true);
  made->end_connecting(loop, connect_timeout);
  return made;
}

std::shared_ptr<upstream_connection> upstream_connection::start_on(std::shared_ptr<stream_loop> loop,
                                                                   unique_fd socket,
                                                                   std::shared_ptr<void> holds,
                                                                   const upstream_target& target,
                                                                   upstream_events events) {
  std::shared_ptr<upstream_connection> made(new upstream_connection(dial_name(target), std::move(events)));
  made->connected_ = true;
  made->holds_ = std::move(holds);
  if (target.tls) made->tls_.emplace(target.server_name, target.terms.get());
  made->open(loop, std::move(socket), false);
  return made;
}

void upstream_connection::open(const std::shared_ptr<stream_loop>& loop, unique_fd socket, bool connecting) {
  stream_ =
      std::make_shared<descriptor_stream>(loop, std::move(socket),
                                          descriptor_stream::traits{.way = descriptor_stream::direction::both,
                                                                    .connecting = connecting,
                                                                    .piece_max_bytes = std::size_t{1} << 20,
                                                                    .shuts_down = true});
  stream_->open({.received =
                     [weak = weak_from_this()](std::string_view bytes) {
                       if (const auto self = weak.lock()) self->receive(bytes);
                     },
                 .ended =
                     [weak = weak_from_this()] {
                       const auto self = weak.lock();
                       if (self && self->connected_) self->report_ended();
                     },
                 .sent =
                     [weak = weak_from_this()](std::size_t bytes) {
                       if (const auto self = weak.lock()) self->report_sent(bytes);
                     },
                 .broken =
                     [weak = weak_from_this()](int number) {
                       const auto self = weak.lock();
                       if (!self) return;
                       if (!self->connected_) return self->fail(self->name_ + ": connect: " + reason(number));
                       self->report_refused(self->name_ + ": write: " + reason(number));
                     }});
  flush();
}

void upstream_connection::end_connecting(const std::shared_ptr<stream_loop>& loop,
                                         std::chrono::milliseconds timeout) {
  loop->after(timeout, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->connected_ || !self->stream_) return;
    self->fail(self->name_ + ": i/o timeout");
  });
}

void upstream_connection::receive(std::string_view bytes) {
  const auto self = shared_from_this();
  const auto keep = events_;
  if (!tls_) {
    if (keep->received) keep->received(bytes);
    return;
  }
  std::string plain;
  const auto read = tls_->put(bytes, plain);
  flush();
  if (!plain.empty() && keep->received) keep->received(plain);
  // What TLS itself took of the credit is nobody's to give back.
  if (stream_ && bytes.size() > plain.size()) stream_->grant(bytes.size() - plain.size());
  if (!read) return fail(read.error().message);
  if (tls_->peer_finished()) report_ended();
}

void upstream_connection::report_ended() {
  const auto keep = events_;
  if (!std::exchange(ended_, true) && keep->ended) keep->ended();
}

void upstream_connection::report_sent(std::size_t bytes) {
  const auto keep = events_;
  connected_ = true;
  if (!tls_) {
    if (bytes > 0 && keep->sent) keep->sent(bytes);
    return;
  }
  encrypted_unsent_ -= std::min(encrypted_unsent_, bytes);
  if (encrypted_unsent_ > 0) return;
  if (const std::size_t plain = std::exchange(plain_unsent_, 0); plain > 0 && keep->sent) keep->sent(plain);
}

void upstream_connection::report_refused(const std::string& why) {
  const auto keep = events_;
  if (keep->refused)
    keep->refused({.kind = error_kind::unavailable, .message = why, .causes = {}, .subject = {}});
}

void upstream_connection::fail(const std::string& why) {
  const auto self = shared_from_this();
  const auto keep = events_;
  close();
  if (keep->failed)
    keep->failed({.kind = error_kind::unavailable, .message = why, .causes = {}, .subject = {}});
}

void upstream_connection::send(shared_bytes bytes) {
  if (!stream_) return;
  if (!tls_) return stream_->send(std::move(bytes));
  plain_unsent_ += bytes->size();
  if (const auto sent = tls_->send(*bytes); !sent) return fail(sent.error().message);
  flush();
}

void upstream_connection::finish() {
  if (!stream_) return;
  if (tls_) {
    tls_->finish();
    flush();
  }
  stream_->finish();
}

void upstream_connection::flush() {
  if (!tls_ || !stream_) return;
  std::string output = tls_->take_output();
  if (output.empty()) return;
  encrypted_unsent_ += output.size();
  stream_->send(share_bytes(std::move(output)));
}

void upstream_connection::grant(std::size_t bytes) {
  if (stream_) stream_->grant(bytes);
}

void upstream_connection::close() {
  if (const auto stream = std::exchange(stream_, nullptr)) stream->close();
  holds_ = nullptr;
  events_ = std::make_shared<upstream_events>();
}

} // namespace actord::net
