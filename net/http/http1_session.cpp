#include "net/http/answer_queue.hpp"
#include "net/http/protocol_session.hpp"
#include "net/http/request_parser.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace actord::net {

namespace {

constexpr std::size_t input_kept_bytes =
    std::size_t{16} * 1024;                       ///< unread input while an answer is in the works
constexpr std::size_t body_progress_bytes = 1024; ///< least a body must grow within its time limit
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

/// The other protocol's end of the connection. Its destruction is the other protocol's letting go.
class switched_stream final : public upgraded_stream {
public:
  switched_stream(std::shared_ptr<answer_queue> queue, std::shared_ptr<output_signal> signal,
                  std::weak_ptr<switched_input> input)
      : queue_(std::move(queue)), signal_(std::move(signal)), input_(std::move(input)) {}
  switched_stream(const switched_stream&) = delete;
  switched_stream& operator=(const switched_stream&) = delete;
  ~switched_stream() override { queue_->end_switched(false); }

  void write(shared_bytes bytes) override { queue_->write_all({&bytes, 1}); }
  [[nodiscard]] std::size_t pending_bytes() const override { return queue_->pending_bytes(); }
  void pause() override { set_paused(true); }
  void resume() override { set_paused(false); }
  void end() override { queue_->end_switched(true); }
  void cut() override { queue_->end_switched(false); }

private:
  void set_paused(bool paused) {
    const auto input = input_.lock(); // the session's: gone with the connection
    if (!input || input->paused.exchange(paused) == paused) return;
    if (!paused) signal_->raise();
  }

  const std::shared_ptr<answer_queue> queue_;
  const std::shared_ptr<output_signal> signal_;
  const std::weak_ptr<switched_input> input_;
};

/// The handler's end of an exchange. Its destruction is the handler's letting go.
class http1_exchange final : public http_exchange {
public:
  http1_exchange(std::shared_ptr<answer_queue> queue, std::shared_ptr<const http_server_options> options,
                 std::shared_ptr<output_signal> signal)
      : queue_(std::move(queue)), options_(std::move(options)), signal_(std::move(signal)) {}
  http1_exchange(const http1_exchange&) = delete;
  http1_exchange& operator=(const http1_exchange&) = delete;
  ~http1_exchange() override {
    queue_->abandon(
        [this] { return fault_response(*options_, 500, "the request was dropped without an answer"); });
  }

  void respond(http_response response) override { queue_->respond(std::move(response)); }
  void begin(http_response head) override { queue_->begin(std::move(head)); }
  void write(shared_bytes bytes) override { queue_->write_all({&bytes, 1}); }
  void write_all(std::span<shared_bytes> pieces) override { queue_->write_all(pieces); }
  void end() override { queue_->end(); }
  [[nodiscard]] std::size_t pending_bytes() const override { return queue_->pending_bytes(); }
  void on_drained(std::function<void()> callback) override { queue_->on_drained(std::move(callback)); }
  void on_closed(std::function<void()> callback) override { queue_->on_closed(std::move(callback)); }
  [[nodiscard]] bool can_switch_protocols() const override { return queue_->may_switch(); }
  void body_taken(std::size_t bytes) override { queue_->body_taken(bytes); }

  upgraded_handle switch_protocols(std::vector<std::pair<std::string, std::string>> headers,
                                   upgraded_events events) override {
    auto input = std::make_shared<switched_input>(std::move(events.received));
    auto stream = std::make_shared<switched_stream>(queue_, signal_, input);
    const http_response head{.code = 101, .headers = std::move(headers), .body = {}};
    // The queue holds the input until the session takes it over.
    if (!queue_->switch_protocols(head, input, std::move(events.drained), std::move(events.closed)))
      return nullptr;
    return stream;
  }

private:
  std::shared_ptr<answer_queue> queue_;
  std::shared_ptr<const http_server_options> options_; ///< shared: the exchange may outlive the server
  std::shared_ptr<output_signal> signal_;
};

/// One request at a time; the next one is parsed when the answer to the last is sent.
///
///   idle ──first byte──▶ head ──▶ body ──▶ answering ──answer sent──▶ idle
///                          └── fault ──▶ answering, then closing ◀── a head or body left unread
///                                            └──protocol switched──▶ switched ──its end──▶ closing
class http1_session final : public protocol_session {
public:
  explicit http1_session(session_environment environment) : environment_(std::move(environment)) {
    become_idle();
  }

  void receive(std::string_view bytes) override {
    if (closing_) return;
    attend();
    if (phase_ == phase::switched) {
      input_.append(bytes);
      hand_on_input();
    } else if (input_.empty() && reads_request()) {
      const std::size_t used = parse(bytes);
      input_.assign(bytes.substr(used));
    } else {
      input_.append(bytes);
      parse_kept_input();
    }
    release_if_empty();
  }

  [[nodiscard]] bool wants_input() const override {
    if (phase_ == phase::switched) return !closing_ && !switched_->paused;
    if (streams_both_ways() && answer_->body_ahead_bytes() >= body_window_bytes) return false;
    return !closing_ && (reads_request() || input_.size() < input_kept_bytes);
  }

