#include "net/http/websocket.hpp"

#include "net/http/websocket_frames.hpp"
#include "tests/support/session_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::net;

namespace {

/// A client's frame, masked.
std::string client_frame(unsigned first_byte, std::string_view payload, unsigned mask_bit = 0x80) {
  std::string frame = frame_header(0, payload.size());
  frame[0] = static_cast<char>(first_byte);
  frame[1] = static_cast<char>(static_cast<unsigned char>(frame[1]) | mask_bit);
  if (mask_bit == 0) return frame + std::string(payload);
  constexpr std::string_view mask = "\x11\x22\x33\x44";
  frame += mask;
  for (std::size_t index = 0; index < payload.size(); ++index)
    frame.push_back(static_cast<char>(payload[index] ^ mask[index % 4]));
  return frame;
}

std::string close_frame(std::uint16_t code) {
  return {'\x88', '\x02', static_cast<char>(code >> 8U), static_cast<char>(code & 0xFFU)};
}

/// What a reader made of some bytes, as text: "T:hello B:... P:.. close 1000".
std::string read_all(std::string_view bytes, std::size_t at_once, std::size_t limit = 1000) {
  frame_reader reader(limit);
  std::string seen;
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, at_once);
    bytes.remove_prefix(piece.size());
    while (const auto event = reader.next(piece)) {
      using type = frame_event::type;
      if (event->what == type::message)
        seen += (event->kind == message_kind::text ? "T:" : "B:") + std::string(event->payload) + " ";
      if (event->what == type::ping) seen += "ping:" + std::string(event->payload) + " ";
      if (event->what == type::pong) seen += "pong ";
      if (event->what == type::close) seen += "close " + std::to_string(event->code);
      if (event->what == type::fault) seen += "fault " + std::to_string(event->code);
    }
  }
  return seen;
}

const std::string handshake =
    "GET /x HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: v9.other, v4.channel.k8s.io\r\n\r\n";

struct websocket_fixture : session_fixture {
  std::string seen;
  std::optional<std::uint16_t> closed_with;
  websocket_handle socket;

