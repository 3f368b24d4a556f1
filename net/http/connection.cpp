#include "net/http/connection.hpp"

#include <boost/asio/post.hpp>

#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>

namespace actord::net {

namespace {

constexpr std::uint32_t linger_s = 2;
constexpr std::size_t linger_limit_bytes = std::size_t{4} * 1024 * 1024;
constexpr int writes_per_turn = 64; ///< then other connections of this thread get theirs
constexpr int reads_per_turn = 16;
constexpr int keepalive_idle_s = 30;
constexpr int keepalive_interval_s = 15;

/// Also what waits in the kernel for more.
void send_at_once(int socket) {
  const int yes = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

} // namespace

/// Brings the connection's thread to send. Holds the worker, so that raising it is safe whenever; several
/// raises before the connection looks cost one wake-up.
class connection::wake_up final : public output_signal, public worker_call {
public:
  wake_up(std::shared_ptr<io_worker> worker, std::weak_ptr<connection> target)
      : worker_(std::move(worker)), target_(std::move(target)) {}

  void raise() override {
    if (suppressed && worker_->context.get_executor().running_in_this_thread()) return;
    if (!raised_.exchange(true)) worker_->call(self_.lock());
  }

  void run() override {
    raised_ = false;
    if (const auto connection = target_.lock()) connection->on_output();
  }

  void remember(const std::shared_ptr<wake_up>& self) { self_ = self; }

  /// Set while the connection is at work and will look for output anyway. Its own thread only.
  std::atomic<bool> suppressed{false};

private:
  const std::shared_ptr<io_worker> worker_;
  const std::weak_ptr<connection> target_;
  std::weak_ptr<wake_up> self_;
  std::atomic<bool> raised_{false};
};

connection::connection(std::shared_ptr<io_worker> worker, int socket, std::string remote_address)
    : worker_(std::move(worker)), socket_(worker_->context), channel_(worker_->settings->tls().get(), socket),
      remote_address_(std::move(remote_address)),
      deadline_s_(worker_->now_s + static_cast<std::uint32_t>(worker_->settings->options->header_timeout_s) +
                  1) {
  boost::system::error_code ignored;
  // A socket that cannot be used shows it at its first step.
  static_cast<void>(socket_.assign(boost::asio::ip::tcp::v4(), socket, ignored));
  static_cast<void>(socket_.native_non_blocking(true, ignored));
  send_at_once(socket);
  const int yes = 1;
  // A watch may be silent for hours: that is how a client that vanished without a word is noticed.
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &keepalive_idle_s, sizeof keepalive_idle_s);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &keepalive_interval_s, sizeof keepalive_interval_s);
}

connection::~connection() { worker_->settings->connections.fetch_sub(1); }

void connection::start() { continue_handshake(); }

void connection::await_readable() {
  if (awaits_readable_) return;
  awaits_readable_ = true;
  socket_.async_wait(boost::asio::ip::tcp::socket::wait_read,
                     [self = shared_from_this()](const auto& failure) {
                       self->awaits_readable_ = false;
                       if (!failure) self->on_readable();
                     });
}

void connection::await_writable() {
  if (awaits_writable_) return;
  awaits_writable_ = true;
  socket_.async_wait(boost::asio::ip::tcp::socket::wait_write,
                     [self = shared_from_this()](const auto& failure) {
                       self->awaits_writable_ = false;
                       if (!failure) self->on_writable();
                     });
}

void connection::on_readable() {
  switch (phase_) {
  case phase::handshaking:
    return continue_handshake();
  case phase::open:
    read_input();
    return settle();
  case phase::lingering:
    return discard_input();
  case phase::closed:
    return;
  }
}

void connection::on_writable() {
  if (phase_ == phase::handshaking) return continue_handshake();
  if (phase_ != phase::open) return;
  write_blocked_ = false;
  if (read_needs_write_) read_input();
  settle();
}

void connection::continue_handshake() {
  const channel_step step = channel_.handshake();
  switch (step.next) {
  case channel_step::state::progress:
    open_session();
    read_input();
    return settle();
  case channel_step::state::needs_read:
    return await_readable();
  case channel_step::state::needs_write:
    return await_writable();
  case channel_step::state::ended:
    return close(false);
  }
}

void connection::open_session() {
  phase_ = phase::open;
  deadline_s_ = 0;
  wake_up_ = std::make_shared<wake_up>(worker_, weak_from_this());
  wake_up_->remember(wake_up_);
  session_environment environment{.options = worker_->settings->options,
                                  .handler = &worker_->settings->handler,
                                  .peer = channel_.identity(),
                                  .remote_address = std::move(remote_address_),
                                  .signal = wake_up_,
                                  .now_s = &worker_->now_s,
                                  .date = &worker_->date,
                                  .bodies = worker_->settings->bodies};
  session_ = channel_.protocol() == "h2" ? make_http2_session(std::move(environment))
                                         : make_http1_session(std::move(environment));
}

