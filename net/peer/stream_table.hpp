#pragma once

#include "net/peer/peer_context.hpp"
#include "net/peer/stream_box.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace actord::net {

/// The streams of one connection, opened by either end. On the network's thread; owned by the connection's
/// peer_talk, and when it goes all streams are closed.
///
///     users ──▶ stream_box ──▶ line.waiting ──▶ one call of up to 64 KiB of steps of all streams, by turns
///     users ◀── events ◀────── take_in ◀─────── the other end's
///
/// Of each line: sent < window before each piece, sent = bytes that left and were not reported as taken;
/// untaken + unreported < granted before each piece that arrives. Sum of granted - stream_window_first over
/// all lines = extra_ <= limits.window_bytes.
class stream_table final : private stream_keeper, private kj::TaskSet::ErrorHandler {
public:
  /// `broken` ends the connection: the other end does what the protocol forbids.
  stream_table(peer_context& context, const node_identity& with, std::function<void(std::string why)> broken);
  ~stream_table() noexcept(false);
  stream_table(const stream_table&) = delete;
  stream_table& operator=(const stream_table&) = delete;

  /// Where the other end takes steps. Until then they wait.
  void begin(wire::Peer::Client remote);
  void open(std::shared_ptr<stream_box> box, std::string_view method, std::string payload,
            stream_events events);
  /// All are closed as `unavailable`.
  void close_all();
  /// Everything the other end says in one call.
  void take_in(capnp::List<wire::StreamStep>::Reader steps);

private:
  struct line {
    std::shared_ptr<stream_box> box;
    stream_events events;
    std::optional<std::pair<std::string, std::string>> opening; ///< method and payload, not sent yet

    std::deque<std::string> waiting;
    std::size_t sent = 0;
    std::size_t window = stream_window_first;
    bool end_wanted = false;
    bool end_sent = false;
    std::optional<error> failure; ///< to be sent, then it is over

    std::size_t untaken = 0;
    std::size_t unreported = 0;
    std::size_t granted = stream_window_first;
    bool end_received = false;
    bool in_turn = false;
  };
  /// Our own have odd numbers here, the other end's even ones.
  using line_number = std::uint64_t;
  using lines = std::map<line_number, line>;
  struct outgoing;

  void changed(stream_box& box) override;
  void taskFailed(kj::Exception&& fault) override;

  void take_open(std::uint64_t wire_number, wire::StreamStep::Open::Reader open);
  result<stream_events> accept(const std::shared_ptr<stream_box>& box, wire::StreamStep::Open::Reader open);
  void take_step(lines::iterator at, wire::StreamStep::Reader step);
  void take_piece(line& of, capnp::Data::Reader bytes);
  void note_taken(line& of, std::size_t bytes);
  void grow(line& of);
  [[nodiscard]] static bool report_is_due(const line& of) { return of.unreported >= of.granted / 4; }
  /// Something of it is to be sent.
  void put_in_turn(lines::iterator at);
  void pump();
  bool send_some();
  /// Appends what may be sent now; true when more could be.
  bool take_turn(lines::iterator at, std::vector<outgoing>& steps, std::size_t& bytes);
  void close(lines::iterator at, std::optional<error> why);
  void violated(std::string what);

  peer_context& context_;
  const node_identity with_;
  std::function<void(std::string)> broken_;
  kj::Maybe<wire::Peer::Client> remote_;
  lines lines_;
  std::deque<line_number> turns_;
  std::deque<std::pair<std::uint64_t, error>> refusals_; ///< of streams that never were; by their wire number
  std::uint64_t last_opened_ = 0;                        ///< by us
  std::uint64_t last_taken_ = 0;                         ///< number of the other end's newest
  std::size_t extra_ = 0;
  std::size_t under_way_bytes_ = 0;
  bool is_violated_ = false;
  kj::TaskSet asked_;
};

} // namespace actord::net