  void connect(const websocket_terms& terms = {.protocols = {"v5.channel.k8s.io", "v4.channel.k8s.io"}}) {
    open();
    session->receive(handshake);
    const auto request = requests.front().first;
    const auto exchange = next_exchange();
    auto accepted = accept_websocket(
        request, *exchange, terms,
        {.message = [this](message_kind, std::string_view payload) { seen += std::string(payload) + "|"; },
         .drained = {},
         .closed = [this](std::uint16_t code) { closed_with = code; }});
    BOOST_REQUIRE(accepted);
    socket = *accepted;
    socket->resume();
    session->attend();
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(frames)

BOOST_AUTO_TEST_CASE(messages_are_put_together_however_they_are_cut) {
  const std::string bytes = client_frame(0x81, "hello") + client_frame(0x02, "one ") +
                            client_frame(0x89, "p") + client_frame(0x00, "two ") +
                            client_frame(0x80, "three") + client_frame(0x8A, "") +
                            client_frame(0x82, std::string(300, 'x')) + client_frame(0x81, "") +
                            client_frame(0x88, "\x03\xE8"
                                               "bye") +
                            "ignored";
  for (const std::size_t at_once : {1U, 2U, 7U, 100U, 10'000U})
    BOOST_CHECK_EQUAL(read_all(bytes, at_once),
                      "T:hello ping:p B:one two three pong B:" + std::string(300, 'x') + " T: close 1000");
}

BOOST_AUTO_TEST_CASE(what_the_protocol_forbids_is_a_fault) {
  const std::vector<std::string> wrong{
      client_frame(0x81, "x", 0),                         // not masked
      client_frame(0xC1, "x"),                            // reserved bits: compression was never agreed on
      client_frame(0x91, "x"),                            //
      client_frame(0x83, "x"),                            // unknown opcodes
      client_frame(0x8B, "x"),                            //
      client_frame(0x80, "x"),                            // continues nothing
      client_frame(0x01, "x") + client_frame(0x81, "x"),  // a message within a message
      client_frame(0x09, "x"),                            // control frames are never fragmented
      client_frame(0x89, std::string(126, 'x')),          // nor long
      client_frame(0x88, "x"),                            // half a code
      client_frame(0x88, "\x03\xED"),                     // 1005 is never sent
      client_frame(0x88, std::string("\x00\x01", 2)),     //
      std::string("\x81\xFE\x00\x05\x11\x22\x33\x44", 8), // a length that has a shorter form
      std::string("\x82\xFF\x80\x00\x00\x00\x00\x00\x00\x00\x11\x22\x33\x44", 14), // 2^63
  };
  for (const std::string& bytes : wrong)
    for (const std::size_t at_once : {1U, 1'000U})
      BOOST_CHECK_EQUAL(read_all(bytes + client_frame(0x81, "never"), at_once), "fault 1002");
}

BOOST_AUTO_TEST_CASE(large_messages_and_broken_text_have_codes_of_their_own) {
  BOOST_CHECK_EQUAL(read_all(client_frame(0x82, std::string(1'001, 'x')).substr(0, 20), 5), "fault 1009");
  BOOST_CHECK_EQUAL(
      read_all(client_frame(0x02, std::string(600, 'x')) + client_frame(0x80, std::string(401, 'x')), 50),
      "fault 1009");
  BOOST_CHECK_EQUAL(read_all(std::string("\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10) + "mask", 100),
                    "fault 1009");
  BOOST_CHECK_EQUAL(read_all(client_frame(0x81, "\xC0\x80"), 100), "fault 1007");
  BOOST_CHECK_EQUAL(read_all(client_frame(0x88, "\x03\xE8\xFF"), 100), "fault 1007");
  BOOST_CHECK_EQUAL(read_all(client_frame(0x82, "\xC0\x80"), 100), "B:\xC0\x80 ");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(websockets, websocket_fixture)

BOOST_AUTO_TEST_CASE(a_handshake_opens_a_stream_of_messages) {
  connect();
  const std::string answer = take();
  BOOST_CHECK(answer.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
  BOOST_CHECK(answer.find("\r\nConnection: Upgrade\r\n") != std::string::npos);
  BOOST_CHECK(answer.find("upgrade: websocket\r\n") != std::string::npos);
  BOOST_CHECK(answer.find("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") != std::string::npos);
  BOOST_CHECK(answer.find("sec-websocket-protocol: v4.channel.k8s.io\r\n") != std::string::npos);
  BOOST_CHECK(answer.find("Content-Length") == std::string::npos);
  BOOST_CHECK(answer.ends_with("\r\n\r\n"));
  session->receive(client_frame(0x81, "one") + client_frame(0x82, "two"));
  BOOST_CHECK_EQUAL(seen, "one|two|");
  socket->send(message_kind::binary, "\x01", share_bytes("out"));
  BOOST_CHECK_EQUAL(take(), "\x82\x04\x01"
                            "out");
  session->receive(client_frame(0x89, "are you there"));
  BOOST_CHECK_EQUAL(take(), "\x8A\x0D"
                            "are you there");
  session->receive(client_frame(0x88, "\x03\xE8"));
  BOOST_CHECK_EQUAL(take(), close_frame(1000));
  BOOST_CHECK(ends_gracefully());
  BOOST_REQUIRE(closed_with);
  BOOST_CHECK_EQUAL(*closed_with, 1000);
  socket->send(message_kind::text, share_bytes("late"));
  BOOST_CHECK_EQUAL(take(), "");
}

BOOST_AUTO_TEST_CASE(we_close_with_a_code_and_a_reason) {
  connect();
  take();
  socket->send(message_kind::text, share_bytes("last"));
  socket->close(websocket_code::going_away, "restarting");
  socket->close(websocket_code::normal, "not again");
  BOOST_CHECK_EQUAL(take(), std::string("\x81\x04") + "last" +
                                "\x88\x0C\x03\xE9"
                                "restarting");
  BOOST_CHECK(ends_gracefully());
  BOOST_REQUIRE(closed_with);
  BOOST_CHECK_EQUAL(*closed_with, 1001);
}

BOOST_AUTO_TEST_CASE(a_fault_is_told_and_ends_the_stream) {
  connect({.protocols = {}, .message_limit_bytes = 10});
  take();
  session->receive(client_frame(0x81, "0123456789") + client_frame(0x81, "0123456789x"));
  BOOST_CHECK_EQUAL(seen, "0123456789|");
  BOOST_CHECK_EQUAL(take(), close_frame(1009));
  BOOST_CHECK(ends_gracefully());
  BOOST_CHECK_EQUAL(closed_with.value_or(0), 1009);
}

BOOST_AUTO_TEST_CASE(a_client_that_only_pings_fills_no_memory) {
  connect();
  take();
  for (int count = 0; count < 5'000; ++count) session->receive(client_frame(0x89, std::string(125, 'x')));
  BOOST_CHECK_LT(socket->pending_bytes(), 70'000U);
}

BOOST_AUTO_TEST_CASE(letting_go_of_the_handle_cuts_the_connection) {
  connect();
  take();
  socket.reset();
  session->attend();
  BOOST_CHECK(session->wants_end() == protocol_session::ending::abrupt);
  session->closed();
  BOOST_CHECK_EQUAL(closed_with.value_or(0), 1006);
}

BOOST_AUTO_TEST_CASE(handshakes_that_are_none_are_refused) {
  const auto outcome = [this](std::string text, const websocket_terms& terms) {
    open();
    session->receive(text);
    BOOST_REQUIRE_EQUAL(requests.size(), 1U);
    const auto request = requests.front().first;
    const auto exchange = next_exchange();
    const auto accepted = accept_websocket(request, *exchange, terms, {});
    exchange->respond({.code = 418, .headers = {}, .body = {}});
    return accepted ? 101 : http_code(accepted.error().kind);
  };
  const auto with = [](std::string_view from, std::string_view to) {
    std::string text = handshake;
    return text.replace(text.find(from), from.size(), to);
  };
  BOOST_CHECK_EQUAL(outcome(with("Version: 13", "Version: 8"), {}), 400);
  BOOST_CHECK_EQUAL(outcome(with("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="), {}), 400);
  BOOST_CHECK_EQUAL(outcome(with("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j*Q=="), {}), 400);
  BOOST_CHECK_EQUAL(outcome(with("keep-alive, Upgrade", "keep-alive"), {}), 400);
  BOOST_CHECK_EQUAL(outcome(with("GET", "POST"), {}), 400);
  BOOST_CHECK_EQUAL(outcome(with("/x HTTP/1.1", "/x HTTP/1.0"), {}), 400);
  BOOST_CHECK_EQUAL(outcome(handshake, {.protocols = {"v1.channel.k8s.io"}}), 403);
  const std::string plain = with("Sec-WebSocket-Protocol: v9.other, v4.channel.k8s.io\r\n", "");
  BOOST_CHECK_EQUAL(outcome(plain, {.protocols = {"v1"}, .protocol_optional = false}), 403);
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

const std::string spdy = "POST /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
                         "Content-Length: 0\r\n\r\n";

struct switched_fixture : session_fixture {
  std::string seen;
  int drained = 0;
  int closed = 0;
  upgraded_handle stream;

  void connect(const std::string& first = spdy) {
    open();
    session->receive(first);
    const auto exchange = next_exchange();
    BOOST_REQUIRE(exchange->can_switch_protocols());
    stream = exchange->switch_protocols({{"upgrade", "SPDY/3.1"}},
                                        {.received = [this](std::string_view bytes) { seen += bytes; },
                                         .drained = [this] { ++drained; },
                                         .closed = [this] { ++closed; }});
    BOOST_REQUIRE(stream);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(switched, switched_fixture)

BOOST_AUTO_TEST_CASE(bytes_pass_both_ways_untouched) {
  connect(spdy + "early");
  session->attend();
  BOOST_CHECK(!session->wants_input());
  BOOST_CHECK_EQUAL(seen, "");
  stream->resume();
  session->attend();
  BOOST_CHECK_EQUAL(seen, "early");
  session->receive("GET / HTTP/1.1\r\n\r\n");
  BOOST_CHECK_EQUAL(seen, "earlyGET / HTTP/1.1\r\n\r\n");
  stream->write(share_bytes("answer"));
  const std::string sent = take();
  BOOST_CHECK_EQUAL(sent.substr(sent.find("\r\n\r\n")), "\r\n\r\nanswer");
  BOOST_CHECK_GE(drained, 1);
  BOOST_CHECK_EQUAL(session->deadline_s(), 0U);
  BOOST_CHECK_EQUAL(session->write_timeout_s(), options.upgraded_write_timeout_s);
}

BOOST_AUTO_TEST_CASE(a_paused_reader_stops_the_client) {
  connect();
  stream->resume();
  session->attend();
  BOOST_CHECK(session->wants_input());
  stream->pause();
  BOOST_CHECK(!session->wants_input());
  session->receive("already read from the socket");
  BOOST_CHECK_EQUAL(seen, "");
  const int raised = signal->raised;
  stream->resume();
  BOOST_CHECK_EQUAL(signal->raised, raised + 1);
  session->attend();
  BOOST_CHECK_EQUAL(seen, "already read from the socket");
}

BOOST_AUTO_TEST_CASE(an_end_sends_what_is_pending_a_cut_does_not) {
  connect();
  take();
  stream->write(share_bytes("last words"));
  stream->end();
  stream->write(share_bytes("too late"));
  stream->end();
  BOOST_CHECK_EQUAL(take(), "last words");
  BOOST_CHECK(ends_gracefully());
  BOOST_CHECK_EQUAL(closed, 1);

  connect();
  take();
  stream->end(); // with nothing to send
  session->attend();
  BOOST_CHECK(ends_gracefully());
  BOOST_CHECK_EQUAL(closed, 2);

  connect();
  stream->write(share_bytes("never"));
  stream->cut();
  BOOST_CHECK(session->wants_end() == protocol_session::ending::abrupt);
  session->closed();
  BOOST_CHECK_EQUAL(closed, 3);
  stream->resume();
  stream->write(share_bytes("never"));
  BOOST_CHECK_EQUAL(stream->pending_bytes(), 0U);
}

BOOST_AUTO_TEST_CASE(an_answer_that_began_cannot_switch) {
  open();
  session->receive(spdy);
  const auto exchange = next_exchange();
  exchange->begin({.code = 200, .headers = {}, .body = {}});
  BOOST_CHECK(!exchange->switch_protocols({}, {}));
  exchange->end();
}

BOOST_AUTO_TEST_SUITE_END()
