#pragma once

#include "net/http/http_server.hpp"
#include "net/http/output_signal.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

/// Answers of HTTP/2 streams between the handlers, which may write from any thread, and the session, which
/// sends on its own.

namespace actord::net {

/// Where answers leave word that there is something to send. Shared by a session and its answers, which may
/// outlive it.
class stream_board {
public:
  explicit stream_board(std::shared_ptr<output_signal> signal) : signal_(std::move(signal)) {}

  /// From any thread.
  void note(std::int32_t stream);
  /// The same for bytes of a streamed body that the handler has passed on.
  void note_taken(std::int32_t stream, std::size_t bytes);
  /// The session's side: what was noted since the last time.
  void take(std::vector<std::int32_t>& noted);
  using taken_list = std::vector<std::pair<std::int32_t, std::size_t>>;
  [[nodiscard]] taken_list take_taken();
  void close();

  /// Requests that handlers hold on to, whether or not their streams still exist.
  std::atomic<std::size_t> held_requests{0};

private:
  const std::shared_ptr<output_signal> signal_;
  std::mutex mutex_;
  std::vector<std::int32_t> noted_;
  taken_list taken_;
  bool closed_ = false;
};

/// States: waiting ──begin──▶ streaming ──end──▶ complete; waiting ──respond──▶ complete; any ──close──▶
/// closed. Invariant: pending_bytes is what `read` can still give.
class http2_answer {
public:
  http2_answer(std::int32_t stream, std::shared_ptr<stream_board> board)
      : stream_(stream), board_(std::move(board)) {}

  /// The handler's side, as of http_exchange.
  void respond(http_response response);
  /// The session answers in the handler's place, unless the handler has begun to: from then on what the
  /// handler says goes nowhere.
  void overrule(http_response response);
  void begin(http_response head);
  void write_all(std::span<shared_bytes> pieces);
  void end();
  [[nodiscard]] std::size_t pending_bytes() const { return pending_.load(std::memory_order_relaxed); }
  void on_drained(std::function<void()> callback);
  void on_closed(std::function<void()> callback);
  void abandon(const std::function<http_response()>& failure);

  [[nodiscard]] std::int32_t stream() const { return stream_; }

  /// The session's side, called on its thread only.
  struct response_start {
    http_response response; ///< without its body, which `read` gives
    bool complete = false;  ///< `length_bytes` is all that follows
    std::size_t length_bytes = 0;
  };
  /// The head, once, when the handler gave it.
  std::optional<response_start> take_head();
  [[nodiscard]] bool answered() const;
  /// It has begun, and its end has not come from the handler.
  [[nodiscard]] bool streaming() const;
  enum class state { more, empty, ended, broken };
  struct portion {
    std::size_t count = 0;
    state then = state::more; ///< what there is behind these bytes
  };
  portion read(std::span<char> into);
  /// No body is sent: what the handler writes goes nowhere.
  void discard_body();
  /// Ends the exchange and tells who asked to know. No write has an effect afterwards.
  void close();

private:
  enum class phase { waiting, streaming, complete };

  void place(http_response response);
  [[nodiscard]] state state_behind() const;

  const std::int32_t stream_;
  const std::shared_ptr<stream_board> board_;
  mutable std::mutex mutex_;
  phase phase_ = phase::waiting;
  bool closed_ = false;
  bool overruled_ = false;
  bool broken_ = false;
  bool discards_ = false;
  std::optional<http_response> head_;
  std::vector<shared_bytes> pieces_;
  std::size_t front_ = 0; ///< pieces before this one are sent
  std::size_t front_offset_ = 0;
  std::atomic<std::size_t> pending_{0};
  std::function<void()> on_drained_;
  std::function<void()> on_closed_;
};

} // namespace actord::net
