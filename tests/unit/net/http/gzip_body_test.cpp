#include "net/http/gzip_body.hpp"

#include "tests/support/session_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <zlib.h>

using namespace actord;
using namespace actord::net;

namespace {

std::string gunzip(std::string_view packed) {
  z_stream stream{};
  BOOST_REQUIRE_EQUAL(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  std::string piece(64 * 1024, '\0');
  int outcome = Z_OK;
  while (outcome == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    outcome = inflate(&stream, Z_NO_FLUSH);
    text.append(piece, 0, piece.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  BOOST_CHECK_EQUAL(outcome, Z_STREAM_END);
  return text;
}

std::string unchunked(std::string_view text) {
  std::string body;
  while (true) {
    const std::size_t end = text.find("\r\n");
    const std::size_t size = std::stoul(std::string(text.substr(0, end)), nullptr, 16);
    if (size == 0) return body;
    body += text.substr(end + 2, size);
    text.remove_prefix(end + 4 + size);
  }
}

http_request asking_for(std::string_view encodings) {
  http_request request;
  request.headers.emplace_back("accept-encoding", encodings);
  return request;
}

} // namespace

BOOST_AUTO_TEST_SUITE(gzip)

BOOST_AUTO_TEST_CASE(clients_say_whether_they_take_it) {
  for (const char* yes :
       {"gzip", "deflate, GZIP", "br;q=1.0, gzip;q=0.5", "gzip ;q=1", "identity,gzip;q=0.001"})
    BOOST_CHECK_MESSAGE(accepts_gzip(asking_for(yes)), yes);
  for (const char* no : {"", "identity", "gzip;q=0", "gzip;q=0.000", "xgzip", "gzipped", "*;q=0"})
    BOOST_CHECK_MESSAGE(!accepts_gzip(asking_for(no)), no);
  BOOST_CHECK(!accepts_gzip({}));
}

BOOST_FIXTURE_TEST_CASE(an_answer_is_compressed_as_it_is_taken, session_fixture) {
  std::string text;
  std::uint32_t random = 1;
  while (text.size() < 3'000'000) { // compresses to about half
    random = random * 1'664'525U + 1'013'904'223U;
    text += std::to_string(random);
  }
  open();
  session->receive("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto exchange = next_exchange();
  respond_gzip(exchange,
               {.code = 200, .headers = {{"content-type", "text/plain"}}, .body = share_bytes(text)});
  BOOST_CHECK_GT(exchange->pending_bytes(), 0U);
  BOOST_CHECK_LT(exchange->pending_bytes(), 70'000U);
  const std::string answer = take();
  const std::size_t end = answer.find("\r\n\r\n");
  const std::string head = answer.substr(0, end);
  BOOST_CHECK(head.find("content-encoding: gzip") != std::string::npos);
  BOOST_CHECK(head.find("vary: Accept-Encoding") != std::string::npos);
  BOOST_CHECK(head.find("content-type: text/plain") != std::string::npos);
  BOOST_CHECK(gunzip(unchunked(std::string_view(answer).substr(end + 4))) == text);
  BOOST_CHECK_LT(answer.size(), text.size() * 6 / 10);
}

BOOST_FIXTURE_TEST_CASE(a_client_that_leaves_ends_the_work, session_fixture) {
  open();
  session->receive("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  auto body = share_bytes(std::string(10'000'000, 'x'));
  const std::weak_ptr<const std::string> watched = body;
  respond_gzip(next_exchange(), {.code = 200, .headers = {}, .body = std::move(body)});
  BOOST_CHECK(!watched.expired());
  session->closed();
  BOOST_CHECK(watched.expired());
}

BOOST_AUTO_TEST_SUITE_END()
