#include "tests/support/session_fixture.hpp"

using namespace actord;
using namespace actord::net;

namespace {

http_response text_response(std::string text) {
  return {.code = 200, .headers = {}, .body = share_bytes(std::move(text))};
}

std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

const std::string get = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

} // namespace

BOOST_FIXTURE_TEST_SUITE(http1, session_fixture)

BOOST_AUTO_TEST_CASE(a_request_is_answered_and_the_connection_kept) {
  open();
  session->receive(get);
  BOOST_REQUIRE_EQUAL(requests.size(), 1U);
  BOOST_CHECK_EQUAL(requests[0].first.peer.common_name, "jane");
  BOOST_CHECK_EQUAL(requests[0].first.remote_address, "192.0.2.1:99");
  next_exchange()->respond(text_response("hello"));
  BOOST_CHECK_GE(signal->raised, 1);
  BOOST_CHECK_EQUAL(take(), "HTTP/1.1 200 OK\r\nDate: " + std::string(29, 'd') +
                                "\r\nContent-Length: 5\r\n\r\nhello");
  BOOST_CHECK(session->wants_end() == protocol_session::ending::none);
  session->receive(get);
  BOOST_CHECK_EQUAL(requests.size(), 1U);
}

BOOST_AUTO_TEST_CASE(pipelined_requests_are_answered_in_order) {
  open();
  session->receive("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HT");
  BOOST_REQUIRE_EQUAL(requests.size(), 1U);
  session->receive("TP/1.1\r\nHost: a\r\n\r\n");
  std::string paths;
  for (int count = 0; count < 3; ++count) {
    BOOST_REQUIRE_EQUAL(requests.size(), 1U);
    paths += requests[0].first.path;
    next_exchange()->respond(text_response("a"));
    take();
  }
  BOOST_CHECK_EQUAL(paths, "/1/2/3");
}

BOOST_AUTO_TEST_CASE(a_client_that_pipelines_too_much_is_not_read) {
  open();
  session->receive(get);
  while (session->wants_input()) session->receive(get);
  next_exchange()->respond(text_response("a"));
  int answered = 1;
  for (; !take().empty() && !requests.empty(); ++answered) next_exchange()->respond(text_response("a"));
  BOOST_CHECK_GT(answered, 100);
  BOOST_CHECK(session->wants_input());
}

BOOST_AUTO_TEST_CASE(a_handler_may_answer_at_once) {
  handler.handle = [](http_request request, const exchange_handle& exchange) {
    exchange->respond(text_response(request.path));
  };
  open();
  session->receive(get + get + get);
  const std::string text = take();
  BOOST_CHECK_EQUAL(std::count(text.begin(), text.end(), 'x'), 3);
}

