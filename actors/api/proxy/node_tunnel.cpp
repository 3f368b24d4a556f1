#include "actors/api/proxy/node_tunnel.hpp"

#include <array>
#include <cerrno>
#include <sys/socket.h>
#include <system_error>
#include <utility>

namespace actord::actors {

result<node_tunnel::opened> node_tunnel::open(std::shared_ptr<net::stream_loop> loop, node_streams& node,
                                              std::string pod_uid, std::uint16_t port,
                                              std::function<void(const error& why)> failed) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return error{.kind = error_kind::unavailable,
                 .message = "open a pair of sockets: " + std::generic_category().message(errno)};
  opened made{.near_end = unique_fd(ends[0]), .tunnel = {}};
  made.tunnel.reset(new node_tunnel(std::move(loop), unique_fd(ends[1]), std::move(failed)));
  made.tunnel->dial(node, std::move(pod_uid), port);
  return made;
}

node_tunnel::node_tunnel(std::shared_ptr<net::stream_loop> loop, unique_fd far_end,
                         std::function<void(const error& why)> failed)
    : loop_(std::move(loop)),
      far_(std::make_shared<net::descriptor_stream>(
          loop_, std::move(far_end),
          net::descriptor_stream::traits{
              .way = net::descriptor_stream::direction::both, .connecting = false, .shuts_down = true})),
      failed_(std::move(failed)) {}

node_tunnel::~node_tunnel() { far_->close(); }

void node_tunnel::dial(node_streams& node, std::string pod_uid, std::uint16_t port) {
  stream_ = node.dial(std::move(pod_uid), port, net::pod_door::address, events());
  // What is held back on one side holds back the other: each piece is let on as the one before has arrived.
  far_->open({.received =
                  [this](std::string_view bytes) {
                    if (stream_) stream_->send(share_bytes(std::string(bytes)));
                  },
              .ended =
                  [this] {
                    if (stream_) stream_->finish();
                  },
              .sent =
                  [this](std::size_t bytes) {
                    if (stream_ && bytes > 0) stream_->taken(stream_part::output, bytes);
                  },
              .broken = [this](int) { stream_.reset(); }});
  far_->grant(stream_window_bytes);
}

node_stream_events node_tunnel::events() {
  const auto on_loop = [loop = loop_, weak = weak_from_this()](auto job) {
    loop->post([weak, job = std::move(job)] {
      if (const auto self = weak.lock()) job(*self);
    });
  };
  return {
      .received =
          [on_loop](stream_part, shared_bytes bytes) {
            on_loop([bytes = std::move(bytes)](node_tunnel& self) {
              self.failed_ = nullptr;
              self.far_->send(bytes);
            });
          },
      .finished = [on_loop](stream_part) { on_loop([](node_tunnel& self) { self.far_->finish(); }); },
      .sent =
          [on_loop](std::size_t bytes) { on_loop([bytes](node_tunnel& self) { self.far_->grant(bytes); }); },
      .ended = [on_loop](const stream_end& how) { on_loop([how](node_tunnel& self) { self.end(how); }); }};
}

void node_tunnel::end(const stream_end& how) {
  const auto self = shared_from_this();
  stream_.reset();
  if (const auto failed = std::exchange(failed_, nullptr); failed && how.failure) failed(*how.failure);
  far_->finish();
}

} // namespace actord::actors
