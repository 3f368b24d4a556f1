#pragma once

#include "actors/api/api_request.hpp"
#include "actors/api/proxy/proxy_headers.hpp"
#include "net/proxy/link_rewriting.hpp"
#include "net/proxy/response_parser.hpp"
#include "net/proxy/upstream_connection.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace actord::actors {

/// One request on its way through this server to a backend, and the answer back. Lives on the proxy's loop;
/// what the client's connection says is passed over to it.
///
///   connecting ──▶ sent ──head──▶ answering ──end──▶ over        101: ──▶ joined (bytes both ways) ──▶ over
///
/// Both sides are held back by each other: the backend is read only as fast as the client takes its bytes.
class proxied_request : public std::enable_shared_from_this<proxied_request> {
public:
  struct terms {
    request_handle request;
    net::upstream_target target;
    proxied_path path;
    bool upgrade = false;
    std::function<void()> over; ///< called once
  };

  proxied_request(std::shared_ptr<net::stream_loop> loop, terms what);
  ~proxied_request();
  proxied_request(const proxied_request&) = delete;
  proxied_request& operator=(const proxied_request&) = delete;

  /// On the loop.
  void start();

private:
  void on_bytes(std::string_view bytes);
  void on_end();
  void on_failure(const error& why);
  void on_head();
  void pass_on(std::string body);
  void pass_to_client(std::string bytes);
  void finish_answer();
  /// The answer cannot be completed: the client's side ends without looking complete.
  void break_off();
  void give_back();
  void join();
  void await_head();
  [[nodiscard]] std::size_t pending_bytes() const;

  const std::shared_ptr<net::stream_loop> loop_;
  terms what_;
  net::exchange_handle exchange_; ///< let go of when all is over
  net::response_parser parser_;
  net::link_terms links_;
  std::shared_ptr<net::upstream_connection> upstream_;
  std::optional<net::html_rewriter> html_;
  net::upgraded_handle client_; ///< once joined
  std::string collected_;       ///< a short body whose length is known: answered in one piece
  bool collects_ = false;
  bool answering_ = false;
  bool over_ = false;
  std::size_t untaken_ = 0;
  std::size_t ahead_ = 0; ///< joined: bytes of the client the backend has not taken
  bool client_paused_ = false;
};

} // namespace actord::actors
