#include "actors/api/event_messages.hpp"

#include "net/http/websocket.hpp"

#include <algorithm>
#include <mutex>

namespace actord::actors {
namespace {

/// Clients have nothing to say on a watch.
constexpr std::size_t client_message_max_bytes = 4096;

/// Subprotocols by which browsers carry a token; they are never the one that is spoken.
constexpr std::string_view token_protocol = "base64url.bearer.authorization.k8s.io.";

class message_exchange final : public net::http_exchange {
public:
  /// Shared with the socket's events, which may come before the socket is there.
  struct listeners {
    std::mutex mutex;
    bool closed = false;
    std::function<void()> on_drained;
    std::function<void()> on_closed;

    void drained() {
      std::function<void()> callback;
      {
        const std::scoped_lock lock(mutex);
        callback = on_drained;
      }
      if (callback) callback();
    }
    void close() {
      std::function<void()> callback;
      {
        const std::scoped_lock lock(mutex);
        closed = true;
        callback.swap(on_closed);
        on_drained = nullptr;
      }
      if (callback) callback();
    }
  };

  message_exchange(net::websocket_handle socket, std::shared_ptr<listeners> tell)
      : socket_(std::move(socket)), tell_(std::move(tell)) {}

  void respond(net::http_response response) override {
    if (response.body) write(response.body);
    end();
  }
  void begin(net::http_response) override { socket_->resume(); }
  void write(shared_bytes line) override {
    if (!line->ends_with('\n')) return socket_->send(net::message_kind::text, std::move(line));
    socket_->send(net::message_kind::text, std::string_view(*line).substr(0, line->size() - 1), nullptr);
  }
  void end() override { socket_->close(net::websocket_code::normal, {}); }
  [[nodiscard]] std::size_t pending_bytes() const override { return socket_->pending_bytes(); }
  void on_drained(std::function<void()> callback) override {
    const std::scoped_lock lock(tell_->mutex);
    if (!tell_->closed) tell_->on_drained = std::move(callback);
  }
  void on_closed(std::function<void()> callback) override {
    {
      const std::scoped_lock lock(tell_->mutex);
      if (!tell_->closed) {
        tell_->on_closed = std::move(callback);
        return;
      }
    }
    callback();
  }

private:
  const net::websocket_handle socket_;
  const std::shared_ptr<listeners> tell_;
};

} // namespace

result<net::exchange_handle> open_event_messages(const net::http_request& request,
                                                 net::http_exchange& exchange) {
  auto tell = std::make_shared<message_exchange::listeners>();
  net::websocket_terms terms{.protocols = net::offered_protocols(request),
                             .message_limit_bytes = client_message_max_bytes};
  std::erase_if(terms.protocols, [](const std::string& each) { return each.starts_with(token_protocol); });
  auto socket = net::accept_websocket(request, exchange, terms,
                                      {.message = {},
                                       .drained = [tell] { tell->drained(); },
                                       .closed = [tell](std::uint16_t) { tell->close(); }});
  if (!socket) return socket.error();
  return net::exchange_handle(std::make_shared<message_exchange>(std::move(*socket), std::move(tell)));
}

} // namespace actord::actors
