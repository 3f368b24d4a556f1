#pragma once

#include "actors/api/api_request.hpp"
#include "actors/api/proxy/proxy_headers.hpp"
#include "actors/worker/streams/node_streams.hpp"
#include "net/proxy/link_rewriting.hpp"
#include "net/proxy/response_parser.hpp"
#include "net/proxy/upstream_connection.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace actord::actors {

/// Whether a request wants to leave HTTP, and can: one without a body to pass on.
bool asks_to_upgrade(const api_request& request);

/// One request on its way through this server to a backend, and the answer back. Lives on the proxy's loop;
/// what the client's connection says is passed over to it.
///
///   connecting ──▶ sent ──head──▶ answering ──end──▶ over        101: ──▶ joined (bytes both ways) ──▶ over
///
/// Both sides are held back by each other: the backend is read only as fast as the client takes its bytes,
/// and what the client sends (see incoming_body) is asked for only as fast as the backend takes it. A backend
/// may answer before it has everything; when it takes no more, its answer is still waited for.
class proxied_request : public std::enable_shared_from_this<proxied_request> {
public:
  struct terms {
    request_handle request;
    net::upstream_target target;
    node_streams* through = nullptr; ///< the node that runs the pod; null: straight to its address
    std::string pod_uid = {};
    proxied_path path;
    bool upgrade = false;
    std::optional<extension_terms> extension = {}; ///< the backend is an extension server
    std::function<void()> over;                    ///< called once
  };

  proxied_request(std::shared_ptr<net::stream_loop> loop, terms what);
  ~proxied_request();
  proxied_request(const proxied_request&) = delete;
  proxied_request& operator=(const proxied_request&) = delete;

  /// On the loop.
  void start();

private:
  result<std::shared_ptr<net::upstream_connection>> connect();
  void on_bytes(std::string_view bytes);
  void on_end();
  void on_failure(const error& why);
  void on_head();
  [[nodiscard]] bool is_forbidden_redirect() const;
  void answer_failure(const error& why);
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> answer_headers() const;
  void pass_on(std::string body);
  void pass_to_client(std::string bytes);
  void finish_answer();
  /// The answer cannot be completed: the client's side ends without looking complete.
  void break_off();
  void let_go();
  void give_back();
  void join();
  void await_head();
  void take_in_body();
  void pass_on_body(std::string_view piece);
  void finish_body();
  void on_sent(std::size_t bytes);
  void on_refused(const error& why);
  void watch_sending();
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
  std::size_t ahead_ = 0;      ///< bytes for the backend that it has not taken
  std::size_t body_ahead_ = 0; ///< of the client's body, what it was not yet told to be taken
  body_passing passing_ = body_passing::whole;
  bool uploaded_ = false;             ///< the backend was given everything
  bool moved_ = false;                ///< it took something since it was last looked
  std::optional<error> refused_ = {}; ///< why the backend takes no more
  bool client_paused_ = false;
};

} // namespace actord::actors
