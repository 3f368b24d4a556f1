#pragma once

#include "tests/sim/api/api_judge.hpp"
#include "tests/sim/api/client_connection.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace actord::sim {

/// A client that watches, on one server after the other, and is told what the history says, no more and no
/// less, whatever breaks:
///
///   lists, or asks for initial events ──▶ watches from there ──(broken, over, tired of it)──▶ watches from
///     ▲                                                                     the last revision it knows
///     └───────────────────────────────────── 410: too old ─────────────────────────┘
class api_watcher {
public:
  struct parts {
    std::string name;
    dice chance;
    std::function<void(time_us after, std::function<void()> what)> schedule;
    /// Opens a connection to some server, and says to which; null when that is down.
    std::function<std::shared_ptr<client_connection>(net::http_request, std::shared_ptr<client_end>,
                                                     storage::member_id& server)>
        open;
    api_judge& judge;
    std::function<time_us()> now;
    std::function<void(const std::string&)> tell;
  };
  enum class scope : std::uint8_t { all, red, one };

  api_watcher(parts with, scope what) : with_(std::move(with)), scope_(what) {}

  void start() { begin(); }
  /// The stream it is on has said everything, unless it has only just begun: clients may be slow.
  void check_complete() const;
  [[nodiscard]] storage::member_id server() const { return server_; }
  [[nodiscard]] std::size_t received() const { return received_; }

private:
  void begin();
  void list();
  void watch();
  void take_list(const net::http_response& response);
  void take(const std::string& bytes);
  void take_line(const std::string& line);
  void take_event(const std::string& type, held_object shown, const std::string& name);
  void pass(revision until);
  void over();
  void again(time_us after);
  net::http_request request(std::string query) const;
  [[nodiscard]] bool wants(const std::string& name, const held_object& object) const;
  [[nodiscard]] std::string seen_as(const book_entry& entry) const;
  std::shared_ptr<client_end> make_end();

  parts with_;
  scope scope_;
  std::optional<revision> position_;                          ///< none: it knows nothing
  revision floor_;                                            ///< acknowledged when it asked for the state
  std::optional<std::map<std::string, held_object>> initial_; ///< while initial events come
  std::size_t place_ = 0; ///< of the first entry of the book above its position
  std::string line_;      ///< of which the end is not there yet
  std::shared_ptr<client_end> end_;
  std::weak_ptr<client_connection> connection_;
  storage::member_id server_ = 0; ///< 0: on none
  time_us asked_at_ = 0;          ///< for what it is on
  std::size_t received_ = 0;
};

} // namespace actord::sim
