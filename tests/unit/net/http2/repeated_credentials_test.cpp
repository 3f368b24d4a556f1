#include "net/http2/repeated_credentials.hpp"
#include "tests/unit/net/http2/http2_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

using namespace actord;
using namespace actord::net;
using namespace actord::net::test;

namespace {

const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const std::string token = "Bearer " + std::string(300, 'a') + ".b-c_";

/// A string in Huffman code, as nghttp2 spells it: what it makes of a field that is not to be indexed,
/// without the three bytes that say so and name Authorization.
std::string huffman(std::string_view text) {
  nghttp2_hd_deflater* deflater = nullptr;
  BOOST_REQUIRE_EQUAL(nghttp2_hd_deflate_new(&deflater, 0), 0);
  const nghttp2_nv field{.name = reinterpret_cast<std::uint8_t*>(const_cast<char*>("authorization")),
                         .value = reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data())),
                         .namelen = 13,
                         .valuelen = text.size(),
                         .flags = NGHTTP2_NV_FLAG_NONE};
  std::string bytes(2 * text.size() + 100, '\0');
  const ssize_t count =
      nghttp2_hd_deflate_hd(deflater, reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size(), &field, 1);
  nghttp2_hd_deflate_del(deflater);
  bytes.resize(static_cast<std::size_t>(count));
  const std::size_t at = bytes.find("\x1f\x08");
  BOOST_REQUIRE(at != std::string::npos);
  return bytes.substr(at + 2);
}

std::string never_indexed(std::string_view value) { return "\x1f\x08" + huffman(value); }

struct piece {
  std::string bytes;
  bool shortened = false;
};

/// What `filter` makes of input that comes in pieces of `at_once`.
std::vector<piece> pass(repeated_credentials& filter, std::string_view input, std::size_t at_once) {
  std::vector<piece> given;
  for (std::size_t at = 0; at < input.size(); at += at_once) {
    std::string_view part = input.substr(at, at_once);
    while (!part.empty()) {
      const std::string bytes(filter.next(part));
      BOOST_REQUIRE(!bytes.empty());
      given.push_back({bytes, filter.restored("authorization", repeated_credentials::placeholder) !=
                                  repeated_credentials::placeholder});
    }
  }
  return given;
}

std::string joined(const std::vector<piece>& pieces) {
  std::string all;
  for (const piece& one : pieces) all += one.bytes;
  return all;
}

std::size_t shortened(const std::vector<piece>& pieces) {
  return static_cast<std::size_t>(
      std::count_if(pieces.begin(), pieces.end(), [](const piece& one) { return one.shortened; }));
}

std::string headers(std::string_view block, std::uint8_t flags = NGHTTP2_FLAG_END_HEADERS) {
  return http2_fixture::frame(NGHTTP2_HEADERS, flags, 1, block);
}

} // namespace

BOOST_AUTO_TEST_SUITE(repeated_credentials_of_a_connection)

