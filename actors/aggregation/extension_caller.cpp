#include "actors/aggregation/extension_caller.hpp"

#include "actors/api/proxy/node_tunnel.hpp"
#include "net/proxy/response_parser.hpp"
#include "net/proxy/upstream_connection.hpp"

#include <fmt/format.h>
#include <utility>

namespace actord::actors {
namespace {

std::string text_of(const extension_call& call, const std::string& host, const header_fields& identity) {
  std::string text =
      fmt::format("{} {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\naccept-encoding: identity\r\n"
                  "user-agent: actord-aggregator\r\n",
                  call.method, call.target, host);
  for (const auto& [name, value] : call.headers) text += fmt::format("{}: {}\r\n", name, value);
  for (const auto& [name, value] : identity) text += fmt::format("{}: {}\r\n", name, value);
  if (!call.body.empty()) text += fmt::format("content-length: {}\r\n", call.body.size());
  return text + "\r\n" + call.body;
}

/// One call on its way; kept alive by the loop's timer. On the loop.
class call_under_way : public std::enable_shared_from_this<call_under_way> {
public:
  call_under_way(std::shared_ptr<net::stream_loop> loop, std::size_t max_bytes, extension_caller::taker done)
      : loop_(std::move(loop)), max_bytes_(max_bytes), done_(std::move(done)) {}

  template <class Action>
  auto with_self(Action action) {
    return [weak = weak_from_this(), action](auto&&... arguments) {
      if (const auto self = weak.lock()) action(*self, arguments...);
    };
  }

  void start(const extension_line& line, std::string text, std::chrono::milliseconds timeout) {
    // The timer is what holds it.
    loop_->after(timeout, [self = shared_from_this()] {
      self->fail("context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
    });
    net::upstream_events events{
        .received = with_self([](call_under_way& self, std::string_view bytes) { self.take(bytes); }),
        .ended = with_self([](call_under_way& self) { self.end(); }),
        .sent = {},
        .failed = with_self([](call_under_way& self, const error& why) { self.fail(why.message); }),
        .refused = {}};
    if (line.through == nullptr) {
      auto made = net::upstream_connection::start(loop_, line.to, timeout, std::move(events));
      if (!made) return fail(made.error().message);
      connection_ = *std::move(made);
    } else {
      auto tunnel = node_tunnel::open(
          loop_, *line.through, line.pod_uid, line.to.port,
          with_self([](call_under_way& self, const error& why) { self.fail(why.message); }));
      if (!tunnel) return fail(tunnel.error().message);
      connection_ = net::upstream_connection::start_on(loop_, std::move(tunnel->near_end),
                                                       std::move(tunnel->tunnel), line.to, std::move(events));
    }
    if (!done_) return connection_->close(); // it failed before it was here
    connection_->send(share_bytes(std::move(text)));
    connection_->grant(max_bytes_ + net::upstream_head_max_bytes);
  }

private:
  void take(std::string_view bytes) {
    if (!done_) return;
    const auto used = parser_.put(bytes, answer_.body);
    if (!used) return fail(used.error().message);
    if (answer_.body.size() > max_bytes_)
      return fail(fmt::format("the answer is longer than {} bytes", max_bytes_));
    if (parser_.done()) return succeed();
    connection_->grant(bytes.size());
  }

  void end() {
    if (!done_) return;
    if (const auto ended = parser_.end(); !ended) return fail("EOF");
    succeed();
  }

  void succeed() {
    answer_.code = parser_.head().code;
    answer_.tag = parser_.head().header("etag");
    answer_.type = parser_.head().header("content-type");
    finish(std::move(answer_));
  }

  void fail(const std::string& why) { finish(error{.kind = error_kind::unavailable, .message = why}); }

  void finish(result<extension_answer> how) {
    const auto done = std::exchange(done_, nullptr);
    if (!done) return;
    if (const auto connection = std::exchange(connection_, nullptr)) connection->close();
    done(std::move(how));
  }

  const std::shared_ptr<net::stream_loop> loop_;
  const std::size_t max_bytes_;
  extension_caller::taker done_;
  net::response_parser parser_{true};
  extension_answer answer_;
  std::shared_ptr<net::upstream_connection> connection_;
};

} // namespace

extension_caller::~extension_caller() { stop(); }

void extension_caller::stop() {
  const auto running = [this] {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    return loop_;
  }();
  if (running) running->stop();
}

result<std::shared_ptr<net::stream_loop>> extension_caller::loop() {
  const std::lock_guard lock(mutex_);
  if (stopped_) return error{.kind = error_kind::unavailable, .message = "the server is stopping"};
  if (!loop_) {
    auto started = net::stream_loop::start();
    if (!started) return started;
    loop_ = *std::move(started);
  }
  return loop_;
}

void extension_caller::call(const extension_call& what, taker done) {
  auto identity = identity_headers(what.caller);
  if (!identity) return done(identity.error());
  auto line = lines_.find(*what.service);
  if (!line) return done(line.error());
  auto carrier = loop();
  if (!carrier) return done(carrier.error());
  auto under_way = std::make_shared<call_under_way>(*carrier, what.answer_max_bytes, std::move(done));
  (*carrier)->post([under_way, line = *std::move(line), timeout = what.timeout,
                    text = text_of(what, what.service->host(), *identity)]() mutable {
    under_way->start(line, std::move(text), timeout);
  });
}

} // namespace actord::actors
