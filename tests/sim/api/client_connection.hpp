#pragma once

#include "net/http/http_server.hpp"
#include "tests/sim/dice.hpp"
#include "tests/sim/network.hpp"

#include <functional>
#include <memory>
#include <string>

namespace actord::sim {

/// The client's end of a connection. Told in the run's own loop, never from inside a server; of nothing once
/// it has left.
struct client_end {
  std::function<void(net::http_response response)> answered;
  std::function<void(const std::string& bytes)> received; ///< of a stream
  /// The server closed a stream in order, or the connection broke before the answer was whole.
  std::function<void(bool in_order)> ended;
  bool left = false;
};

/// The server's end: what it says arrives a while later; what a server says that has lost its power, never.
class client_connection final : public net::http_exchange,
                                public std::enable_shared_from_this<client_connection> {
public:
  struct ways {
    std::function<void(time_us after, std::function<void()> what)> schedule;
    std::function<bool()> sane; ///< of the server
    /// Runs a job on the server, if it still is there.
    std::function<void(std::function<void()> job)> post;
    /// Told at the moment the server says something.
    std::function<void()> speaks;
  };
  client_connection(dice& chance, ways with, std::shared_ptr<client_end> client)
      : dice_(chance), ways_(std::move(with)), client_(std::move(client)) {}
  ~client_connection() override;
  client_connection(const client_connection&) = delete;
  client_connection& operator=(const client_connection&) = delete;

  /// The server's process is gone.
  void break_off();
  /// The client goes; the server hears of it a while later.
  void leave();

  void respond(net::http_response response) override;
  void begin(net::http_response head) override;
  void write(shared_bytes bytes) override;
  void end() override;
  [[nodiscard]] std::size_t pending_bytes() const override { return out_.size(); }
  void on_drained(std::function<void()> callback) override { drained_ = std::move(callback); }
  void on_closed(std::function<void()> callback) override;

private:
  void flush_later();
  void flush();
  void tell_end(bool in_order);
  time_us delay();

  dice& dice_; ///< of the run
  ways ways_;
  std::shared_ptr<client_end> client_;
  std::function<void()> drained_, closed_;
  std::string out_; ///< written and not yet taken
  bool flushing_ = false;
  bool begun_ = false;
  bool over_ = false;   ///< nothing more is said
  bool broken_ = false; ///< one of the ends is gone
};

} // namespace actord::sim