BOOST_AUTO_TEST_CASE(a_value_that_comes_again_is_replaced_and_restored) {
  repeated_credentials filter;
  const std::string one = headers(std::string(http2_fixture::get_block) + never_indexed(token) + "\x90");
  const auto given = pass(filter, preface + one + one + one + one, 16'384);
  BOOST_REQUIRE_EQUAL(given.size(), 5U);
  BOOST_CHECK_EQUAL(given[0].bytes, preface);
  BOOST_CHECK_EQUAL(given[1].bytes, one);
  const std::string shorter =
      headers(std::string(http2_fixture::get_block) + "\x1f\x08\x09" + "as before\x90");
  for (std::size_t i : {2U, 3U, 4U}) {
    BOOST_CHECK(given[i].shortened);
    BOOST_CHECK(given[i].bytes == shorter);
  }
  BOOST_CHECK_EQUAL(filter.restored("authorization", "as before"), token);
  BOOST_CHECK_EQUAL(filter.restored("authorization", "Basic x"), "Basic x");
  BOOST_CHECK_EQUAL(filter.restored("x-note", "as before"), "as before");
}

BOOST_AUTO_TEST_CASE(another_value_is_not_taken_for_the_one_before) {
  repeated_credentials filter;
  const std::string other = token.substr(0, token.size() - 1) + "x";
  const std::string first = headers(never_indexed(token));
  const std::string second = headers(never_indexed(other));
  BOOST_CHECK_EQUAL(shortened(pass(filter, preface + first + second + first + second, 16'384)), 0U);
  const auto given = pass(filter, second + second + first, 16'384);
  BOOST_CHECK_EQUAL(shortened(given), 2U); // the last before was `second`
  BOOST_CHECK_EQUAL(given[2].bytes, first);
}

BOOST_AUTO_TEST_CASE(what_is_not_to_be_shortened_goes_by_as_it_is) {
  const std::string code = huffman(token);
  const std::string priority("\0\0\0\0\x10", 5);
  const std::array<std::string, 9> frames{
      headers("\x57" + code),     // enters the table
      headers("\x0f\x09" + code), // another name
      headers(std::string("\x10\x0d") + "authorization" + code),
      headers(never_indexed("Bearer short")),
      headers(never_indexed(token), NGHTTP2_FLAG_NONE), // goes on in another frame
      headers(std::string(1, '\0') + never_indexed(token), NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_PADDED),
      headers(never_indexed(token).substr(0, 100)), // cut
      headers("\x1f\x08\xff\xff\xff\xff\xff\xff" + code),
      http2_fixture::frame(NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1, never_indexed(token)),
  };
  for (const std::string& each : frames) {
    repeated_credentials filter;
    const std::string input = preface + each + each + each + each;
    BOOST_CHECK_MESSAGE(joined(pass(filter, input, 16'384)) == input, "frame " << &each - frames.data());
  }
  repeated_credentials filter;
  const std::string with_priority =
      headers(priority + never_indexed(token), NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_PRIORITY);
  BOOST_CHECK_EQUAL(shortened(pass(filter, preface + with_priority + with_priority, 16'384)), 1U);
}

BOOST_AUTO_TEST_CASE(a_value_that_no_field_may_have_is_left_to_nghttp2) {
  for (const std::string& wrong : {std::string(200, 'a') + "\n", std::string(200, '\1')}) {
    repeated_credentials filter;
    const std::string one = headers(never_indexed(wrong));
    const std::string input = preface + one + one + one;
    BOOST_CHECK(joined(pass(filter, input, 16'384)) == input);
  }
  // A code that ends in no symbol.
  repeated_credentials filter;
  std::string broken = huffman(token);
  broken.back() = '\0';
  const std::string one = headers("\x1f\x08" + broken);
  const std::string input = preface + one + one + one;
  BOOST_CHECK(joined(pass(filter, input, 16'384)) == input);
}

// Wherever the input is cut: replacing the shortened frames by the frame they stand for gives the input.
BOOST_AUTO_TEST_CASE(input_may_be_cut_anywhere) {
  std::mt19937 dice(7); // NOLINT(cert-msc32-c,cert-msc51-cpp)
  const std::string one = headers(std::string(http2_fixture::get_block) + never_indexed(token));
  std::string input = preface + http2_fixture::frame(NGHTTP2_SETTINGS, 0, 0, "");
  for (int i = 0; i < 40; ++i)
    input +=
        dice() % 3 == 0 ? http2_fixture::frame(NGHTTP2_DATA, 0, 1, std::string(dice() % 700, '\x01')) : one;
  for (const std::size_t at_once : {1U, 2U, 5U, 8U, 9U, 10U, 100U, 333U, 1'000U, 16'384U}) {
    repeated_credentials filter;
    std::vector<piece> given = pass(filter, input, at_once);
    BOOST_CHECK_EQUAL(shortened(given) > 0, at_once > one.size());
    for (piece& each : given)
      if (each.shortened) each.bytes = one;
    BOOST_CHECK_MESSAGE(joined(given) == input, "pieces of " << at_once);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(repeated_credentials_in_a_session, http2_fixture)

BOOST_AUTO_TEST_CASE(handlers_see_what_was_sent) {
  for (const std::size_t at_once : {7U, 16'384U}) {
    connect();
    client = std::make_unique<http2_client>();
    const std::string other = "Bearer " + std::string(250, 'z');
    std::vector<std::string> sent;
    for (const int which : {0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 2, 2, 0}) {
      sent.push_back(which == 2 ? "as before" : which == 1 ? other : token);
      auto head = http2_client::head_of("GET", "/x");
      head.emplace_back("authorization", sent.back());
      head.emplace_back("x-after", "1");
      client->request(head);
    }
    talk(at_once);
    BOOST_REQUIRE_EQUAL(requests.size(), sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) {
      BOOST_CHECK_EQUAL(requests[i].first.header("authorization"), sent[i]);
      BOOST_CHECK_EQUAL(requests[i].first.header("x-after"), "1");
    }
    requests.clear();
  }
}

BOOST_AUTO_TEST_SUITE_END()
