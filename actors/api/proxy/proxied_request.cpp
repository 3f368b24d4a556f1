#include "actors/api/proxy/proxied_request.hpp"

#include "actors/api/proxy/incoming_body.hpp"
#include "actors/api/proxy/node_tunnel.hpp"
#include "net/http/header_lists.hpp"

#include <algorithm>
#include <utility>

namespace actord::actors {
namespace {

using namespace std::chrono_literals;

constexpr auto connect_patience = 10s;
constexpr auto head_patience = 300s; ///< long polls are proxied too
constexpr auto send_patience = 60s;  ///< in which a backend must take something of what waits for it
constexpr auto last_words_patience = 5s;
constexpr std::size_t window_bytes = std::size_t{256} * 1024;
constexpr std::size_t collected_max_bytes = std::size_t{64} * 1024;

error unreachable(const error& why) {
  return {.kind = error_kind::unavailable,
          .message = "error trying to reach service: " + why.message,
          .causes = {},
          .subject = {}};
}

std::string host_of(const net::upstream_target& target) {
  const bool version6 = target.address.find(':') != std::string::npos;
  return (version6 ? "[" + target.address + "]" : target.address) + ":" + std::to_string(target.port);
}

} // namespace

bool asks_to_upgrade(const api_request& request) {
  return !request.http.header("upgrade").empty() && !request.incoming &&
         net::list_contains(request.http, "connection", "upgrade") &&
         request.exchange->can_switch_protocols();
}

proxied_request::proxied_request(std::shared_ptr<net::stream_loop> loop, terms what)
    : loop_(std::move(loop)), what_(std::move(what)), exchange_(what_.request->exchange),
      parser_(what_.request->http.method != "HEAD"),
      links_{.prefix = what_.path.prefix,
             .backend_host = host_of(what_.target),
             .request_host = std::string(what_.request->http.header("host"))} {}

proxied_request::~proxied_request() {
  if (what_.over) what_.over();
}

result<std::shared_ptr<net::upstream_connection>> proxied_request::connect() {
  net::upstream_events events{
      .received = [self = shared_from_this()](std::string_view bytes) { self->on_bytes(bytes); },
      .ended = [self = shared_from_this()] { self->on_end(); },
      .sent = [self = shared_from_this()](std::size_t bytes) { self->on_sent(bytes); },
      .failed = [self = shared_from_this()](const error& why) { self->on_failure(why); },
      .refused = [self = shared_from_this()](const error& why) { self->on_refused(why); }};
  if (what_.through == nullptr)
    return net::upstream_connection::start(loop_, what_.target, connect_patience, std::move(events));
  auto opened = node_tunnel::open(loop_, *what_.through, what_.pod_uid, what_.target.port,
                                  [weak = weak_from_this()](const error& why) {
                                    if (const auto self = weak.lock(); self && !self->over_)
                                      self->on_failure(why);
                                  });
  if (!opened) return opened.error();
  return net::upstream_connection::start_on(loop_, std::move(opened->near_end), std::move(opened->tunnel),
                                            what_.target, std::move(events));
}

void proxied_request::start() {
  auto connection = connect();
  if (!connection) return on_failure(connection.error());
  upstream_ = std::move(*connection);
  exchange_->on_closed([loop = loop_, weak = weak_from_this()] {
    loop->post([weak] {
      const auto self = weak.lock();
      if (self && !self->client_) self->break_off();
    });
  });
  exchange_->on_drained([loop = loop_, weak = weak_from_this()] {
    loop->post([weak] {
      if (const auto self = weak.lock()) self->give_back();
    });
  });
  const bool streams = what_.request->incoming != nullptr;
  if (streams) passing_ = streamed_body_of(what_.request->http);
  auto bytes = share_bytes(upstream_request(what_.request->http, what_.path, what_.upgrade, passing_,
                                            what_.extension ? &*what_.extension : nullptr));
  ahead_ += bytes->size();
  upstream_->send(std::move(bytes));
  what_.request->http.body.clear();
  upstream_->grant(window_bytes);
  watch_sending();
  if (streams)
    take_in_body();
  else
    finish_body();
}

void proxied_request::take_in_body() {
  const auto on_loop = [loop = loop_, weak = weak_from_this()](auto action) {
    loop->post([weak, action] {
      const auto self = weak.lock();
      if (self && !self->over_) action(*self);
    });
  };
  what_.request->incoming->open(
      {.piece =
           [on_loop](shared_bytes piece) {
             on_loop([piece = std::move(piece)](proxied_request& self) { self.pass_on_body(*piece); });
           },
       .complete = [on_loop] { on_loop([](proxied_request& self) { self.finish_body(); }); },
       .aborted = [on_loop] { on_loop([](proxied_request& self) { self.break_off(); }); }});
}

void proxied_request::pass_on_body(std::string_view piece) {
  if (refused_) return what_.request->incoming->taken(piece.size());
  auto framed = share_bytes(framed_piece(passing_, piece));
  ahead_ += framed->size();
  body_ahead_ += piece.size();
  upstream_->send(std::move(framed));
}

void proxied_request::finish_body() {
  if (const std::string_view end = framed_end(passing_); !end.empty() && !refused_) {
    ahead_ += end.size();
    upstream_->send(share_bytes(std::string(end)));
  }
  uploaded_ = true;
  await_head();
}

void proxied_request::on_sent(std::size_t bytes) {
  moved_ = moved_ || bytes > 0;
  ahead_ -= std::min(ahead_, bytes);
  if (ahead_ > window_bytes / 2) return;
  if (what_.request->incoming) what_.request->incoming->taken(std::exchange(body_ahead_, 0));
  if (client_ && std::exchange(client_paused_, false)) client_->resume();
}

/// What else comes of the body goes nowhere; a backend that has seen enough says so.
void proxied_request::on_refused(const error& why) {
  if (over_) return;
  if (client_) return break_off();
  refused_ = why;
  ahead_ = 0;
  if (what_.request->incoming) what_.request->incoming->taken(std::exchange(body_ahead_, 0));
  loop_->after(last_words_patience, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && !self->answering_) self->on_failure(*self->refused_);
  });
}

