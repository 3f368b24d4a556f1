#include "net/proxy/response_parser.hpp"

#include "schema/base/rng.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::net;

namespace {

/// "CODE:BODY" once done, "CODE+BODY" while not, or the error; whatever the pieces, the same.
std::string parsed(std::string_view text, bool ends = false, bool expects_body = true) {
  std::string outcome;
  for (const std::size_t piece : {1UL, 4UL, 100'000UL}) {
    response_parser parser(expects_body);
    std::string body;
    std::string found;
    for (std::size_t at = 0; at < text.size() && found.empty(); at += piece) {
      const auto used = parser.put(text.substr(at, piece), body);
      if (!used) found = used.error().message;
      if (parser.done()) break;
    }
    if (found.empty() && ends)
      if (const auto ended = parser.end(); !ended) found = ended.error().message;
    if (found.empty()) found = std::to_string(parser.head().code) + (parser.done() ? ":" : "+") + body;
    if (outcome.empty()) outcome = found;
    BOOST_TEST(found == outcome);
  }
  return outcome;
}

} // namespace

BOOST_AUTO_TEST_SUITE(upstream_answers)

BOOST_AUTO_TEST_CASE(bodies_end_where_their_head_says) {
  BOOST_TEST(parsed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloEXTRA") == "200:hello");
  BOOST_TEST(parsed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") == "200:");
  BOOST_TEST(parsed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: "
                    "1\r\n\r\n") == "200:abcde");
  BOOST_TEST(parsed("HTTP/1.0 200 OK\n\nto the end") == "200+to the end");
  BOOST_TEST(parsed("HTTP/1.0 200 OK\n\nto the end", true) == "200:to the end");
  BOOST_TEST(parsed("HTTP/1.1 204 No Content\r\n\r\n") == "204:");
  BOOST_TEST(parsed("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n") == "304:");
  BOOST_TEST(parsed("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", false, false) == "200:");
  BOOST_TEST(parsed("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nbytes") == "101:");
}

BOOST_AUTO_TEST_CASE(interim_answers_are_skipped) {
  BOOST_TEST(
      parsed(
          "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Created\r\n"
          "Content-Length: 2\r\n\r\nok") == "201:ok");
}

BOOST_AUTO_TEST_CASE(answers_that_end_too_early) {
  BOOST_TEST(parsed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", true) ==
             "malformed HTTP response: it ended before its body");
  BOOST_TEST(parsed("HTTP/1.1 200", true) == "malformed HTTP response: it ended before its head");
  BOOST_TEST(parsed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", true) ==
             "malformed HTTP response: it ended before its body");
}

BOOST_AUTO_TEST_CASE(answers_that_are_none) {
  BOOST_TEST(parsed("SSH-2.0-OpenSSH\r\n\r\n") == "malformed HTTP response: no status line");
  BOOST_TEST(parsed("HTTP/1.1 abc OK\r\n\r\n") == "malformed HTTP response: no status code");
  BOOST_TEST(parsed("HTTP/1.1 999 OK\r\n\r\n") == "malformed HTTP response: no status code");
  BOOST_TEST(parsed("HTTP/1.1 200 OK\r\nno colon\r\n\r\n") ==
             "malformed HTTP response: a header without a name");
  BOOST_TEST(parsed("HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n") ==
             "malformed HTTP response: a header without a name");
  BOOST_TEST(parsed("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n") ==
             "malformed HTTP response: odd content-length");
  BOOST_TEST(parsed("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n") ==
             "malformed HTTP response: odd content-length");
  BOOST_TEST(parsed("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n") ==
             "malformed HTTP response: an unsupported transfer-encoding");
  BOOST_TEST(parsed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n") ==
             "malformed HTTP response: a chunk has no size");
  BOOST_TEST(parsed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n") ==
             "malformed HTTP response: a chunk is longer than it says");
  BOOST_TEST(parsed("HTTP/1.1 200 OK\r\nX: " + std::string(upstream_head_max_bytes, 'x')) ==
             "malformed HTTP response: the head is too large");
}

BOOST_AUTO_TEST_CASE(headers_are_read_as_sent) {
  response_parser parser(true);
  std::string body;
  BOOST_REQUIRE(parser.put(
      "HTTP/1.1 200 OK\r\nContent-Type:  text/html \r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n", body));
  BOOST_TEST(parser.head_done());
  BOOST_TEST(parser.head().header("content-type") == "text/html");
  BOOST_TEST(parser.head().headers.size() == 3U);
  BOOST_TEST(parser.head().headers[2].second == "b");
}

BOOST_AUTO_TEST_CASE(noise_is_read_within_bounds) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    seeded_random_source random(seed);
    std::string text =
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    for (int change = 0; change < 3; ++change)
      text[random.next() % text.size()] = static_cast<char>(random.next() & 0xff);
    response_parser parser(true);
    std::string body;
    const auto used = parser.put(text, body);
    BOOST_TEST_CONTEXT("seed " << seed) {
      BOOST_TEST((!used || *used <= text.size()));
      BOOST_TEST(body.size() <= text.size());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
