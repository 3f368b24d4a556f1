#include "net/http/request_parser.hpp"
#include "schema/base/rng.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <vector>

using namespace actord;
using namespace actord::net;

namespace {

constexpr std::size_t header_limit_bytes = 16 * 1024;

struct reading {
  http_request request;
  std::string body;
  std::optional<request_fault> fault;
  bool done = false;
  std::size_t used = 0;
};

/// Parses what arrives in pieces that end at `cuts`, as a connection does.
reading read_in_pieces(const std::string& text, const std::vector<std::size_t>& cuts) {
  request_parser parser(header_limit_bytes);
  reading outcome;
  std::size_t arrived = 0;
  std::vector<std::size_t> ends = cuts;
  ends.push_back(text.size());
  for (const std::size_t end : ends) {
    arrived = std::max(arrived, end);
    while (outcome.used < arrived && !parser.done() && !parser.fault()) {
      const std::size_t step =
          parser.put(std::string_view(text).substr(outcome.used, arrived - outcome.used));
      outcome.body.append(parser.body_piece());
      outcome.used += step;
      if (step == 0) break;
    }
  }
  outcome.fault = parser.fault();
  outcome.done = parser.done();
  outcome.request = parser.request();
  return outcome;
}

reading read_whole(const std::string& text) { return read_in_pieces(text, {}); }

int fault_code(const std::string& text) {
  const reading outcome = read_whole(text);
  return outcome.fault ? outcome.fault->code : 0;
}

} // namespace

BOOST_AUTO_TEST_SUITE(request_parsing)

BOOST_AUTO_TEST_CASE(a_get_request_is_read) {
  const auto outcome =
      read_whole("GET /api/v1/pods?watch=1&x=%20 HTTP/1.1\r\nHost: a\r\nAccept:  text/plain \r\n"
                 "X-A: 1\r\nX-A: 2\r\n\r\n");
  BOOST_REQUIRE(outcome.done);
  BOOST_CHECK_EQUAL(outcome.request.method, "GET");
  BOOST_CHECK_EQUAL(outcome.request.path, "/api/v1/pods");
  BOOST_CHECK_EQUAL(outcome.request.query, "watch=1&x=%20");
  BOOST_CHECK_EQUAL(outcome.request.header("accept"), "text/plain");
  BOOST_CHECK_EQUAL(outcome.request.header("x-a"), "1");
  BOOST_CHECK_EQUAL(outcome.request.headers.size(), 4U);
}

BOOST_AUTO_TEST_CASE(any_cut_gives_the_same_request) {
  const std::string chunked = "PATCH /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "5\r\nhello\r\n1;ext=1\r\n,\r\n7\r\n world!\r\n0\r\nTrailer: 1\r\n\r\n";
  const std::string plain = "PUT /x HTTP/1.1\r\nContent-Length: 13\r\nHost: a\r\n\r\nhello, world!";
  const std::uint64_t seed = 20260731;
  seeded_random_source random(seed);
  for (const std::string& text : {chunked, plain}) {
    for (std::uint64_t round = 0; round < 400; ++round) {
      std::vector<std::size_t> cuts;
      for (std::size_t at = 0; at < text.size(); at += 1 + random.next() % (round % 40 + 1))
        cuts.push_back(at);
      const auto outcome = read_in_pieces(text + "GET /next", cuts);
      BOOST_REQUIRE_MESSAGE(outcome.done && !outcome.fault, "seed " << seed << " round " << round);
      BOOST_REQUIRE_EQUAL(outcome.body, "hello, world!");
      BOOST_REQUIRE_EQUAL(outcome.used, text.size());
      BOOST_REQUIRE_EQUAL(outcome.request.header("trailer"), "");
    }
  }
}

