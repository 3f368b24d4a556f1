#include "tests/unit/net/http2/http2_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::net;
using namespace actord::net::test;

BOOST_FIXTURE_TEST_SUITE(http2, http2_fixture)

BOOST_AUTO_TEST_CASE(requests_are_answered_on_their_streams) {
  for (const std::size_t at_once : {1U, 10U, 16'384U}) {
    connect();
    client = std::make_unique<http2_client>();
    auto head = http2_client::head_of("GET", "/first?q=1");
    head.emplace_back("accept", "application/json");
    const auto first = client->request(head);
    const auto second = client->get("/second");
    talk(at_once);
    BOOST_REQUIRE_EQUAL(requests.size(), 2U);
    const http_request& request = requests[0].first;
    BOOST_CHECK_EQUAL(request.method, "GET");
    BOOST_CHECK_EQUAL(request.path, "/first");
    BOOST_CHECK_EQUAL(request.query, "q=1");
    BOOST_CHECK_EQUAL(request.header("host"), "a");
    BOOST_CHECK_EQUAL(request.header("accept"), "application/json");
    BOOST_CHECK_EQUAL(request.peer.common_name, "jane");
    BOOST_CHECK(!requests[0].second->can_switch_protocols());
    requests[1].second->respond(text_response("two"));
    talk(at_once);
    requests[0].second->respond(text_response(std::string(200'000, '1')));
    talk(at_once);
    requests.clear();
    BOOST_CHECK_EQUAL(stream(second).body, "two");
    BOOST_CHECK_EQUAL(stream(second).code(), "200");
    BOOST_CHECK_EQUAL(stream(second).header("content-type"), "text/plain");
    BOOST_CHECK_EQUAL(stream(second).header("content-length"), "3");
    BOOST_CHECK_EQUAL(stream(second).header("date"), std::string(29, 'd'));
    BOOST_CHECK(stream(first).body == std::string(200'000, '1'));
    BOOST_CHECK(stream(first).ended);
    BOOST_CHECK(session->wants_end() == protocol_session::ending::none);
  }
}

BOOST_AUTO_TEST_CASE(bodies_are_collected_within_the_limit) {
  connect();
  const auto fine = client->put(http2_client::head_of("PUT", "/x"), "hello");
  talk();
  BOOST_REQUIRE_EQUAL(requests.size(), 1U);
  BOOST_CHECK_EQUAL(requests[0].first.body, "hello");
  next_exchange()->respond(text_response("a"));
  talk();
  BOOST_CHECK_EQUAL(stream(fine).body, "a");

  const auto large = client->put(http2_client::head_of("PUT", "/x"), std::string(101, 'x'));
  talk();
  BOOST_CHECK_EQUAL(requests.size(), 0U);
  BOOST_CHECK_EQUAL(stream(large).code(), "413");

  auto head = http2_client::head_of("PUT", "/x");
  head.emplace_back("content-length", "1000000");
  const auto announced = client->put(head, std::string(1'000'000, 'x'));
  talk();
  BOOST_CHECK_EQUAL(stream(announced).code(), "413");
  BOOST_CHECK_EQUAL(stream(announced).closed_with.value_or(99), NGHTTP2_NO_ERROR);
}

BOOST_AUTO_TEST_CASE(who_goes_on_sending_an_answered_request_is_stopped) {
  connect_raw();
  session->receive(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1,
                         std::string(get_block) + literal("content-length", "9000000")));
  BOOST_CHECK(take().find("E:the request's body is larger") != std::string::npos);
  const std::string reset = frame(NGHTTP2_RST_STREAM, 0, 1, std::string(4, '\0'));
  std::string answered;
  for (int count = 0; count < 256; ++count) {
    session->receive(frame(NGHTTP2_DATA, 0, 1, std::string(16'384, 'x')));
    answered += take();
  }
  BOOST_CHECK(answered.find(reset) == std::string::npos); // 4 MiB are read away
  session->receive(frame(NGHTTP2_DATA, 0, 1, "x"));
  BOOST_CHECK(take().find(reset) != std::string::npos);

  session->receive(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 3,
                         std::string(get_block) + literal("content-length", "9000000")));
  take();
  pass(2);
  pass(3);
  BOOST_CHECK(take().find(frame(NGHTTP2_RST_STREAM, 0, 3, std::string(4, '\0'))) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_body_can_be_streamed) {
  std::string received;
  bool complete = false;
  handler.stream_body = [&](const http_request&, const exchange_handle& exchange) {
    auto sink = std::make_unique<body_sink>();
    sink->more = [&received](std::string_view piece) -> result<void> {
      received += piece;
      return {};
    };
    sink->complete = [&complete, exchange] {
      complete = true;
      exchange->respond(text_response("stored"));
    };
    return sink;
  };
  connect();
  const std::string body(3'000'000, 'x');
  const auto id = client->put(http2_client::head_of("POST", "/images"), body);
  talk();
  BOOST_CHECK(complete);
  BOOST_CHECK(received == body);
  BOOST_CHECK_EQUAL(stream(id).body, "stored");
}

BOOST_AUTO_TEST_CASE(a_body_passed_on_holds_its_sender_back_and_nobody_else) {
  std::size_t taken = 0;
  bool complete = false;
  exchange_handle passing;
  handler.stream_body = [&](const http_request& head, const exchange_handle& exchange) {
    if (head.path != "/passed") return std::unique_ptr<body_sink>();
    passing = exchange;
    auto sink = std::make_unique<body_sink>();
    sink->both_ways = true;
    sink->more = [&taken](std::string_view piece) -> result<void> {
      taken += piece.size();
      return {};
    };
    sink->complete = [&complete] { complete = true; };
    return sink;
  };
  options.body_limit_bytes = 3'000'000;
  connect();
  const auto id = client->put(http2_client::head_of("POST", "/passed"), std::string(3'000'000, 'x'));
  talk();
  BOOST_CHECK_EQUAL(taken, body_window_bytes);
  // The others of the connection are not held up, and a slow backend is not the client's fault.
  const auto other = client->put(http2_client::head_of("PUT", "/other"), std::string(2'000'000, 'y'));
  talk();
  pass(100);
  talk();
  BOOST_REQUIRE_EQUAL(requests.size(), 1U);
  BOOST_CHECK_EQUAL(requests[0].first.body.size(), 2'000'000U);
  next_exchange()->respond(text_response("stored"));
  talk();
  BOOST_CHECK_EQUAL(stream(other).body, "stored");
  passing->begin({.code = 200, .headers = {}, .body = {}});
  passing->write(share_bytes("begun"));
  talk();
  BOOST_CHECK_EQUAL(stream(id).body, "begun");
  for (std::size_t passed_on = 0; !complete;) {
    BOOST_REQUIRE_LT(passed_on, taken);
    const std::size_t count = taken - passed_on;
    passed_on += count;
    passing->body_taken(count);
    talk();
  }
  BOOST_CHECK_EQUAL(taken, 3'000'000U);
  passing->end();
  talk();
  BOOST_CHECK(stream(id).ended);
}

BOOST_AUTO_TEST_CASE(an_answer_that_ends_before_a_body_passed_on_ends_the_reading) {
  bool aborted = false;
  exchange_handle passing;
  handler.stream_body = [&](const http_request&, const exchange_handle& exchange) {
    passing = exchange;
    auto sink = std::make_unique<body_sink>();
    sink->both_ways = true;
    sink->more = [](std::string_view) -> result<void> { return {}; };
    sink->aborted = [&aborted] { aborted = true; };
    return sink;
  };
  connect();
  const auto id = client->put(http2_client::head_of("POST", "/x"), std::string(1'000'000, 'x'));
  talk();
  passing->respond(text_response("enough"));
  passing.reset();
  talk();
  BOOST_CHECK(aborted);
  BOOST_CHECK_EQUAL(stream(id).body, "enough");
}

BOOST_AUTO_TEST_CASE(bodies_of_all_connections_together_are_limited) {
  bodies = std::make_shared<body_account>(150);
  connect();
  bodies->held_bytes += 90; // of another connection
  const auto fine = client->put(http2_client::head_of("PUT", "/x"), std::string(60, 'x'));
  talk();
  BOOST_CHECK_EQUAL(bodies->held_bytes.load(), 90U);
  next_exchange()->respond(text_response("a"));
  talk();
  BOOST_CHECK_EQUAL(stream(fine).body, "a");
  const auto second = client->put(http2_client::head_of("PUT", "/x"), std::string(61, 'x'));
  talk();
  BOOST_CHECK_EQUAL(bodies->held_bytes.load(), 90U);
  BOOST_CHECK_EQUAL(stream(second).code(), "429");
}

BOOST_AUTO_TEST_CASE(a_stream_is_paced_by_its_reader_and_costs_nobody_else) {
  client = std::make_unique<http2_client>(20'000);
  connect();
  const auto slow = client->get("/slow");
  const auto quick = client->get("/quick");
  talk();
  const auto slow_exchange = next_exchange();
  const auto quick_exchange = next_exchange();
  int drained = 0;
  slow_exchange->on_drained([&drained] { ++drained; });
  slow_exchange->begin({.code = 200, .headers = {}, .body = {}});
  slow_exchange->write(share_bytes(std::string(30'000, 's')));
  talk();
  BOOST_CHECK_EQUAL(stream(slow).body.size(), 20'000U);
  BOOST_CHECK_EQUAL(slow_exchange->pending_bytes(), 10'000U);
  BOOST_CHECK_EQUAL(drained, 0);
  quick_exchange->respond(text_response("quick"));
  talk();
  BOOST_CHECK_EQUAL(stream(quick).body, "quick");
  client->take(slow, 20'000);
  talk();
  BOOST_CHECK_EQUAL(stream(slow).body.size(), 30'000U);
  BOOST_CHECK_EQUAL(slow_exchange->pending_bytes(), 0U);
  BOOST_CHECK_EQUAL(drained, 1);
  slow_exchange->write(share_bytes("more"));
  slow_exchange->end();
  talk();
  BOOST_CHECK(stream(slow).ended);
  BOOST_CHECK(!stream(slow).header(":status").empty());
  BOOST_CHECK(stream(slow).header("content-length").empty());
}

BOOST_AUTO_TEST_CASE(who_never_reads_is_cut_off_alone) {
  client = std::make_unique<http2_client>(1'000);
  connect();
  const auto stuck = client->get("/stuck");
  const auto waiting = client->get("/waiting");
  talk();
  const auto exchange = next_exchange();
  int closed = 0;
  exchange->on_closed([&closed] { ++closed; });
  exchange->respond(text_response(std::string(5'000, 'x')));
  talk();
  pass(50);
  pass(50);
  talk();
  BOOST_CHECK_EQUAL(closed, 1);
  BOOST_CHECK_EQUAL(stream(stuck).closed_with.value_or(99), NGHTTP2_CANCEL);
  BOOST_CHECK(!stream(waiting).closed_with);
  next_exchange()->respond(text_response("late"));
  talk();
  BOOST_CHECK_EQUAL(stream(waiting).body, "late");
}

BOOST_AUTO_TEST_CASE(a_blocked_socket_is_given_the_same_bytes_again) {
  connect();
  talk();
  const auto id = client->get();
  session->receive(client->output());
  next_exchange()->respond(text_response("hello"));
  session->attend();
  std::vector<char> scratch(16 * 1024);
  const std::string first(session->next_output(scratch));
  session->sent(0);
  scratch.assign(scratch.size(), '!');
  const std::string again(session->next_output(scratch));
  BOOST_CHECK(first == again);
  BOOST_CHECK(!session->wants_input());
  client->input(again.substr(0, 5));
  session->sent(5);
  client->input(take());
  BOOST_CHECK_EQUAL(stream(id).body, "hello");
  BOOST_CHECK(session->wants_input());
}

BOOST_AUTO_TEST_CASE(letting_go_without_an_answer_is_500_and_within_one_a_reset) {
  connect();
  const auto dropped = client->get();
  talk();
  requests.clear();
  talk();
  BOOST_CHECK_EQUAL(stream(dropped).code(), "500");
  const auto broken = client->get();
  talk();
  {
    const auto exchange = next_exchange();
    exchange->begin({.code = 200, .headers = {}, .body = {}});
    exchange->write(share_bytes("half"));
  }
  talk();
  BOOST_CHECK_EQUAL(stream(broken).code(), "200");
  BOOST_CHECK(!stream(broken).ended);
  BOOST_CHECK_NE(stream(broken).closed_with.value_or(0), 0U);
}

BOOST_AUTO_TEST_CASE(a_client_that_left_is_noticed) {
  connect();
  const auto id = client->get();
  talk();
  const auto exchange = next_exchange();
  int closed = 0;
  exchange->on_closed([&closed] { ++closed; });
  exchange->begin({.code = 200, .headers = {}, .body = {}});
  talk();
  client->reset(id);
  talk();
  BOOST_CHECK_EQUAL(closed, 1);
  exchange->write(share_bytes("into the void"));
  BOOST_CHECK_EQUAL(exchange->pending_bytes(), 0U);
  client->get();
  talk();
  const auto other = next_exchange();
  other->on_closed([&closed] { ++closed; });
  session->closed();
  BOOST_CHECK_EQUAL(closed, 2);
}

BOOST_AUTO_TEST_CASE(a_request_reset_in_the_same_breath_never_starts) {
  connect_raw();
  const std::string both =
      frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1, get_block) +
      frame(NGHTTP2_RST_STREAM, 0, 1, std::string("\0\0\0\x08", 4));
  session->receive(both);
  BOOST_CHECK_EQUAL(requests.size(), 0U);
  BOOST_CHECK(session->wants_input());
}

BOOST_AUTO_TEST_CASE(values_cannot_break_out_of_their_place) {
  connect();
  const auto id = client->get();
  talk();
  next_exchange()->respond({.code = 200,
                            .headers = {{"Location", "/a\r\nset-cookie: x"},
                                        {"bad\r\nname", "x"},
                                        {"connection", "x"},
                                        {"transfer-encoding", "chunked"}},
                            .body = {}});
  talk();
  BOOST_CHECK_EQUAL(stream(id).header("location"), "/a  set-cookie: x");
  BOOST_CHECK_EQUAL(stream(id).headers.size(), 4U); // status, location, date, length
}

BOOST_AUTO_TEST_CASE(heads_and_empty_answers_have_no_data) {
  connect();
  const auto head = client->request(http2_client::head_of("HEAD", "/x"));
  const auto none = client->get();
  talk();
  next_exchange()->respond(text_response("hello"));
  next_exchange()->respond({.code = 204, .headers = {}, .body = {}});
  talk();
  BOOST_CHECK_EQUAL(stream(head).header("content-length"), "5");
  BOOST_CHECK_EQUAL(stream(head).body, "");
  BOOST_CHECK(stream(head).ended);
  BOOST_CHECK_EQUAL(stream(none).code(), "204");
  BOOST_CHECK(stream(none).header("content-length").empty());
  BOOST_CHECK(stream(none).ended);
}

BOOST_AUTO_TEST_SUITE_END()