  void attend() override {
    if (phase_ == phase::answering && answer_ && answer_->switched()) {
      phase_ = phase::switched;
      switched_ = answer_->take_switched_input();
    }
    if (phase_ == phase::switched) hand_on_input();
    // A stream whose end needs no bytes, after all others are sent.
    if (answer_ && phase_ != phase::body && answer_->finished()) finish_answer();
  }

  std::string_view next_output(std::span<char> scratch) override {
    if (!interim_.empty()) return interim_;
    return answer_ ? answer_->next_output(scratch) : std::string_view();
  }

  void sent(std::size_t count) override {
    if (!interim_.empty()) {
      interim_.remove_prefix(count);
      return;
    }
    if (count > 0) answer_->sent(count);
    if (answer_->finished()) finish_answer();
  }

  [[nodiscard]] ending wants_end() const override {
    if (answer_ && answer_->broken()) return ending::abrupt;
    return closing_ && !answer_ ? ending::graceful : ending::none;
  }

  [[nodiscard]] std::uint32_t deadline_s() const override { return deadline_s_; }

  void deadline_passed() override {
    if (phase_ == phase::idle) {
      closing_ = true;
      deadline_s_ = 0;
    } else if (phase_ == phase::body && (body_seen_bytes_ >= body_progress_bytes || waits_for_handler())) {
      expect_within(environment_.options->body_timeout_s);
      body_seen_bytes_ = 0;
    } else if (phase_ == phase::head || phase_ == phase::body) {
      fail({408, "the request did not arrive in time"});
    }
  }

  [[nodiscard]] int write_timeout_s() const override {
    return phase_ == phase::switched ? environment_.options->upgraded_write_timeout_s
                                     : environment_.options->write_timeout_s;
  }

  bool input_ended() override { return phase_ == phase::answering && answer_ && !answer_->streaming(); }

  void shutting_down() override {}

  void closed() override {
    closing_ = true;
    switched_.reset();
    abort_sink();
    if (auto answer = std::exchange(answer_, nullptr)) answer->close();
    exchange_.reset();
  }

private:
  enum class phase { idle, head, body, answering, switched };

  [[nodiscard]] bool reads_request() const {
    return !closing_ && phase_ != phase::answering && phase_ != phase::switched;
  }

  [[nodiscard]] bool streams_both_ways() const {
    return phase_ == phase::body && sink_ != nullptr && sink_->both_ways;
  }
  /// The body stands still because of who takes it, or because both sides are talking.
  [[nodiscard]] bool waits_for_handler() const {
    return streams_both_ways() && (answer_->body_ahead_bytes() > 0 || answer_->answered());
  }
  /// An answer before the end of the body, which makes the rest of it useless.
  [[nodiscard]] bool answered_early() const {
    return answer_->answered() && !(streams_both_ways() && answer_->streaming());
  }

  void expect_within(int seconds) {
    deadline_s_ = *environment_.now_s + static_cast<std::uint32_t>(seconds) + 1;
  }

  void become_idle() {
    phase_ = phase::idle;
    expect_within(environment_.options->idle_timeout_s);
  }

  void release_if_empty() {
    if (input_.empty()) std::string().swap(input_);
  }

  void hand_on_input() {
    if (input_.empty() || !switched_ || switched_->paused) return;
    const std::string input = std::exchange(input_, {});
    const auto taker = switched_;
    if (taker->received) taker->received(input);
  }

  void parse_kept_input() {
    if (!reads_request() || input_.empty()) return;
    std::string kept = std::exchange(input_, {}); // a handler may answer at once and bring us here again
    const std::size_t used = parse(kept);
    kept.erase(0, used);
    input_ = std::move(kept);
  }

  /// Feeds one request's parser; returns how much it used.
  std::size_t parse(std::string_view bytes) {
    std::size_t used = 0;
    while (used < bytes.size() && reads_request()) {
      if (phase_ == phase::idle && !begin_head(bytes, used)) break;
      const bool had_head = parser_->head_done();
      const std::size_t step = parser_->put(bytes.substr(used));
      used += step;
      if (parser_->fault()) {
        fail(*parser_->fault());
      } else if (parser_->head_done()) {
        if (!had_head) begin_body(used < bytes.size());
        if (phase_ == phase::body) take_body();
      }
      if (step == 0 && reads_request()) break;
    }
    return used;
  }

  /// Skips the empty lines some clients send between requests.
  bool begin_head(std::string_view bytes, std::size_t& used) {
    while (used < bytes.size() && (bytes[used] == '\r' || bytes[used] == '\n')) ++used;
    if (used == bytes.size()) return false;
    parser_ = std::make_unique<request_parser>(environment_.options->header_limit_bytes);
    phase_ = phase::head;
    expect_within(environment_.options->header_timeout_s);
    return true;
  }

