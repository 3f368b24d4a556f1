#pragma once

#include "net/http/http_server.hpp"
#include "schema/base/error.hpp"

#include <functional>
#include <string>

namespace actord::storage {
class store;
}

namespace actord::actors {

/// The answering end of a write that another server forwarded: the whole answer goes back in one piece, with
/// the revision that the other one has to reach before it hands it on.
class forwarded_exchange final : public net::http_exchange {
public:
  /// `send` is called once, on any thread, with an encoded net::forwarded_answer.
  /// `quiet`: of a success only the code goes back.
  forwarded_exchange(const storage::store& store, std::function<void(std::string answer)> send,
                     bool quiet = false)
      : store_(store), send_(std::move(send)), quiet_(quiet) {}
  ~forwarded_exchange() override;
  forwarded_exchange(const forwarded_exchange&) = delete;
  forwarded_exchange& operator=(const forwarded_exchange&) = delete;

  /// This server does not lead (any more): the other one asks the next.
  void turn_away(const error& why);

  void respond(net::http_response response) override;
  void begin(net::http_response head) override;
  void write(shared_bytes bytes) override;
  void end() override;
  [[nodiscard]] std::size_t pending_bytes() const override { return 0; }
  void on_drained(std::function<void()>) override {}
  void on_closed(std::function<void()>) override {}

private:
  const storage::store& store_;
  std::function<void(std::string)> send_; ///< empty once it was called
  const bool quiet_;
  net::http_response streamed_;
  std::string body_;
};

} // namespace actord::actors
