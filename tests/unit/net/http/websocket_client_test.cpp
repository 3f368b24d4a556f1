#include "net/http/websocket_client.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord::net;
using namespace std::string_literals;

namespace {

/// What a server's bytes mean, whatever the pieces: "opcode:payload " for each message, or the error.
std::string meaning(std::string_view bytes) {
  std::string outcome;
  for (const std::size_t piece : {1UL, 3UL, 1000UL}) {
    server_frames frames;
    std::string found;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      const auto read = frames.put(bytes.substr(at, piece));
      while (const auto message = frames.next())
        found += std::to_string(message->opcode) + ":" + message->payload + " ";
      if (!read) {
        found += read.error().message;
        break;
      }
    }
    if (outcome.empty()) outcome = found;
    BOOST_TEST(found == outcome);
  }
  return outcome;
}

} // namespace

BOOST_AUTO_TEST_SUITE(websocket_clients)

BOOST_AUTO_TEST_CASE(a_client_masks_what_it_sends) {
  BOOST_TEST(client_frame(2, "abc", 0) == "\x82\x83\0\0\0\0abc"s);
  const std::string masked = client_frame(2, "abcde", 0x04030201);
  BOOST_TEST(masked == "\x82\x85\x01\x02\x03\x04"s + char('a' ^ 1) + char('b' ^ 2) + char('c' ^ 3) +
                           char('d' ^ 4) + char('e' ^ 1));
  BOOST_TEST(client_frame(2, std::string(126, 'x'), 0).substr(0, 4) == "\x82\xfe\0\x7e"s);
  BOOST_TEST(client_frame(2, std::string(65536, 'x'), 0).substr(0, 10) == "\x82\xff\0\0\0\0\0\1\0\0"s);
}

BOOST_AUTO_TEST_CASE(a_servers_frames_become_messages) {
  BOOST_TEST(meaning("\x82\x03"s + "abc") == "2:abc ");
  BOOST_TEST(meaning("\x02\x02"s + "ab" + "\x80\x01" + "c") == "2:abc ");
  BOOST_TEST(meaning("\x02\x02"s + "ab" + "\x89\x01" + "p" + "\x80\x01" + "c") == "9:p 2:abc ");
  BOOST_TEST(meaning("\x82\x7e\x00\x80"s + std::string(128, 'y')) == "2:" + std::string(128, 'y') + " ");
  BOOST_TEST(meaning("\x88\x02\x03\xe8"s) == "8:\x03\xe8 "s);
}

BOOST_AUTO_TEST_CASE(breaches_are_refused) {
  BOOST_TEST(meaning("\x82\x83\0\0\0\0abc"s) == "websocket: a frame of a form that was not agreed on");
  BOOST_TEST(meaning("\xc2\x01x"s) == "websocket: a frame of a form that was not agreed on");
  BOOST_TEST(meaning("\x80\x01x"s) == "websocket: fragments out of order");
  BOOST_TEST(meaning("\x02\x01x\x02\x01y"s) == "websocket: fragments out of order");
  BOOST_TEST(meaning("\x09\x01x"s) == "websocket: a control frame is too large");
  BOOST_TEST(meaning("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"s) == "websocket: a message is too large");
}

BOOST_AUTO_TEST_SUITE_END()