  void open_exchange(bool keep_alive) {
    answer_terms terms{.is_head_request = parser_->request().method == "HEAD",
                       .chunks_allowed = parser_->understands_chunks(),
                       .keep_alive = keep_alive,
                       .may_switch = parser_->understands_chunks(),
                       .date = *environment_.date};
    answer_ = std::make_shared<answer_queue>(terms, environment_.signal);
    exchange_ = std::make_shared<http1_exchange>(answer_, environment_.options, environment_.signal);
  }

  void begin_body(bool body_follows) {
    http_request& request = parser_->request();
    request.peer = environment_.peer;
    request.remote_address = environment_.remote_address;
    phase_ = phase::body;
    expect_within(environment_.options->body_timeout_s);
    body_seen_bytes_ = 0;
    open_exchange(parser_->keep_alive());
    if (environment_.handler->stream_body && !parser_->done())
      sink_ = environment_.handler->stream_body(request, exchange_);
    if (answered_early()) return stop_reading();
    const std::uint64_t announced = parser_->content_length().value_or(0);
    if (!sink_ && announced > environment_.options->body_limit_bytes) return fail(too_large());
    if (parser_->expects_continue() && !parser_->done() && !body_follows) interim_ = continue_line;
    if (sink_) return;
    claim_ = body_claim(environment_.bodies);
    if (!claim_.grow(announced)) return fail(overloaded());
    claim_.release(); // what has come is what counts from here on
    request.body.reserve(std::min<std::size_t>(announced, environment_.options->body_limit_bytes));
  }

  [[nodiscard]] static request_fault overloaded() {
    return {429, "too many requests are being received, please try again later"};
  }

  [[nodiscard]] request_fault too_large() const {
    return {413, "the request's body is larger than " +
                     std::to_string(environment_.options->body_limit_bytes) + " bytes"};
  }

  void take_body() {
    const std::string_view piece = parser_->body_piece();
    body_seen_bytes_ += piece.size();
    if (sink_) {
      if (sink_->both_ways) answer_->body_came(piece.size());
      if (!piece.empty()) {
        if (auto taken = sink_->more(piece); !taken) {
          return fail({http_code(taken.error().kind), taken.error().message});
        }
      }
      if (answered_early() && !parser_->done()) return stop_reading();
    } else {
      std::string& body = parser_->request().body;
      if (body.size() + piece.size() > environment_.options->body_limit_bytes) return fail(too_large());
      if (!claim_.grow(piece.size())) return fail(overloaded());
      body.append(piece);
    }
    if (parser_->done()) hand_over();
  }

  void await_answer() {
    phase_ = phase::answering;
    deadline_s_ = 0;
    exchange_.reset();
    parser_.reset();
  }

  void hand_over() {
    phase_ = phase::answering;
    deadline_s_ = 0;
    claim_.release();
    const auto exchange = std::exchange(exchange_, nullptr);
    const auto parser = std::exchange(parser_, nullptr);
    if (const auto sink = std::exchange(sink_, nullptr)) {
      if (sink->complete) sink->complete();
    } else {
      environment_.handler->handle(std::move(parser->request()), exchange);
    }
  }

  /// The handler answered before it had the whole body: what follows on this connection cannot be told apart.
  void stop_reading() {
    abort_sink();
    claim_.release();
    answer_->refuse_keep_alive();
    must_close_ = true;
    await_answer();
  }

  void fail(const request_fault& fault) {
    if (!answer_) open_exchange(false);
    answer_->refuse_keep_alive();
    if (!answer_->answered())
      answer_->overrule(fault_response(*environment_.options, fault.code, fault.message));
    stop_reading();
  }

  void abort_sink() {
    if (const auto sink = std::exchange(sink_, nullptr); sink && sink->aborted) sink->aborted();
  }

  void finish_answer() {
    if (reads_request()) stop_reading();
    const auto answer = std::exchange(answer_, nullptr);
    const bool reuse = answer->keep_alive() && !must_close_;
    answer->close();
    switched_.reset();
    if (!reuse) {
      closing_ = true;
      return;
    }
    become_idle();
    parse_kept_input();
    release_if_empty();
  }

  const session_environment environment_;
  phase phase_ = phase::idle;
  bool closing_ = false;
  bool must_close_ = false;
  std::uint32_t deadline_s_ = 0;
  std::size_t body_seen_bytes_ = 0;
  std::string input_;
  std::string_view interim_;
  std::unique_ptr<request_parser> parser_;
  std::unique_ptr<body_sink> sink_;
  body_claim claim_;
  std::shared_ptr<answer_queue> answer_;
  exchange_handle exchange_; ///< held until the request is handed over
  std::shared_ptr<switched_input> switched_;
};

} // namespace

std::unique_ptr<protocol_session> make_http1_session(session_environment environment) {
  return std::make_unique<http1_session>(std::move(environment));
}

http_response fault_response(const http_server_options& options, int code, std::string_view message) {
  if (options.render_error) return options.render_error(code, message);
  return {.code = code,
          .headers = {{"content-type", "text/plain; charset=utf-8"}, {"x-content-type-options", "nosniff"}},
          .body = share_bytes(std::string(message) + "\n")};
}

} // namespace actord::net
