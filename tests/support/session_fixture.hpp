#pragma once

#include "net/http/protocol_session.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace actord::net {

class counting_signal final : public output_signal {
public:
  void raise() override { ++raised; }
  int raised = 0;
};

/// A connection without a socket, with a clock of its own.
struct session_fixture {
  std::uint32_t now_s = 100;
  std::array<char, 29> date{};
  std::shared_ptr<counting_signal> signal = std::make_shared<counting_signal>();
  std::shared_ptr<body_account> bodies;
  http_handler handler;
  http_server_options options;
  std::deque<std::pair<http_request, exchange_handle>> requests;
  std::unique_ptr<protocol_session> session;

  session_fixture() {
    date.fill('d');
    options.body_limit_bytes = 100;
    options.render_error = [](int code, std::string_view message) {
      return http_response{.code = code, .headers = {}, .body = share_bytes("E:" + std::string(message))};
    };
    handler.handle = [this](http_request request, exchange_handle exchange) {
      requests.emplace_back(std::move(request), std::move(exchange));
    };
  }

  [[nodiscard]] session_environment environment() const {
    return {.options = std::make_shared<const http_server_options>(options),
            .handler = &handler,
            .peer = {.common_name = "jane", .organizations = {"dev"}},
            .remote_address = "192.0.2.1:99",
            .signal = signal,
            .now_s = &now_s,
            .date = &date,
            .bodies = bodies};
  }
  void open() { session = make_http1_session(environment()); }

  std::string take(std::size_t at_once = 16 * 1024) {
    session->attend();
    std::string text;
    std::vector<char> scratch(at_once);
    while (true) {
      const auto bytes = session->next_output(scratch);
      if (bytes.empty()) return text;
      const std::size_t count = std::min(bytes.size(), at_once);
      text.append(bytes.substr(0, count));
      session->sent(count);
    }
  }

  void pass(std::uint32_t seconds) {
    now_s += seconds;
    const auto deadline = session->deadline_s();
    if (deadline != 0 && now_s >= deadline) session->deadline_passed();
  }

  exchange_handle next_exchange() {
    BOOST_REQUIRE(!requests.empty());
    auto exchange = std::move(requests.front().second);
    requests.pop_front();
    return exchange;
  }

  [[nodiscard]] bool ends_gracefully() const {
    return session->wants_end() == protocol_session::ending::graceful;
  }
};

} // namespace actord::net