void connection::read_input() {
  read_needs_write_ = false;
  for (int turn = 0;
       turn < reads_per_turn && phase_ == phase::open && !input_ended_ && session_->wants_input(); ++turn) {
    const channel_step step = channel_.read(worker_->read_scratch);
    if (step.next == channel_step::state::ended) return end_input();
    read_needs_write_ = step.next == channel_step::state::needs_write;
    if (step.next != channel_step::state::progress) return;
    wake_up_->suppressed = true;
    session_->receive({worker_->read_scratch.data(), step.count});
    wake_up_->suppressed = false;
    const bool whole_record = step.count == worker_->read_scratch.size();
    if (!whole_record && !channel_.has_buffered_input()) return;
  }
}

/// A client that said goodbye may still wait for its answer; one that broke off does not.
void connection::end_input() {
  if (!channel_.peer_said_goodbye() || !session_->input_ended()) return close(false);
  input_ended_ = true;
}

void connection::on_output() {
  if (phase_ == phase::open) settle();
}

void connection::settle() {
  if (phase_ != phase::open) return;
  attend();
  flush();
  if (phase_ != phase::open) return;
  const auto ending = session_->wants_end();
  if (ending == protocol_session::ending::abrupt) return close(false);
  if (ending == protocol_session::ending::graceful) return linger();
  if (write_blocked_ || read_needs_write_) await_writable();
  if (yields_) {
    yields_ = false;
    boost::asio::post(worker_->context, [self = weak_from_this()] {
      if (const auto target = self.lock()) target->on_output();
    });
  }
  if (input_ended_ || !session_->wants_input()) return;
  if (channel_.has_buffered_input() && !awaits_readable_) {
    boost::asio::post(worker_->context, [self = weak_from_this()] {
      if (const auto target = self.lock()) target->on_readable();
    });
  }
  await_readable();
}

void connection::attend() {
  wake_up_->suppressed = true;
  session_->attend();
  wake_up_->suppressed = false;
}

void connection::flush() {
  if (write_blocked_) return;
  wake_up_->suppressed = true;
  bool waits_for_more = false;
  for (int turn = 0;; ++turn) {
    if (turn == writes_per_turn) {
      yields_ = true;
      break;
    }
    const std::string_view bytes = session_->next_output(worker_->write_scratch);
    if (bytes.empty()) {
      deadline_s_ = 0;
      break;
    }
    // A full record seldom comes alone. Sent one by one each would wake the client, for a quarter of a
    // segment.
    waits_for_more = bytes.size() >= io_worker::record_bytes;
    const channel_step step = channel_.write(bytes, waits_for_more);
    if (step.next == channel_step::state::progress) {
      deadline_s_ = 0;
      session_->sent(step.count);
      continue;
    }
    if (step.next == channel_step::state::ended) {
      close(false);
      break;
    }
    session_->sent(0);
    write_blocked_ = true;
    deadline_s_ = worker_->now_s + static_cast<std::uint32_t>(session_->write_timeout_s()) + 1;
    break;
  }
  if (waits_for_more && phase_ == phase::open) send_at_once(socket_.native_handle());
  wake_up_->suppressed = false;
}

void connection::linger() {
  phase_ = phase::lingering;
  deadline_s_ = worker_->now_s + linger_s;
  session_->closed();
  channel_.say_goodbye();
  ::shutdown(socket_.native_handle(), SHUT_WR);
  discard_input();
}

void connection::discard_input() {
  while (discarded_bytes_ < linger_limit_bytes) {
    const ssize_t count =
        ::recv(socket_.native_handle(), worker_->read_scratch.data(), worker_->read_scratch.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return await_readable();
    if (count <= 0) break;
    discarded_bytes_ += static_cast<std::size_t>(count);
  }
  close(false);
}

void connection::check_deadlines() {
  if (deadline_s_ != 0 && worker_->now_s >= deadline_s_) return close(false);
  if (phase_ != phase::open) return;
  const std::uint32_t session_deadline = session_->deadline_s();
  if (session_deadline == 0 || worker_->now_s < session_deadline) return;
  session_->deadline_passed();
  settle();
}

void connection::close(bool announce) {
  if (phase_ == phase::closed) return;
  const auto keep = shared_from_this();
  if (announce && phase_ == phase::open) {
    session_->shutting_down();
    flush();
    if (phase_ == phase::closed) return;
    channel_.say_goodbye();
  }
  phase_ = phase::closed;
  if (session_) session_->closed();
  boost::system::error_code ignored;
  static_cast<void>(socket_.close(ignored));
  worker_->connections.erase(keep);
}

} // namespace actord::net
