#include "net/http/header_lists.hpp"
#include "net/http/protocol_session.hpp"
#include "net/http2/http2_budget.hpp"
#include "net/http2/http2_engine.hpp"
#include "net/http2/http2_headers.hpp"
#include "net/http2/http2_stream.hpp"
#include "net/http2/repeated_credentials.hpp"
#include "schema/base/always.hpp"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <unordered_map>

namespace actord::net {

namespace {

constexpr std::uint32_t streams_at_once_max = 250;
constexpr std::size_t held_requests_max = 2 * std::size_t{streams_at_once_max};
constexpr std::size_t headers_max = 200;
constexpr std::uint32_t stream_window_bytes = std::uint32_t{256} * 1024;
constexpr int connection_window_bytes = 1024 * 1024;
constexpr std::size_t body_progress_bytes = 1024; ///< least a body must grow within its time limit
constexpr std::uint32_t sweep_interval_s = 2;
constexpr int linger_s = 2;
constexpr std::size_t linger_limit_bytes = std::size_t{4} * 1024 * 1024;

/// The handler's end of an exchange. Its destruction is the handler's letting go.
class http2_exchange final : public http_exchange {
public:
  http2_exchange(std::shared_ptr<http2_answer> answer, std::shared_ptr<stream_board> board,
                 std::shared_ptr<const http_server_options> options)
      : answer_(std::move(answer)), board_(std::move(board)), options_(std::move(options)) {
    board_->held_requests.fetch_add(1, std::memory_order_relaxed);
  }
  http2_exchange(const http2_exchange&) = delete;
  http2_exchange& operator=(const http2_exchange&) = delete;
  ~http2_exchange() override {
    answer_->abandon(
        [this] { return fault_response(*options_, 500, "the request was dropped without an answer"); });
    board_->held_requests.fetch_sub(1, std::memory_order_relaxed);
  }

