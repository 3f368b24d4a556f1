#pragma once

#include "actors/flow/flow_gate.hpp"
#include "net/http/http_server.hpp"

#include <functional>

namespace actord::actors {

/// Passes an answer on and lets go of the request's seats when the work for it is over:
///
///   a short answer              when it is given
///   an answer of many KiB       when the client has it: until then its bytes are held
///   a list in pieces            the same
///   a watch                     when what it began with was taken, or it ends
///   any other stream            when it begins: how long it lasts is the client's affair
class metered_exchange final : public net::http_exchange {
public:
  struct terms {
    bool is_watch = false;
    /// What it writes after it began are pieces of one answer.
    bool is_list = false;
    /// Each answer about a kind on its way out says so; empty for others.
    std::string_view deprecation;
    /// Let go of when the answer, or the stream it led to, is over; empty for those that take a moment.
    std::shared_ptr<void> while_it_lasts{};
  };
  /// `answered` is told the code, once; 500 when there is no answer.
  metered_exchange(net::exchange_handle inner, flow_gate::flow_seat seat, terms how,
                   std::shared_ptr<flow_gate> gate, std::function<void(int code)> answered);
  ~metered_exchange() override { settle(500); }
  metered_exchange(const metered_exchange&) = delete;
  metered_exchange& operator=(const metered_exchange&) = delete;

  void respond(net::http_response response) override;
  void begin(net::http_response head) override;
  void write(shared_bytes bytes) override { write_all({&bytes, 1}); }
  void write_all(std::span<shared_bytes> pieces) override;
  void end() override { inner_->end(); }
  [[nodiscard]] std::size_t pending_bytes() const override { return inner_->pending_bytes(); }
  void on_drained(std::function<void()> callback) override;
  void on_closed(std::function<void()> callback) override { inner_->on_closed(std::move(callback)); }

  net::upgraded_handle switch_protocols(std::vector<std::pair<std::string, std::string>> headers,
                                        net::upgraded_events events) override;
  [[nodiscard]] bool can_switch_protocols() const override { return inner_->can_switch_protocols(); }

private:
  class holding;

  void settle(int code);
  void mark(net::http_response& response) const;

  net::exchange_handle inner_;
  terms how_;
  std::shared_ptr<flow_gate::flow_seat> shared_seat_; ///< of a watch
  flow_gate::flow_seat seat_;
  std::shared_ptr<holding> holding_; ///< of a list in pieces
  std::shared_ptr<flow_gate> gate_;
  std::function<void(int)> answered_;
};

} // namespace actord::actors