BOOST_AUTO_TEST_CASE(ambiguous_lengths_are_refused) {
  const std::string start = "POST /x HTTP/1.1\r\nHost: a\r\n";
  for (const std::string framing :
       {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "Content-Length: 3\r\nContent-Length: 3\r\n",
        "Content-Length: 3, 3\r\n", "Content-Length: +3\r\n", "Content-Length: -1\r\n",
        "Content-Length: 0x3\r\n", "Content-Length: \r\n", "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: identity\r\n", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding:\vchunked\r\n"}) {
    BOOST_CHECK_MESSAGE(fault_code(start + framing + "\r\nabc") == 400, framing);
  }
  BOOST_CHECK_EQUAL(fault_code("POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

BOOST_AUTO_TEST_CASE(malformed_heads_are_refused) {
  for (const std::string text :
       {"GET /x HTTP/1.1\r\n\r\n", "GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET x HTTP/1.1\r\nHost: a\r\n\r\n", "GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /x HTTP/2.0\r\nHost: a\r\n\r\n", "GET /x HTTP/1.1\nHost: a\n\n",
        "GET  /x HTTP/1.1\r\nHost: a\r\n\r\n", "G(T /x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /x HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", "GET /x HTTP/1.1\r\nHost: a\r\n\tfolded: 1\r\n\r\n",
        "GET /x HTTP/1.1\r\nHost: a\r\nX: a\vb\r\n\r\n", "GET /x HTTP/1.1\r\nHost: a\r\nX: a\x7f\r\n\r\n",
        "GET /x HTTP/1.1\r\nHost: a\r\nX y: a\r\n\r\n", "GET /x HTTP/1.1\r\nHost: a\r\n: a\r\n\r\n",
        "GET /x HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", "\x16\x03\x01\x02",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}) {
    BOOST_CHECK_MESSAGE(fault_code(text) == 400, text);
  }
}

BOOST_AUTO_TEST_CASE(malformed_chunks_are_refused) {
  const std::string start = "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string body :
       {"x\r\n", "-1\r\n", "5\nhello\r\n", "5\r\nhelloXX0\r\n\r\n", "fffffffffffffffff\r\n"}) {
    BOOST_CHECK_MESSAGE(fault_code(start + body) == 400, body);
  }
  BOOST_CHECK_EQUAL(fault_code(start + "5;" + std::string(20'000, 'e')), 400);
}

BOOST_AUTO_TEST_CASE(long_heads_are_refused) {
  const std::string start = "GET /x HTTP/1.1\r\nHost: a\r\n";
  BOOST_CHECK_EQUAL(fault_code(start + "X: " + std::string(header_limit_bytes, 'x') + "\r\n\r\n"), 431);
  BOOST_CHECK_EQUAL(fault_code(start + "X: " + std::string(header_limit_bytes, 'x')), 431);
  BOOST_CHECK_EQUAL(fault_code("GET /" + std::string(header_limit_bytes, 'x')), 431);
  std::string many = start;
  for (int count = 0; count < 300; ++count) many += "X: 1\r\n";
  BOOST_CHECK_EQUAL(fault_code(many + "\r\n"), 431);
  BOOST_CHECK_EQUAL(fault_code(start + "X: " + std::string(header_limit_bytes / 2, 'x') + "\r\n\r\n"), 0);
}

BOOST_AUTO_TEST_CASE(long_heads_are_refused_however_they_arrive) {
  std::string text = "GET /x HTTP/1.1\r\nHost: a\r\n";
  for (int count = 0; count < 150; ++count) text += "X: " + std::string(200, 'x') + "\r\n";
  std::vector<std::size_t> cuts;
  for (std::size_t at = 0; at < text.size(); at += 100) cuts.push_back(at);
  const auto outcome = read_in_pieces(text, cuts);
  BOOST_REQUIRE(outcome.fault);
  BOOST_CHECK_EQUAL(outcome.fault->code, 431);
  BOOST_CHECK_LE(outcome.used, header_limit_bytes);
}

BOOST_AUTO_TEST_CASE(random_damage_never_breaks_the_parser) {
  const std::string valid = "POST /api?x=1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n"
                            "5\r\nhello\r\n0\r\n\r\n";
  seeded_random_source random(42);
  int faults = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = valid;
    for (std::uint64_t edits = 1 + random.next() % 4; edits > 0; --edits) {
      const std::size_t at = random.next() % text.size();
      if (random.next() % 2 == 0) {
        text[at] = static_cast<char>(random.next());
      } else {
        text.erase(at, 1 + random.next() % 3);
      }
    }
    const auto outcome = read_in_pieces(text, {random.next() % text.size()});
    faults += outcome.fault ? 1 : 0;
  }
  BOOST_CHECK_GT(faults, 5'000);
}

BOOST_AUTO_TEST_SUITE_END()