BOOST_AUTO_TEST_CASE(streams_are_chunked_and_coalesced) {
  open();
  session->receive(get);
  const auto exchange = next_exchange();
  int drained = 0;
  exchange->on_drained([&drained] { ++drained; });
  exchange->begin({.code = 200, .headers = {{"content-type", "a"}}, .body = {}});
  exchange->write(share_bytes("first"));
  exchange->write(share_bytes(std::string(20, 'x')));
  BOOST_CHECK_GT(exchange->pending_bytes(), 25U);
  std::vector<char> scratch(16 * 1024);
  const std::string once(session->next_output(scratch));
  BOOST_CHECK_EQUAL(body_of(once), "5\r\nfirst\r\n14\r\n" + std::string(20, 'x') + "\r\n");
  session->sent(once.size());
  BOOST_CHECK_EQUAL(drained, 1);
  BOOST_CHECK_EQUAL(exchange->pending_bytes(), 0U);
  exchange->end();
  BOOST_CHECK_EQUAL(take(), "0\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(output_does_not_depend_on_how_it_is_taken) {
  const auto stream = [this](std::size_t at_once) {
    requests.clear();
    open();
    session->receive(get);
    const auto exchange = next_exchange();
    exchange->begin({.code = 200, .headers = {}, .body = {}});
    for (std::size_t count = 0; count < 300; ++count)
      exchange->write(share_bytes(std::string(1 + count * count, 'a')));
    exchange->end();
    return take(at_once);
  };
  const std::string whole = stream(1 << 14);
  BOOST_CHECK(whole == stream(1000));
  BOOST_CHECK(whole == stream(16 * 1024 - 1));
  BOOST_CHECK_GT(whole.size(), 8'000'000U);
}

BOOST_AUTO_TEST_CASE(a_blocked_write_is_offered_again) {
  open();
  session->receive(get);
  const auto exchange = next_exchange();
  exchange->begin({.code = 200, .headers = {}, .body = {}});
  exchange->write(share_bytes("one"));
  std::vector<char> scratch(16 * 1024);
  const std::string first(session->next_output(scratch));
  exchange->write(share_bytes(std::string(100'000, 'y')));
  const std::string again(session->next_output(scratch));
  BOOST_CHECK_EQUAL(again.substr(0, first.size()), first);
  BOOST_CHECK_EQUAL(again.size(), scratch.size());
}

BOOST_AUTO_TEST_CASE(head_requests_and_bodyless_codes_send_no_body) {
  open();
  session->receive("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n");
  next_exchange()->respond(text_response("hello"));
  const std::string head = take();
  BOOST_CHECK(head.find("Content-Length: 5") != std::string::npos);
  BOOST_CHECK_EQUAL(body_of(head), "");
  session->receive(get);
  next_exchange()->respond({.code = 204, .headers = {}, .body = share_bytes("no")});
  const std::string none = take();
  BOOST_CHECK(none.find("Content-Length") == std::string::npos);
  BOOST_CHECK_EQUAL(body_of(none), "");
}

BOOST_AUTO_TEST_CASE(old_clients_get_a_stream_that_ends_with_the_connection) {
  open();
  session->receive("GET /x HTTP/1.0\r\n\r\n");
  const auto exchange = next_exchange();
  exchange->begin({.code = 200, .headers = {}, .body = {}});
  exchange->write(share_bytes("text"));
  exchange->end();
  const std::string answer = take();
  BOOST_CHECK_EQUAL(body_of(answer), "text");
  BOOST_CHECK(answer.find("Connection: close") != std::string::npos);
  BOOST_CHECK(ends_gracefully());
}

BOOST_AUTO_TEST_CASE(a_client_may_ask_to_close) {
  open();
  session->receive("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + get);
  next_exchange()->respond(text_response("a"));
  BOOST_CHECK(take().find("Connection: close") != std::string::npos);
  BOOST_CHECK(ends_gracefully());
  BOOST_CHECK(requests.empty());
}

BOOST_AUTO_TEST_CASE(faults_are_rendered_and_end_the_connection) {
  open();
  session->receive("GET /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3,3\r\n\r\n" + get);
  const std::string answer = take();
  BOOST_CHECK_EQUAL(answer.substr(0, 25), "HTTP/1.1 400 Bad Request\r");
  BOOST_CHECK_EQUAL(body_of(answer), "E:malformed Content-Length");
  BOOST_CHECK(ends_gracefully());
  BOOST_CHECK(requests.empty());
}

BOOST_AUTO_TEST_CASE(bodies_are_collected_up_to_the_limit) {
  open();
  session->receive("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n" + std::string(60, 'a'));
  BOOST_CHECK(requests.empty());
  session->receive(std::string(40, 'b'));
  BOOST_REQUIRE_EQUAL(requests.size(), 1U);
  BOOST_CHECK_EQUAL(requests[0].first.body, std::string(60, 'a') + std::string(40, 'b'));
}

BOOST_AUTO_TEST_CASE(larger_bodies_are_refused_before_they_arrive) {
  open();
  session->receive("PUT /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n");
  BOOST_CHECK_EQUAL(take().substr(0, 13), "HTTP/1.1 413 ");
  BOOST_CHECK(ends_gracefully());
  open();
  session->receive("PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" +
                   std::string(101, 'a'));
  BOOST_CHECK_EQUAL(take().substr(0, 13), "HTTP/1.1 413 ");
  BOOST_CHECK(requests.empty());
}

BOOST_AUTO_TEST_CASE(a_waiting_client_is_told_to_go_on) {
  open();
  session->receive("PUT /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  BOOST_CHECK_EQUAL(take(), "HTTP/1.1 100 Continue\r\n\r\n");
  session->receive("ok");
  next_exchange()->respond(text_response("a"));
  BOOST_CHECK_EQUAL(take().substr(0, 12), "HTTP/1.1 200");
}

BOOST_AUTO_TEST_CASE(a_sink_takes_the_body_in_pieces) {
  std::string taken;
  bool complete = false;
  exchange_handle kept;
  handler.stream_body = [&](const http_request& head, const exchange_handle& exchange) {
    BOOST_CHECK_EQUAL(head.method, "POST");
    kept = exchange;
    auto sink = std::make_unique<body_sink>();
    sink->more = [&taken](std::string_view piece) -> result<void> {
      taken.append(piece);
      return {};
    };
    sink->complete = [&complete] { complete = true; };
    return sink;
  };
  open();
  session->receive("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  session->receive(std::string(400, 'a'));
  session->receive(std::string(600, 'a') + get);
  BOOST_CHECK_EQUAL(taken.size(), 1000U);
  BOOST_CHECK(complete);
  kept->respond(text_response("thanks"));
  handler.stream_body = nullptr;
  BOOST_CHECK_EQUAL(body_of(take()), "thanks");
  BOOST_CHECK_EQUAL(requests.size(), 1U);
}

BOOST_AUTO_TEST_CASE(a_sink_that_fails_ends_the_upload) {
  bool aborted = false;
  handler.stream_body = [&](const http_request&, const exchange_handle&) {
    auto sink = std::make_unique<body_sink>();
    sink->more = [](std::string_view) -> result<void> {
      return error{.kind = error_kind::unavailable, .message = "disk full"};
    };
    sink->aborted = [&aborted] { aborted = true; };
    return sink;
  };
  open();
  session->receive("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nxx");
  const std::string answer = take();
  BOOST_CHECK_EQUAL(answer.substr(0, 12), "HTTP/1.1 503");
  BOOST_CHECK_EQUAL(body_of(answer), "E:disk full");
  BOOST_CHECK(aborted);
  BOOST_CHECK(ends_gracefully());
}

BOOST_AUTO_TEST_CASE(an_early_answer_leaves_the_rest_unread) {
  exchange_handle kept;
  handler.stream_body = [&](const http_request&, const exchange_handle& exchange) {
    kept = exchange;
    auto sink = std::make_unique<body_sink>();
    sink->more = [](std::string_view) -> result<void> { return {}; };
    return sink;
  };
  open();
  session->receive("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nxx");
  kept->respond(text_response("enough"));
  BOOST_CHECK_EQUAL(body_of(take()), "enough");
  BOOST_CHECK(ends_gracefully());
}

BOOST_AUTO_TEST_CASE(a_refusal_at_the_head_needs_no_body) {
  handler.stream_body = [&](const http_request&, const exchange_handle& exchange) {
    exchange->respond({.code = 401, .headers = {}, .body = {}});
    return std::unique_ptr<body_sink>();
  };
  open();
  session->receive("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  BOOST_CHECK_EQUAL(take().substr(0, 12), "HTTP/1.1 401");
  BOOST_CHECK(ends_gracefully());
  BOOST_CHECK(requests.empty());
  open();
  session->receive(get); // has none to stream
  BOOST_CHECK_EQUAL(requests.size(), 1U);
}

namespace {

/// What a handler sees of bodies that are streamed both ways.
struct both_ways_handler {
  std::size_t taken = 0;
  bool complete = false;
  bool aborted = false;
  exchange_handle exchange;

  auto stream_body() {
    return [this](const http_request&, const exchange_handle& given) {
      exchange = given;
      auto sink = std::make_unique<body_sink>();
      sink->both_ways = true;
      sink->more = [this](std::string_view piece) -> result<void> {
        taken += piece.size();
        return {};
      };
      sink->complete = [this] { complete = true; };
      sink->aborted = [this] { aborted = true; };
      return sink;
    };
  }
};

} // namespace

BOOST_AUTO_TEST_CASE(a_body_passed_on_holds_its_sender_back) {
  both_ways_handler passing;
  handler.stream_body = passing.stream_body();
  open();
  session->receive("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  std::size_t sent = 0;
  const auto send = [&] {
    while (session->wants_input() && sent < 1'000'000) {
      session->receive(std::string(std::min<std::size_t>(16'000, 1'000'000 - sent), 'a'));
      sent += 16'000;
    }
  };
  send();
  BOOST_CHECK_GE(passing.taken, body_window_bytes);
  BOOST_CHECK_LT(passing.taken, body_window_bytes + 16'000);
  pass(100); // whoever is slow, it is not the client
  pass(100);
  BOOST_CHECK_EQUAL(take(), "");
  const int raised = signal->raised;
  passing.exchange->body_taken(passing.taken);
  BOOST_CHECK_EQUAL(signal->raised, raised + 1);
  while (sent < 1'000'000) {
    const std::size_t before = passing.taken;
    send();
    passing.exchange->body_taken(passing.taken - before);
  }
  BOOST_CHECK(passing.complete);
  passing.exchange->respond(text_response("thanks"));
  BOOST_CHECK_EQUAL(body_of(take()), "thanks");
  BOOST_CHECK(session->wants_end() == protocol_session::ending::none);
}

BOOST_AUTO_TEST_CASE(an_answer_may_begin_before_a_body_passed_on_has_ended) {
  both_ways_handler passing;
  handler.stream_body = passing.stream_body();
  for (const bool to_the_end : {true, false}) {
    passing.complete = passing.aborted = false;
    open();
    session->receive("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
    passing.exchange->begin({.code = 200, .headers = {}, .body = {}});
    passing.exchange->write(share_bytes("half"));
    BOOST_CHECK(take().ends_with("4\r\nhalf\r\n"));
    pass(100); // both may take their time now
    pass(100);
    BOOST_CHECK(session->wants_input());
    session->receive(to_the_end ? "cd" : "c");
    BOOST_CHECK_EQUAL(passing.complete, to_the_end);
    passing.exchange->end();
    BOOST_CHECK_EQUAL(take(), "0\r\n\r\n");
    BOOST_CHECK_EQUAL(passing.aborted, !to_the_end);
    BOOST_CHECK_EQUAL(ends_gracefully(), !to_the_end);
  }
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_go_on_with_a_body_is_left) {
  both_ways_handler passing;
  handler.stream_body = passing.stream_body();
  open();
  session->receive("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
  passing.exchange->body_taken(2);
  pass(options.body_timeout_s + 1U);
  passing.exchange->begin({.code = 200, .headers = {}, .body = {}}); // too late, and no harm
  passing.exchange->write(share_bytes("late"));
  const std::string answer = take();
  BOOST_CHECK_EQUAL(answer.substr(0, 12), "HTTP/1.1 408");
  BOOST_CHECK(answer.find("late") == std::string::npos);
  BOOST_CHECK(passing.aborted);
  BOOST_CHECK(ends_gracefully());
}

BOOST_AUTO_TEST_CASE(a_dropped_exchange_is_answered_for_the_handler) {
  open();
  session->receive(get);
  requests.clear();
  BOOST_CHECK_EQUAL(take().substr(0, 12), "HTTP/1.1 500");
  session->receive(get);
  {
    const auto exchange = next_exchange();
    exchange->begin({.code = 200, .headers = {}, .body = {}});
  }
  BOOST_CHECK(session->wants_end() == protocol_session::ending::abrupt);
}

BOOST_AUTO_TEST_CASE(the_handler_learns_that_the_client_left) {
  open();
  session->receive(get);
  const auto exchange = next_exchange();
  int closed = 0;
  exchange->on_closed([&closed] { ++closed; });
  exchange->begin({.code = 200, .headers = {}, .body = {}});
  session->closed();
  session->closed();
  BOOST_CHECK_EQUAL(closed, 1);
  exchange->write(share_bytes("into the void"));
  exchange->end();
  BOOST_CHECK_EQUAL(exchange->pending_bytes(), 0U);
  exchange->on_closed([&closed] { ++closed; });
  BOOST_CHECK_EQUAL(closed, 2);
}

BOOST_AUTO_TEST_CASE(values_cannot_start_lines) {
  open();
  session->receive(get);
  next_exchange()->respond(
      {.code = 200,
       .headers = {{"location", "/a\r\nset-cookie: x"}, {"bad\r\nname", "x"}, {"connection", "x"}},
       .body = {}});
  const std::string answer = take();
  BOOST_CHECK(answer.find("location: /a  set-cookie: x\r\n") != std::string::npos);
  BOOST_CHECK(answer.find("\nset-cookie") == std::string::npos);
  BOOST_CHECK(answer.find("name") == std::string::npos);
  BOOST_CHECK(answer.find("connection") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(slow_heads_and_bodies_time_out) {
  open();
  session->receive("GET /x HTTP/1.1\r\nHo");
  for (int second = 0; second < 9; ++second) {
    pass(1);
    session->receive("x");
  }
  BOOST_CHECK_EQUAL(take(), "");
  pass(2);
  BOOST_CHECK_EQUAL(take().substr(0, 12), "HTTP/1.1 408");
  BOOST_CHECK(ends_gracefully());

  options.body_limit_bytes = 10'000;
  open();
  session->receive("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n");
  session->receive(std::string(2'000, 'a'));
  pass(61);
  BOOST_CHECK_EQUAL(take(), "");
  session->receive("drip");
  pass(61);
  BOOST_CHECK_EQUAL(take().substr(0, 12), "HTTP/1.1 408");
}

BOOST_AUTO_TEST_CASE(idle_connections_end_but_waiting_ones_do_not) {
  open();
  session->receive(get);
  pass(100'000);
  BOOST_CHECK(session->wants_end() == protocol_session::ending::none);
  next_exchange()->respond(text_response("a"));
  take();
  pass(299);
  BOOST_CHECK(session->wants_end() == protocol_session::ending::none);
  pass(2);
  BOOST_CHECK(ends_gracefully());
}

BOOST_AUTO_TEST_SUITE_END()
