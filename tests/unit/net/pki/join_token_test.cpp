#include "net/pki/join_token.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::net;

namespace {

const std::string hash(64, 'a');
const std::string good = "abc123.0123456789abcdef." + hash;

std::string complaint(const std::string& text) {
  const auto parsed = parse_join_token(text);
  return parsed ? "accepted" : parsed.error().message.substr(0, parsed.error().message.find(';'));
}

} // namespace

BOOST_AUTO_TEST_SUITE(join_tokens)

BOOST_AUTO_TEST_CASE(a_token_reads_back_as_it_was_made) {
  seeded_random_source random(3);
  const join_token first = create_join_token(hash, random);
  const join_token second = create_join_token(hash, random);
  BOOST_TEST(first.id != second.id);
  BOOST_TEST(first.secret != second.secret);
  BOOST_TEST(is_token_id(first.id));
  const auto read = parse_join_token(first.text());
  BOOST_REQUIRE(read);
  BOOST_TEST((*read == first));
  BOOST_TEST(first.text() == first.credential() + "." + hash);
}

BOOST_AUTO_TEST_CASE(blanks_of_a_copied_line_do_not_matter) {
  const auto read = parse_join_token(" \t" + good + "\r\n");
  BOOST_REQUIRE(read);
  BOOST_TEST(read->id == "abc123");
  BOOST_TEST(read->secret == "0123456789abcdef");
  BOOST_TEST(read->authority_hash == hash);
}

BOOST_AUTO_TEST_CASE(each_mistake_is_named) {
  BOOST_TEST(complaint("") == "the join token is empty");
  BOOST_TEST(complaint("  ") == "the join token is empty");
  BOOST_TEST(complaint("abc123.0123456789abcdef") ==
             "the join token has no hash of the cluster's authority: its third part is missing");
  BOOST_TEST(complaint("abc123") == "the join token has 1 parts instead of three");
  BOOST_TEST(complaint(good + ".x") == "the join token has 4 parts instead of three");
  BOOST_TEST(complaint("abc12.0123456789abcdef." + hash) ==
             "the join token's id has 5 characters instead of 6");
  BOOST_TEST(complaint("ABC123.0123456789abcdef." + hash) ==
             "the join token's id may hold lower-case letters and digits only");
  BOOST_TEST(complaint("abc123.0123456789abcde." + hash) ==
             "the join token's secret has 15 characters instead of 16");
  BOOST_TEST(complaint(good.substr(0, good.size() - 1)) ==
             "the join token's hash has 63 characters instead of 64");
  BOOST_TEST(complaint("abc123.0123456789abcdef." + std::string(64, 'g')) ==
             "the join token's hash may hold hexadecimal digits only");
}

BOOST_AUTO_TEST_CASE(a_complaint_never_shows_the_secret) {
  const auto parsed = parse_join_token("abc123.TOPSECRETTOPSECR." + hash);
  BOOST_REQUIRE(!parsed);
  BOOST_TEST(parsed.error().message.find("TOPSECRET") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