void proxied_request::watch_sending() {
  moved_ = false;
  loop_->after(send_patience, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->over_ || self->client_) return;
    if (self->ahead_ > 0 && !self->moved_)
      return self->on_failure({.kind = error_kind::timeout,
                               .message = "the backend did not take the request in time",
                               .causes = {},
                               .subject = {}});
    if (!self->uploaded_ || self->ahead_ > 0) self->watch_sending();
  });
}

void proxied_request::await_head() {
  loop_->after(head_patience, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->over_ || self->answering_ || self->client_) return;
    self->on_failure({.kind = error_kind::timeout,
                      .message = "the backend did not begin to answer in time",
                      .causes = {},
                      .subject = {}});
  });
}

void proxied_request::on_bytes(std::string_view bytes) {
  if (over_) return;
  untaken_ += bytes.size();
  if (client_) {
    pass_to_client(std::string(bytes));
    return give_back();
  }
  std::string body;
  const bool had_head = parser_.head_done();
  const auto used = parser_.put(bytes, body);
  if (!used) return on_failure(used.error());
  if (!had_head && parser_.head_done()) on_head();
  if (over_) return;
  if (client_) {
    if (*used < bytes.size()) pass_to_client(std::string(bytes.substr(*used)));
    return give_back();
  }
  if (!body.empty()) pass_on(std::move(body));
  if (parser_.done()) return finish_answer();
  give_back();
}

void proxied_request::on_head() {
  const net::upstream_head& head = parser_.head();
  if (head.code == 101) return join();
  if (is_forbidden_redirect()) {
    over_ = true;
    answer_text(*exchange_, 502, "the backend attempted to redirect this request, which is not permitted");
    return let_go();
  }
  answering_ = true;
  if (!what_.extension && is_html(head)) html_.emplace(links_);
  collects_ = parser_.done() || (head.length && *head.length <= collected_max_bytes);
  // What HEAD is told about has no body here; it is told as a stream, without a length.
  if (what_.request->http.method == "HEAD") collects_ = false;
  if (collects_) return;
  exchange_->begin({.code = head.code, .headers = answer_headers(), .body = {}});
}