  void respond(http_response response) override { answer_->respond(std::move(response)); }
  void begin(http_response head) override { answer_->begin(std::move(head)); }
  void write(shared_bytes bytes) override { answer_->write_all({&bytes, 1}); }
  void write_all(std::span<shared_bytes> pieces) override { answer_->write_all(pieces); }
  void end() override { answer_->end(); }
  [[nodiscard]] std::size_t pending_bytes() const override { return answer_->pending_bytes(); }
  void on_drained(std::function<void()> callback) override { answer_->on_drained(std::move(callback)); }
  void on_closed(std::function<void()> callback) override { answer_->on_closed(std::move(callback)); }
  void body_taken(std::size_t bytes) override { board_->note_taken(answer_->stream(), bytes); }

private:
  const std::shared_ptr<http2_answer> answer_;
  const std::shared_ptr<stream_board> board_;
  const std::shared_ptr<const http_server_options> options_; ///< shared: the exchange may outlive the server
};

/// HTTP/2 by nghttp2, which checks frames, header compression, pseudo-headers, lengths and windows; this
/// class gives requests to the handler and answers to nghttp2, and decides when a client asks for too much.
///
/// Requests that arrived in one piece of input are handed over behind it, so that one that is reset in the
/// same breath never starts. No callback of nghttp2 ends the session: what a callback finds is carried out
/// when nghttp2 has returned.
class http2_session final : public protocol_session, private http2_events {
public:
  explicit http2_session(session_environment environment)
      : environment_(std::move(environment)), board_(std::make_shared<stream_board>(environment_.signal)),
        last_refill_s_(*environment_.now_s) {
    const std::array<nghttp2_settings_entry, 4> settings{{
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams_at_once_max},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, stream_window_bytes},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
         static_cast<std::uint32_t>(environment_.options->header_limit_bytes)},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    }};
    nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    nghttp2_session_set_local_window_size(session_.get(), NGHTTP2_FLAG_NONE, 0, connection_window_bytes);
    idle_since_s_ = *environment_.now_s;
  }

  void receive(std::string_view bytes) override {
    if (doomed_ || nghttp2_session_want_read(session_.get()) == 0) return;
    refill();
    while (!bytes.empty()) {
      const std::string_view piece = credentials_.next(bytes);
      const ssize_t used = nghttp2_session_mem_recv(
          session_.get(), reinterpret_cast<const std::uint8_t*>(piece.data()), piece.size());
      if (used < 0)
        return end_connection(used == NGHTTP2_ERR_FLOODED ? NGHTTP2_ENHANCE_YOUR_CALM
                                                          : NGHTTP2_PROTOCOL_ERROR);
    }
    if (budget_.exhausted()) return end_connection(NGHTTP2_ENHANCE_YOUR_CALM);
    hand_over_ready();
  }

  [[nodiscard]] bool wants_input() const override {
    // A client that does not read its answers is not asked for more requests.
    return !doomed_ && kept_output_.empty() && nghttp2_session_want_read(session_.get()) != 0;
  }

  void attend() override {
    for (const auto& [id, bytes] : board_->take_taken())
      if (http2_stream* stream = stream_of(id)) let_more_come(*stream, bytes);
    board_->take(noted_);
    for (const std::int32_t id : noted_) {
      const auto found = streams_.find(id);
      if (found != streams_.end()) advance(*found->second);
    }
    if (budget_.exhausted() && !doomed_) end_connection(NGHTTP2_ENHANCE_YOUR_CALM);
  }

  std::string_view next_output(std::span<char> scratch) override {
    if (!kept_output_.empty()) return kept_output_; // what TLS has begun to send it must be given again
    std::size_t filled = 0;
    while (filled < scratch.size()) {
      if (frame_.empty() && !next_frame()) break;
      const std::size_t count = std::min(frame_.size(), scratch.size() - filled);
      std::memcpy(scratch.data() + filled, frame_.data(), count);
      frame_.remove_prefix(count);
      filled += count;
    }
    if (filled > 0) {
      holds_buffer_ = true;
      output_s_ = *environment_.now_s;
    }
    gathered_ = {scratch.data(), filled};
    return gathered_;
  }

  void sent(std::size_t count) override {
    if (kept_output_.empty()) {
      kept_output_.assign(gathered_.substr(count));
    } else {
      kept_output_.erase(0, count);
    }
    if (kept_output_.empty()) std::string().swap(kept_output_);
    gathered_ = {};
    budget_.sent(count);
  }

  [[nodiscard]] ending wants_end() const override {
    if (broken_) return ending::abrupt;
    const bool over = nghttp2_session_want_read(session_.get()) == 0 || doomed_;
    return over && is_silent() ? ending::graceful : ending::none;
  }

  [[nodiscard]] std::uint32_t deadline_s() const override {
    if (doomed_) return 0;
    if (!streams_.empty() || holds_buffer_) return last_sweep_s_ + sweep_interval_s;
    return idle_since_s_ + static_cast<std::uint32_t>(idle_limit_s()) + 1;
  }

  void deadline_passed() override {
    last_sweep_s_ = *environment_.now_s;
    if (holds_buffer_ && is_silent() && waited(output_s_, 1)) {
      holds_buffer_ = false;
      buffer_.release();
    }
    if (streams_.empty()) {
      if (waited(idle_since_s_, idle_limit_s())) end_connection(NGHTTP2_NO_ERROR);
      return;
    }
    for (auto& [id, stream] : streams_) sweep(*stream);
    if (std::exchange(head_overdue_, false)) end_connection(NGHTTP2_PROTOCOL_ERROR);
  }

  [[nodiscard]] int write_timeout_s() const override { return environment_.options->write_timeout_s; }
  bool input_ended() override { return false; } // HTTP/2 has its own words for that

  void shutting_down() override {
    if (!doomed_) nghttp2_session_terminate_session(session_.get(), NGHTTP2_NO_ERROR);
  }

  void closed() override {
    doomed_ = true;
    board_->close();
    const auto streams = std::exchange(streams_, {});
    for (const auto& [id, stream] : streams) let_go(*stream);
  }

