#include "net/http2/http2_budget.hpp"
#include "tests/unit/net/http2/http2_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::net;
using namespace actord::net::test;

/// What clients do that mean no good, or know no better.
BOOST_FIXTURE_TEST_SUITE(http2_abuse, http2_fixture)

BOOST_AUTO_TEST_CASE(headers_over_the_limit_are_431_and_the_connection_lives) {
  connect();
  auto head = http2_client::head_of("GET", "/x");
  for (int count = 0; count < 300; ++count) head.emplace_back("x-" + std::to_string(count), "v");
  const auto many = client->request(head);
  head = http2_client::head_of("GET", "/x");
  for (int count = 0; count < 20; ++count) head.emplace_back("x-large", std::string(1'000, 'v'));
  const auto large = client->request(head);
  const auto fine = client->get();
  talk();
  BOOST_CHECK_EQUAL(stream(many).code(), "431");
  BOOST_CHECK_EQUAL(stream(large).code(), "431");
  BOOST_REQUIRE_EQUAL(requests.size(), 1U);
  next_exchange()->respond(text_response("fine"));
  talk();
  BOOST_CHECK_EQUAL(stream(fine).body, "fine");
}

BOOST_AUTO_TEST_CASE(malformed_requests_reset_their_stream_only) {
  const std::vector<std::string> blocks{
      std::string("\x82\x87"),                                            // no path
      std::string(get_block) + literal("Upper", "x"),                     //
      std::string(get_block) + literal("connection", "close"),            //
      std::string(get_block) + literal("transfer-encoding", "chunked"),   //
      std::string(get_block) + literal("x", "a\r\nb"),                    //
      std::string(get_block) + literal("x", std::string_view("a\0b", 3)), //
      std::string(get_block) + std::string(get_block),                    // everything twice
      literal("x", "y") + std::string(get_block),                         // pseudo-headers last
      std::string(get_block) + literal(":status", "200"),                 //
      std::string(get_block) + literal("content-length", "5"),            // and no body
      std::string(get_block) + literal("content-length", "1") + literal("content-length", "2"),
  };
  connect_raw();
  std::uint32_t id = 1;
  for (const std::string& block : blocks) {
    session->receive(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, id, block));
    const std::string answered = take();
    BOOST_CHECK_MESSAGE(answered.starts_with(frame(NGHTTP2_RST_STREAM, 0, id, std::string("\0\0\0\x01", 4))),
                        "block " << (id - 1) / 2 << " gave " << answered.size() << " bytes");
    BOOST_CHECK_EQUAL(requests.size(), 0U);
    BOOST_CHECK(session->wants_input());
    id += 2;
  }
  session->receive(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, id, get_block));
  BOOST_CHECK_EQUAL(requests.size(), 1U);
}

BOOST_AUTO_TEST_CASE(too_many_streams_at_once_are_refused) {
  connect_raw();
  std::string answered;
  for (std::uint32_t count = 0; count < 260; ++count) {
    session->receive(
        frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 2 * count + 1, get_block));
    answered += take();
  }
  BOOST_CHECK_EQUAL(requests.size(), 250U);
}

BOOST_AUTO_TEST_CASE(requests_that_handlers_hold_count_after_their_reset) {
  connect_raw();
  std::uint32_t id = 1;
  for (int count = 0; count < 700 && session->wants_input(); ++count, id += 2) {
    session->receive(
        frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, id, get_block));
    session->receive(frame(NGHTTP2_RST_STREAM, 0, id, std::string("\0\0\0\x08", 4)));
    take();
  }
  BOOST_CHECK_LE(requests.size(), 502U);
  BOOST_CHECK_GE(requests.size(), 250U);
}

