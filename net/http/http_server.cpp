#include "net/http/http_server.hpp"

#include "net/http/io_worker.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <system_error>
#include <thread>

namespace actord::net {

namespace {

using boost::asio::ip::tcp;

constexpr auto retry_pause =
    std::chrono::milliseconds(100); ///< after accept failed, for example without descriptors

std::string text_of(const tcp::endpoint& peer) {
  const std::string address = peer.address().to_string();
  const std::string host = peer.address().is_v6() ? "[" + address + "]" : address;
  return host + ":" + std::to_string(peer.port());
}

class asio_http_server final : public http_server {
public:
  explicit asio_http_server(std::shared_ptr<server_settings> settings) : settings_(std::move(settings)) {
    for (int count = 0; count < std::max(1, settings_->options->threads); ++count) {
      workers_.push_back(std::make_shared<io_worker>(settings_));
    }
    acceptor_ = std::make_unique<tcp::acceptor>(workers_.front()->context);
    peer_socket_ = std::make_unique<tcp::socket>(workers_.front()->context);
    retry_ = std::make_unique<boost::asio::steady_timer>(workers_.front()->context);
  }

  asio_http_server(const asio_http_server&) = delete;
  asio_http_server& operator=(const asio_http_server&) = delete;

  ~asio_http_server() override {
    boost::asio::post(workers_.front()->context, [this] {
      boost::system::error_code ignored;
      static_cast<void>(acceptor_->close(ignored));
      retry_->cancel();
      for (const auto& worker : workers_) worker->stop(); // nothing is adopted after this
    });
    if (threads_.empty()) { // never got to listen; what was posted holds the workers until it has run
      for (const auto& worker : workers_) worker->run();
    }
    for (std::thread& thread : threads_) thread.join();
  }

  result<void> listen() {
    const http_server_options& options = *settings_->options;
    boost::system::error_code failure;
    const auto address = boost::asio::ip::make_address(options.listen_address, failure);
    const tcp::endpoint endpoint(address, options.port);
    if (!failure) static_cast<void>(acceptor_->open(endpoint.protocol(), failure));
    if (!failure) static_cast<void>(acceptor_->set_option(tcp::acceptor::reuse_address(true), failure));
    if (!failure) static_cast<void>(acceptor_->bind(endpoint, failure));
    if (!failure)
      static_cast<void>(acceptor_->listen(boost::asio::socket_base::max_listen_connections, failure));
    if (failure) {
      return error{.kind = error_kind::internal,
                   .message = "cannot listen on " + options.listen_address + ":" +
                              std::to_string(options.port) + ": " + failure.message()};
    }
    port_ = acceptor_->local_endpoint().port();
    accept_next();
    for (const auto& worker : workers_) {
      threads_.emplace_back([worker] { worker->run(); });
    }
    return {};
  }

  [[nodiscard]] std::uint16_t port() const override { return port_; }
  [[nodiscard]] std::size_t connections() const override { return settings_->connections.load(); }

  result<void> use_certificate(const tls_server_options& options) override {
    auto tls = make_server_tls(options);
    if (!tls) return tls.error();
    settings_->use_tls(*std::move(tls));
    return {};
  }

private:
  void accept_next() {
    acceptor_->async_accept(*peer_socket_, peer_, [this](const boost::system::error_code& failure) {
      if (failure == boost::asio::error::operation_aborted || !acceptor_->is_open()) return;
      if (failure) return pause();
      adopt();
      accept_next();
    });
  }

  void pause() {
    retry_->expires_after(retry_pause);
    retry_->async_wait([this](const auto& cancelled) {
      if (!cancelled && acceptor_->is_open()) accept_next();
    });
  }

  void adopt() {
    boost::system::error_code failure;
    if (settings_->connections.fetch_add(1) >= settings_->options->connections_max) {
      settings_->connections.fetch_sub(1);
      static_cast<void>(peer_socket_->close(failure));
      return;
    }
    const int socket = peer_socket_->release(failure);
    if (failure) {
      settings_->connections.fetch_sub(1);
      return;
    }
    workers_[next_worker_++ % workers_.size()]->adopt(socket, text_of(peer_));
  }

  const std::shared_ptr<server_settings> settings_;
  std::vector<std::shared_ptr<io_worker>> workers_;
  std::unique_ptr<tcp::acceptor> acceptor_;
  std::unique_ptr<boost::asio::steady_timer> retry_;
  std::unique_ptr<tcp::socket> peer_socket_; ///< the one being accepted
  tcp::endpoint peer_;
  std::size_t next_worker_ = 0;
  std::uint16_t port_ = 0;
  std::vector<std::thread> threads_;
};

} // namespace

std::string_view http_request::header(std::string_view lower_case_name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [lower_case_name](const auto& entry) {
    return entry.first == lower_case_name;
  });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

void http_exchange::write_all(std::span<shared_bytes> pieces) {
  for (shared_bytes& piece : pieces) write(std::move(piece));
}

upgraded_handle http_exchange::switch_protocols(std::vector<std::pair<std::string, std::string>>,
                                                upgraded_events) {
  return nullptr;
}

result<std::unique_ptr<http_server>> http_server::start(http_server_options options, http_handler handler) {
  auto tls = make_server_tls({.certificate_pem = options.certificate_pem,
                              .key_pem = options.key_pem,
                              .client_ca_pem = options.client_ca_pem});
  if (!tls) return tls.error();
  options.key_pem.clear();
  auto settings = std::make_shared<server_settings>();
  settings->options = std::make_shared<const http_server_options>(std::move(options));
  settings->bodies = std::make_shared<body_account>(settings->options->bodies_limit_bytes);
  settings->handler = std::move(handler);
  settings->use_tls(*std::move(tls));
  auto server = std::make_unique<asio_http_server>(std::move(settings));
  if (auto listening = server->listen(); !listening) return listening.error();
  return std::unique_ptr<http_server>(std::move(server));
}

} // namespace actord::net
