#pragma once

#include "net/http/http_server.hpp"
#include "net/http/output_signal.hpp"
#include "net/http/response_head.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The bytes of one HTTP/1.1 answer between the handler, which may write from any thread, and the connection,
/// which takes them out on its own.

namespace actord::net {

/// What comes in after the protocol was switched, on its way to who takes it.
struct switched_input {
  explicit switched_input(std::function<void(std::string_view)> taker) : received(std::move(taker)) {}

  const std::function<void(std::string_view)> received;
  std::atomic<bool> paused{true};
};

/// What the answer must know about its request.
struct answer_terms {
  bool is_head_request = false;
  bool chunks_allowed = true;
  bool keep_alive = true;
  bool may_switch = false;     ///< to another protocol
  std::array<char, 29> date{}; ///< for the Date header
};

/// States: waiting ──begin──▶ streaming ──end──▶ complete; waiting ──respond──▶ complete; any ──close──▶
/// closed. After `switch_protocols` it is streaming, and what is written are the bytes of another protocol.
/// Invariant: pending_bytes is the sum of what the pieces still have to send.
class answer_queue {
public:
  answer_queue(answer_terms terms, std::shared_ptr<output_signal> signal);

  void respond(http_response response);
  /// The connection answers in the handler's place, unless the handler has begun to: from then on what the
  /// handler says goes nowhere.
  void overrule(http_response response);
  void begin(http_response head);
  void write_all(std::span<shared_bytes> pieces);
  void end();
  [[nodiscard]] std::size_t pending_bytes() const { return pending_.load(std::memory_order_relaxed); }
  void on_drained(std::function<void()> callback);
  void on_closed(std::function<void()> callback);
  /// The handler let go of the exchange: without an answer `failure` is asked for one, an unfinished stream
  /// is broken.
  void abandon(const std::function<http_response()>& failure);

  /// Answers 101; false, and nothing done, when the answer has begun or cannot be this.
  bool switch_protocols(const http_response& head, std::shared_ptr<switched_input> input,
                        std::function<void()> drained, std::function<void()> closed);
  [[nodiscard]] bool may_switch() const { return terms_.may_switch; }
  /// The handler has passed on so much of a body that is streamed both ways.
  void body_taken(std::size_t count);
  /// Ends the stream of the other protocol, sending what is pending (`whole`) or not.
  void end_switched(bool whole);

  /// The side of the connection, called on its thread only.
  ///
  /// The next bytes to send: a view into a large piece, or small ones gathered in `scratch`. Empty when there
  /// are none. Calling it again before `sent` gives the same bytes, perhaps with more behind them.
  std::string_view next_output(std::span<char> scratch);
  void sent(std::size_t count);
  /// The whole answer was taken out.
  [[nodiscard]] bool finished() const;
  [[nodiscard]] bool answered() const;
  /// Bytes or an end may still come from the handler.
  [[nodiscard]] bool streaming() const;
  std::shared_ptr<switched_input> take_switched_input();
  /// What of a body streamed both ways was given to the handler and is not passed on yet.
  [[nodiscard]] std::size_t body_ahead_bytes() const { return body_ahead_.load(std::memory_order_relaxed); }
  void body_came(std::size_t count) { body_ahead_.fetch_add(count, std::memory_order_relaxed); }
  [[nodiscard]] bool switched() const { return switched_.load(std::memory_order_acquire); }
  /// The answer cannot be completed: the connection must end without looking complete.
  [[nodiscard]] bool broken() const;
  [[nodiscard]] bool keep_alive() const;
  /// The connection cannot be used for another request; no effect once the head is written.
  void refuse_keep_alive();
  /// Ends the exchange and tells who asked to know. No write has an effect afterwards.
  void close();

private:
  enum class phase { waiting, streaming, complete };
  struct piece {
    std::array<char, 18> prefix{}; ///< chunk size line
    std::uint8_t prefix_length = 0;
    std::uint8_t suffix_length = 0; ///< the CRLF after a chunk
    shared_bytes body;

    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] std::string_view part_at(std::size_t offset) const;
  };

  [[nodiscard]] piece framed(shared_bytes bytes) const;
  void place(http_response response);
  void push(piece added);
  void push_text(std::string text);
  void push_head(const http_response& head, body_framing framing, std::uint64_t length);
  void drop_front();

  const answer_terms terms_;
  const std::shared_ptr<output_signal> signal_;
  mutable std::mutex mutex_;
  phase phase_ = phase::waiting;
  std::atomic<bool> switched_{false};
  bool closed_ = false;
  bool overruled_ = false;
  bool broken_ = false;
  bool chunked_ = false;
  bool sends_body_ = true;
  bool keep_alive_;
  std::vector<piece> pieces_;
  std::size_t front_ = 0;        ///< pieces before this one are sent
  std::size_t front_offset_ = 0; ///< what is already sent of the front piece
  std::atomic<std::size_t> pending_{0};
  std::atomic<std::size_t> body_ahead_{0};
  std::function<void()> on_drained_;
  std::function<void()> on_closed_;
  std::function<void()> on_switched_closed_;
  std::shared_ptr<switched_input> switched_input_;
};

} // namespace actord::net