BOOST_AUTO_TEST_CASE(floods_end_the_connection) {
  const std::uint32_t calm = NGHTTP2_ENHANCE_YOUR_CALM;
  connect_raw();
  BOOST_CHECK(ends_with(calm, 3'000, [](std::size_t count) { // rapid reset: CVE-2023-44487
    const auto id = static_cast<std::uint32_t>(2 * count + 1);
    return frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, id, get_block) +
           frame(NGHTTP2_RST_STREAM, 0, id, std::string("\0\0\0\x08", 4));
  }));
  BOOST_CHECK_EQUAL(requests.size(), 0U);
  connect_raw();
  BOOST_CHECK(ends_with(calm, 3'000, [](std::size_t) { return frame(NGHTTP2_PING, 0, 0, "12345678"); }));
  connect_raw();
  BOOST_CHECK(ends_with(calm, 3'000, [](std::size_t) { return frame(NGHTTP2_SETTINGS, 0, 0, ""); }));
  connect_raw();
  BOOST_CHECK(ends_with(calm, 20'000, [](std::size_t) {
    return frame(NGHTTP2_PRIORITY, 0, 3, std::string("\0\0\0\x05\x01", 5));
  }));
  connect_raw();
  BOOST_CHECK(ends_with(calm, 20'000, [](std::size_t) {
    return frame(NGHTTP2_WINDOW_UPDATE, 0, 0, std::string("\0\0\0\x01", 4));
  }));
  connect_raw();
  session->receive(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, get_block));
  BOOST_CHECK(ends_with(calm, 5'000, [](std::size_t) { return frame(NGHTTP2_DATA, 0, 1, ""); }));
}

BOOST_AUTO_TEST_CASE(unread_acknowledgements_do_not_pile_up) {
  connect_raw();
  for (int count = 0; count < 900 && session->wants_input(); ++count)
    session->receive(frame(NGHTTP2_PING, 0, 0, "12345678"));
  BOOST_CHECK(!session->wants_input());
  BOOST_CHECK_LT(take().size(), 5'000U);
}

BOOST_AUTO_TEST_CASE(broken_framing_ends_the_connection) {
  const std::vector<std::string> attacks{
      frame(NGHTTP2_DATA, 0, 0, "x"),                                              // data for the connection
      frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 2, get_block),              // a stream of the server's
      frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, "\xFF\xFF\xFF\xFF\xFF"), // no such table entry
      frame(NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1, get_block),         // of nothing
      frame(NGHTTP2_WINDOW_UPDATE, 0, 0, std::string(4, '\0')),                    // by nothing
      frame(NGHTTP2_WINDOW_UPDATE, 0, 0, "\x7F\xFF\xFF\xFF"),                      // beyond 2^31
      frame(NGHTTP2_SETTINGS, 0, 0, "12345"),                                      // not a multiple of six
      frame(NGHTTP2_PING, 0, 0, "short"),                                          //
      frame(NGHTTP2_PUSH_PROMISE, NGHTTP2_FLAG_END_HEADERS, 1, "\0\0\0\x02"),      // clients do not push
      std::string("\x00\x40\x01\x00\x00\x00\x00\x00\x01", 9),                      // larger than agreed
  };
  for (const std::string& attack : attacks) {
    connect_raw();
    session->receive(attack + std::string(20'000, '\0'));
    take();
    BOOST_CHECK_MESSAGE(!session->wants_input(), "attack " << &attack - attacks.data());
    BOOST_CHECK(ends_gracefully());
    session->receive(attack); // after the GOAWAY: CVE-2026-27135
    BOOST_CHECK_EQUAL(requests.size(), 0U);
  }
  connect();
  session->receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  take();
  BOOST_CHECK(!session->wants_input());
}

BOOST_AUTO_TEST_CASE(endless_header_blocks_end_the_connection) {
  connect_raw();
  session->receive(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, get_block));
  for (int count = 0; count < 100 && session->wants_input(); ++count)
    session->receive(frame(NGHTTP2_CONTINUATION, 0, 1, literal("x", "y")));
  BOOST_CHECK(!session->wants_input());
  BOOST_CHECK_EQUAL(requests.size(), 0U);
}

BOOST_AUTO_TEST_CASE(slow_clients_time_out) {
  connect_raw();
  session->receive(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, get_block)); // no end of the headers
  pass(9);
  BOOST_CHECK(session->wants_input());
  pass(5);
  take();
  BOOST_CHECK(ends_gracefully());

  connect_raw();
  session->receive(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, get_block));
  pass(62);
  pass(3);
  BOOST_CHECK(take().find("E:the request did not arrive in time") != std::string::npos);

  connect(); // says nothing at all
  pass(12);
  take();
  BOOST_CHECK(ends_gracefully());

  connect_raw(); // idle
  pass(290);
  BOOST_CHECK(session->wants_input());
  pass(12);
  take();
  BOOST_CHECK(ends_gracefully());
}

BOOST_AUTO_TEST_CASE(waiting_streams_keep_the_connection) {
  connect();
  const auto id = client->get();
  talk();
  for (int minute = 0; minute < 100; ++minute) pass(60);
  next_exchange()->respond(text_response("at last"));
  talk();
  BOOST_CHECK_EQUAL(stream(id).body, "at last");
}

BOOST_AUTO_TEST_CASE(a_session_that_gave_its_buffer_back_goes_on) {
  connect();
  const auto watch = client->get("/watch");
  talk();
  const auto stream_of_events = next_exchange();
  stream_of_events->begin({.code = 200, .headers = {}, .body = {}});
  std::string sent;
  for (int event = 0; event < 5; ++event) {
    const std::string line(5'000, static_cast<char>('a' + event));
    stream_of_events->write(share_bytes(line));
    sent += line;
    talk();
    pass(3);
    pass(3); // silent for long enough
    const auto other = client->get("/other");
    talk();
    next_exchange()->respond(text_response(line));
    talk();
    BOOST_CHECK(stream(other).body == line);
    BOOST_CHECK_EQUAL(stream(other).code(), "200");
  }
  BOOST_CHECK(stream(watch).body == sent);
}

BOOST_AUTO_TEST_CASE(a_server_that_stops_says_so) {
  connect();
  talk();
  session->shutting_down();
  talk();
  BOOST_CHECK_EQUAL(client->goaway.value_or(99), NGHTTP2_NO_ERROR);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(frame_budgets)

BOOST_AUTO_TEST_CASE(time_and_work_refill_what_frames_spend) {
  frame_budget budget;
  for (int count = 0; count < 1'000; ++count) budget.spend(frame_budget::cost::control);
  BOOST_CHECK(!budget.exhausted());
  budget.spend(frame_budget::cost::trifle);
  BOOST_CHECK(budget.exhausted());
  budget.passed(1);
  BOOST_CHECK(!budget.exhausted());
  for (int count = 0; count < 100'000; ++count) { // a reset for each request that was answered
    budget.spend(frame_budget::cost::control);
    budget.finished_request();
  }
  BOOST_CHECK(!budget.exhausted());
  for (int count = 0; count < 100'000; ++count) { // a window update for each 4 KiB
    budget.spend(frame_budget::cost::trifle);
    budget.sent(4'096);
  }
  BOOST_CHECK(!budget.exhausted());
  budget.passed(1'000'000); // does not save up
  for (int count = 0; count < 1'001; ++count) budget.spend(frame_budget::cost::control);
  BOOST_CHECK(budget.exhausted());
}

BOOST_AUTO_TEST_SUITE_END()
