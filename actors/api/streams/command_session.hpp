#pragma once

#include "actors/api/streams/stream_request.hpp"
#include "actors/worker/streams/node_streams.hpp"

#include <array>
#include <memory>
#include <mutex>
#include <string_view>

namespace actord::actors {

/// One exec or attach between a client and a node, whatever protocol the client speaks. The client's side is
/// called on its connection's thread, the node's on one of the node's: one lock holds both apart. Nobody whom
/// it calls calls back at once.
///
///   opening ──begin──▶ running ──node: ended──▶ over (status sent)      any ──client_gone──▶ over (node's
///   end dropped)
///
/// Each side is held back by the other: output is given back to the node once the client's connection has
/// taken it, and reading from the client stops while the node has more than a window of input.
class command_session : public std::enable_shared_from_this<command_session> {
public:
  command_session(node_streams& node, command_request request) : node_(node), request_(std::move(request)) {}
  virtual ~command_session() = default;
  command_session(const command_session&) = delete;
  command_session& operator=(const command_session&) = delete;

protected:
  /// Everything below with the lock held, `put_...` too.
  void begin();
  void take_input(std::string_view bytes);
  void finish_input();
  void take_size(std::string_view text);
  /// The client's connection has nothing more to send, or is near that.
  void drained();
  void client_gone();
  [[nodiscard]] const command_request& request() const { return request_; }
  [[nodiscard]] bool is_over() const { return over_; }

  virtual void put_output(stream_part part, const shared_bytes& bytes) = 0;
  virtual void put_finished(stream_part part) = 0;
  /// The last thing: how it went; then the connection ends.
  virtual void put_end(const stream_end& end) = 0;
  [[nodiscard]] virtual std::size_t pending_bytes() const = 0;
  virtual void pause() = 0;
  virtual void resume() = 0;

  std::mutex mutex_;

private:
  node_stream_events events();
  void give_back();

  node_streams& node_;
  const command_request request_;
  std::unique_ptr<node_stream> stream_;
  std::array<std::size_t, 2> untaken_{}; ///< of each part: received and not given back
  std::size_t input_ahead_ = 0;          ///< given to the node and not yet with the process
  bool paused_ = false;
  bool over_ = false;
};

} // namespace actord::actors