/// An extension server does not decide where clients of the API go.
bool proxied_request::is_forbidden_redirect() const {
  const net::upstream_head& head = parser_.head();
  return what_.extension && head.code >= 300 && head.code < 400 && !head.header("location").empty();
}

std::vector<std::pair<std::string, std::string>> proxied_request::answer_headers() const {
  return downstream_headers(parser_.head(), links_, !what_.extension);
}

void proxied_request::pass_on(std::string body) {
  if (html_) body = html_->put(body);
  if (collects_)
    collected_ += body;
  else
    pass_to_client(std::move(body));
}

void proxied_request::pass_to_client(std::string bytes) {
  if (bytes.empty()) return;
  if (client_)
    client_->write(share_bytes(std::move(bytes)));
  else
    exchange_->write(share_bytes(std::move(bytes)));
}

void proxied_request::finish_answer() {
  if (std::exchange(over_, true)) return;
  std::string rest = html_ ? html_->finish() : std::string();
  if (collects_) {
    collected_ += rest;
    const net::upstream_head& head = parser_.head();
    exchange_->respond(
        {.code = head.code, .headers = answer_headers(), .body = share_bytes(std::move(collected_))});
  } else {
    pass_to_client(std::move(rest));
    exchange_->end();
  }
  let_go();
}

void proxied_request::on_end() {
  if (over_) return;
  if (client_) {
    over_ = true;
    client_->end();
    client_.reset();
    return upstream_->close();
  }
  if (const auto ended = parser_.end(); !ended) return on_failure(refused_ ? *refused_ : ended.error());
  finish_answer();
}

void proxied_request::on_failure(const error& why) {
  if (over_) return;
  if ((answering_ && !collects_) || client_) return break_off();
  over_ = true;
  answer_failure(why);
  let_go();
}

void proxied_request::answer_failure(const error& why) {
  if (what_.extension) return answer_text(*exchange_, 503, unreachable(why).message + "\n");
  answer_error(*what_.request, why.kind == error_kind::timeout ? why : unreachable(why));
}

void proxied_request::break_off() {
  if (std::exchange(over_, true)) return;
  if (client_) client_->cut();
  client_.reset();
  let_go();
}

void proxied_request::let_go() {
  exchange_.reset();
  what_.request->exchange.reset();
  if (what_.request->incoming) what_.request->incoming->let_go();
  if (upstream_) upstream_->close();
}

std::size_t proxied_request::pending_bytes() const {
  if (client_) return client_->pending_bytes();
  return exchange_ && !collects_ ? exchange_->pending_bytes() : 0;
}

void proxied_request::give_back() {
  if (over_ || !upstream_ || pending_bytes() > window_bytes / 2) return;
  if (const std::size_t count = std::exchange(untaken_, 0); count > 0) upstream_->grant(count);
}

/// The backend leaves HTTP, and so does the client: from here on each gets what the other says.
void proxied_request::join() {
  const auto on_loop = [loop = loop_, weak = weak_from_this()](auto action) {
    return [loop, weak, action] {
      loop->post([weak, action] {
        const auto self = weak.lock();
        if (self && !self->over_) action(*self);
      });
    };
  };
  auto received = [loop = loop_, self = shared_from_this()](std::string_view bytes) {
    loop->post([self, copy = share_bytes(std::string(bytes))] {
      if (self->over_) return;
      self->ahead_ += copy->size();
      self->upstream_->send(copy);
      if (self->ahead_ <= window_bytes || self->client_paused_ || !self->client_) return;
      self->client_paused_ = true;
      self->client_->pause();
    });
  };
  client_ = exchange_->switch_protocols(answer_headers(),
                                        {.received = std::move(received),
                                         .drained = on_loop([](proxied_request& self) { self.give_back(); }),
                                         .closed = on_loop([](proxied_request& self) { self.break_off(); })});
  if (!client_) return break_off();
  client_->resume();
}

} // namespace actord::actors