private:
  using stream_phase = http2_stream::phase;

  // --- what comes in; called by nghttp2 ---
  int on_begin_headers(const nghttp2_frame& frame) override {
    if (frame.hd.type != NGHTTP2_HEADERS || frame.headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    auto stream = std::make_unique<http2_stream>();
    stream->id = frame.hd.stream_id;
    stream->progress_s = *environment_.now_s;
    stream->request.headers.reserve(8);
    nghttp2_session_set_stream_user_data(session_.get(), frame.hd.stream_id, stream.get());
    streams_.emplace(frame.hd.stream_id, std::move(stream));
    return 0;
  }

  /// Headers over the limit are read on, since the compression of all that follows depends on them, but not
  /// kept.
  int on_header(const nghttp2_frame& frame, std::string_view name, std::string_view sent_value) override {
    http2_stream* stream = stream_of(frame.hd.stream_id);
    if (stream == nullptr || stream->at != stream_phase::head) return 0; // trailers tell nothing we want
    const std::string_view value = credentials_.restored(name, sent_value);
    constexpr std::size_t overhead_bytes = 32; // RFC 9113 6.5.2
    stream->header_bytes += name.size() + value.size() + overhead_bytes;
    if (stream->header_bytes > environment_.options->header_limit_bytes ||
        stream->request.headers.size() == headers_max) {
      if (!std::exchange(stream->refused, true)) budget_.spend(frame_budget::cost::refusal);
      return 0;
    }
    take_header(*stream, name, value);
    return 0;
  }

  int on_invalid_header() override {
    budget_.spend(frame_budget::cost::malformed);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; // resets the stream
  }

  /// Before it is looked at, and also when it will be ignored.
  int on_begin_frame(const nghttp2_frame_hd& frame) override {
    switch (frame.type) {
    case NGHTTP2_HEADERS:
      budget_.spend(frame_budget::cost::request);
      break;
    case NGHTTP2_CONTINUATION: // within a limit of nghttp2's
      break;
    case NGHTTP2_DATA:
      if (frame.length == 0 && (frame.flags & NGHTTP2_FLAG_END_STREAM) == 0)
        budget_.spend(frame_budget::cost::empty_data);
      break;
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
    case NGHTTP2_RST_STREAM:
      budget_.spend(frame_budget::cost::control);
      break;
    default:
      budget_.spend(frame_budget::cost::trifle);
    }
    return 0;
  }

  int on_frame(const nghttp2_frame& frame) override {
    if (frame.hd.type == NGHTTP2_DATA && frame.hd.length > 0 && frame.hd.length == frame.data.padlen)
      budget_.spend(frame_budget::cost::empty_data);
    if (frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA) return on_request_frame(frame);
    if (frame.hd.type == NGHTTP2_SETTINGS) greeted_ = true;
    if (frame.hd.type == NGHTTP2_WINDOW_UPDATE)
      if (http2_stream* stream = stream_of(frame.hd.stream_id)) stream->progress_s = *environment_.now_s;
    return 0;
  }

  int on_request_frame(const nghttp2_frame& frame) {
    http2_stream* stream = stream_of(frame.hd.stream_id);
    const bool last = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (stream == nullptr) return 0;
    if (frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST)
      finish_head(*stream, last);
    if (!last) return 0;
    stream->request_complete = true;
    if (stream->refused || !takes_body(*stream)) return 0;
    if (stream->at == stream_phase::body) stream->at = stream_phase::waiting;
    stream->ready = true;
    ready_.push_back(stream->id);
    return 0;
  }

  int on_data(std::int32_t id, std::string_view piece) override {
    http2_stream* stream = stream_of(id);
    // One slow reader of a body must not stop the others of the connection: its own window does that.
    nghttp2_session_consume_connection(session_.get(), piece.size());
    if (stream != nullptr && stream->sink && stream->sink->both_ways)
      stream->ahead_bytes += piece.size();
    else
      nghttp2_session_consume_stream(session_.get(), id, piece.size());
    if (stream == nullptr) return 0;
    if (stream->answer_sent) return discard(*stream, piece.size());
    if (stream->refused || !takes_body(*stream)) return 0;
    stream->seen_bytes += piece.size();
    stream->body_bytes += piece.size();
    if (stream->sink) {
      if (auto taken = stream->sink->more(piece); !taken)
        refuse(*stream, http_code(taken.error().kind), taken.error().message);
      else if (answered_early(*stream))
        stop_reading(*stream);
      return 0;
    }
    if (stream->body_bytes > environment_.options->body_limit_bytes) return refuse_large(*stream);
    if (!stream->claim.grow(piece.size())) return refuse_for_memory(*stream);
    stream->request.body.append(piece);
    return 0;
  }

  [[nodiscard]] static bool takes_body(const http2_stream& stream) {
    return stream.at == stream_phase::body || (stream.at == stream_phase::answering && stream.sink);
  }
  /// An answer before the end of the body, which makes the rest of it useless.
  [[nodiscard]] static bool answered_early(const http2_stream& stream) {
    const bool both_ways = stream.sink && stream.sink->both_ways;
    return stream.answer->answered() && !(both_ways && stream.answer->streaming());
  }

  /// The handler has passed so much on.
  void let_more_come(http2_stream& stream, std::size_t bytes) {
    bytes = std::min(bytes, stream.ahead_bytes);
    stream.ahead_bytes -= bytes;
    stream.progress_s = *environment_.now_s;
    nghttp2_session_consume_stream(session_.get(), stream.id, bytes);
  }

  /// What else a client sends of an answered request is not wanted (RFC 9113 8.1). It is read for a while:
  /// some clients take a reset for a failure and the answer with it.
  int discard(http2_stream& stream, std::size_t count) {
    stream.body_bytes += count;
    if (stream.body_bytes > linger_limit_bytes) stop_sender(stream);
    return 0;
  }
  void stop_sender(const http2_stream& stream) {
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_NO_ERROR);
  }

  int on_stream_close(std::int32_t id, std::uint32_t code) override {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return 0;
    if (found->second->answer_sent && found->second->request_complete)
      budget_.finished_request();
    else if (code == NGHTTP2_PROTOCOL_ERROR)
      budget_.spend(frame_budget::cost::malformed);
    const auto stream = std::move(found->second);
    streams_.erase(found);
    nghttp2_session_set_stream_user_data(session_.get(), id, nullptr);
    if (streams_.empty()) idle_since_s_ = *environment_.now_s;
    let_go(*stream);
    return 0;
  }

  int on_frame_sent(const nghttp2_frame& frame) override {
    if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
    http2_stream* stream = stream_of(frame.hd.stream_id);
    if (stream == nullptr) return 0;
    if (stream->sink) stop_reading(*stream);
    stream->answer_sent = true;
    stream->progress_s = *environment_.now_s;
    stream->body_bytes = 0;
    return 0;
  }

  // --- requests ---
  http2_stream* stream_of(std::int32_t id) {
    return static_cast<http2_stream*>(nghttp2_session_get_stream_user_data(session_.get(), id));
  }

  static void take_header(http2_stream& stream, std::string_view name, std::string_view value) {
    http_request& request = stream.request;
    if (name.empty() || name.front() != ':') {
      if (name == "content-length") {
        std::from_chars(value.data(), value.data() + value.size(), stream.announced_bytes);
      } else if (name == "expect") {
        stream.expects_continue = equals_ignoring_case(value, "100-continue");
      }
      request.headers.emplace_back(name, value);
    } else if (name == ":method") {
      request.method = value;
    } else if (name == ":path") {
      const std::size_t mark = value.find('?');
      request.path = value.substr(0, mark);
      if (mark != std::string_view::npos) request.query = value.substr(mark + 1);
    } else if (name == ":authority") {
      request.headers.emplace_back("host", value);
    }
  }

  void finish_head(http2_stream& stream, bool last) {
    stream.answer = std::make_shared<http2_answer>(stream.id, board_);
    stream.exchange = std::make_shared<http2_exchange>(stream.answer, board_, environment_.options);
    stream.request_complete = last;
    stream.is_head_request = stream.request.method == "HEAD";
    stream.at = stream_phase::body;
    stream.progress_s = *environment_.now_s;
    if (stream.refused) return refuse(stream, 431, "the request's headers are too large");
    if (stream.request.path.empty() || (stream.request.path.front() != '/' && stream.request.path != "*"))
      return refuse(stream, 400, "the request target must be a path");
    if (board_->held_requests.load(std::memory_order_relaxed) > held_requests_max) {
      budget_.spend(frame_budget::cost::refusal);
      nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_REFUSED_STREAM);
      stream.refused = true;
      return;
    }
    stream.request.peer = environment_.peer;
    stream.request.remote_address = environment_.remote_address;
    if (!last) begin_body(stream);
  }

  void begin_body(http2_stream& stream) {
    if (environment_.handler->stream_body)
      stream.sink = environment_.handler->stream_body(stream.request, stream.exchange);
    if (answered_early(stream)) return stop_reading(stream);
    if (!stream.sink) {
      if (stream.announced_bytes > environment_.options->body_limit_bytes) {
        refuse_large(stream);
        return;
      }
      stream.claim = body_claim(environment_.bodies);
      if (!stream.claim.grow(stream.announced_bytes)) {
        refuse_for_memory(stream);
        return;
      }
      stream.claim.release();
      stream.request.body.reserve(stream.announced_bytes);
    }
    if (stream.expects_continue) {
      nghttp2_nv status = header_field(":status", "100");
      nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, stream.id, nullptr, &status, 1, nullptr);
    }
  }

  int refuse_large(http2_stream& stream) {
    refuse(stream, 413,
           "the request's body is larger than " + std::to_string(environment_.options->body_limit_bytes) +
               " bytes");
    return 0;
  }
  int refuse_for_memory(http2_stream& stream) {
    refuse(stream, 429, "too many requests are being received, please try again later");
    return 0;
  }

  void refuse(http2_stream& stream, int code, std::string_view message) {
    if (!stream.answer->answered())
      stream.answer->overrule(fault_response(*environment_.options, code, message));
    stop_reading(stream);
  }

  void stop_reading(http2_stream& stream) {
    stream.refused = true;
    stream.progress_s = *environment_.now_s;
    abort_sink(stream);
    let_more_come(stream, stream.ahead_bytes); // what it has of the window is nobody's any more
    std::string().swap(stream.request.body);
    stream.claim.release();
    stream.exchange.reset();
  }

  void hand_over_ready() {
    // The handler may answer at once; it may not get here again.
    for (std::size_t index = 0; index < ready_.size(); ++index) {
      http2_stream* stream = stream_of(ready_[index]);
      if (stream == nullptr || !std::exchange(stream->ready, false)) continue;
      stream->claim.release();
      const auto exchange = std::exchange(stream->exchange, nullptr);
      if (const auto sink = std::exchange(stream->sink, nullptr)) {
        if (sink->complete) sink->complete();
      } else {
        environment_.handler->handle(std::move(stream->request), exchange);
      }
    }
    ready_.clear();
  }

  static void abort_sink(http2_stream& stream) {
    if (const auto sink = std::exchange(stream.sink, nullptr); sink && sink->aborted) sink->aborted();
  }

  static void let_go(http2_stream& stream) {
    abort_sink(stream);
    if (stream.answer) stream.answer->close();
    stream.exchange.reset();
  }

  // --- answers ---
  /// Brings what the handler gave to nghttp2.
  void advance(http2_stream& stream) {
    if (auto head = stream.answer->take_head()) return send_head(stream, *head);
    if (stream.at != stream_phase::answering) return;
    stream.progress_s = *environment_.now_s;
    nghttp2_session_resume_data(session_.get(), stream.id); // an error tells that it has not stopped
  }

  void send_head(http2_stream& stream, const http2_answer::response_start& head);

  ssize_t read_answer(std::int32_t id, std::span<char> into, std::uint32_t& flags) override {
    http2_stream* stream = stream_of(id);
    if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const http2_answer::portion portion = stream->answer->read(into);
    if (portion.then == http2_answer::state::broken && portion.count == 0)
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; // resets the stream
    if (portion.then == http2_answer::state::ended) flags |= NGHTTP2_DATA_FLAG_EOF;
    if (portion.count == 0 && portion.then == http2_answer::state::empty) return NGHTTP2_ERR_DEFERRED;
    stream->progress_s = *environment_.now_s;
    return static_cast<ssize_t>(portion.count);
  }

  bool next_frame() {
    while (true) {
      const std::uint8_t* bytes = nullptr;
      const ssize_t count = nghttp2_session_mem_send(session_.get(), &bytes);
      if (count < 0) {
        broken_ = true;
        return false;
      }
      if (count > 0) {
        frame_ = {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count)};
        return true;
      }
      // Handlers that were told of room may have written meanwhile.
      attend();
      if (noted_.empty()) return false;
    }
  }

  /// Nothing is being sent or waits to be.
  [[nodiscard]] bool is_silent() const {
    return nghttp2_session_want_write(session_.get()) == 0 && frame_.empty() && kept_output_.empty();
  }

  // --- time and limits ---
  [[nodiscard]] bool waited(std::uint32_t since_s, int limit_s) const {
    return *environment_.now_s > since_s + static_cast<std::uint32_t>(limit_s);
  }

  /// A client that has not even said what it can do is given less time.
  [[nodiscard]] int idle_limit_s() const {
    return greeted_ ? environment_.options->idle_timeout_s : environment_.options->header_timeout_s;
  }

  void refill() {
    const std::uint32_t now_s = *environment_.now_s;
    budget_.passed(now_s - last_refill_s_);
    last_refill_s_ = now_s;
  }

  void sweep(http2_stream& stream) {
    const http_server_options& options = *environment_.options;
    if (stream.answer_sent) {
      if (waited(stream.progress_s, linger_s)) stop_sender(stream);
    } else if (stream.at == stream_phase::head) {
      // The header block holds up the whole connection.
      head_overdue_ = head_overdue_ || waited(stream.progress_s, options.header_timeout_s);
    } else if (stream.at == stream_phase::body && !stream.refused) {
      if (stream.ahead_bytes > 0) stream.progress_s = *environment_.now_s; // it is not the client who waits
      if (!waited(stream.progress_s, options.body_timeout_s)) return;
      if (stream.seen_bytes < body_progress_bytes)
        return refuse(stream, 408, "the request did not arrive in time");
      stream.seen_bytes = 0;
      stream.progress_s = *environment_.now_s;
    } else if (stream.answer && stream.answer->pending_bytes() > 0 &&
               waited(stream.progress_s, options.write_timeout_s)) {
      nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_CANCEL);
    }
  }

  void end_connection(std::uint32_t code) {
    doomed_ = true;
    if (nghttp2_session_terminate_session(session_.get(), code) != 0) broken_ = true;
  }

  const session_environment environment_;
  const std::shared_ptr<stream_board> board_;
  repeated_credentials credentials_;
  frame_buffer buffer_;
  const nghttp2_handle session_ = open_http2_server(*this, buffer_);
  std::unordered_map<std::int32_t, std::unique_ptr<http2_stream>> streams_;
  std::vector<std::int32_t> ready_; ///< requests that came in whole with the input at hand
  std::vector<std::int32_t> noted_;
  frame_budget budget_;
  std::uint32_t last_refill_s_;
  std::uint32_t last_sweep_s_ = 0;
  std::uint32_t idle_since_s_ = 0;
  std::uint32_t output_s_ = 0;
  bool holds_buffer_ = false; ///< something was sent since the buffer was given back
  bool greeted_ = false;
  bool head_overdue_ = false;
  bool doomed_ = false; ///< a GOAWAY is on its way, nothing is read any more
  bool broken_ = false;
  std::string_view frame_; ///< what nghttp2 gave and is not gathered yet
  std::string_view gathered_;
  std::string kept_output_; ///< gathered, and not taken by the socket
};

void http2_session::send_head(http2_stream& stream, const http2_answer::response_start& head) {
  if (head.response.code == 401) budget_.spend(frame_budget::cost::refusal);
  const bool may_have_body =
      head.response.code >= 200 && head.response.code != 204 && head.response.code != 304;
  const bool has_body =
      may_have_body && !stream.is_head_request && !(head.complete && head.length_bytes == 0);
  thread_local header_fields fields; // shared by all sessions of the thread, none keeps any
  fields.assign(head.response,
                may_have_body && head.complete ? std::optional(head.length_bytes) : std::nullopt,
                {environment_.date->data(), environment_.date->size()});
  stream.at = stream_phase::answering;
  stream.progress_s = *environment_.now_s;
  if (!has_body) stream.answer->discard_body();
  const nghttp2_data_provider provider = answer_provider();
  nghttp2_submit_response(session_.get(), stream.id, fields.data(), fields.size(),
                          has_body ? &provider : nullptr);
}

} // namespace

std::unique_ptr<protocol_session> make_http2_session(session_environment environment) {
  return std::make_unique<http2_session>(std::move(environment));
}

} // namespace actord::net
