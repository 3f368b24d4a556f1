#include "net/pki/signed_token.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;

BOOST_AUTO_TEST_SUITE(signed_token)

BOOST_AUTO_TEST_CASE(only_what_was_signed_with_the_key_verifies) {
  const auto key = net::create_signing_key();
  const auto other = net::create_signing_key();
  BOOST_REQUIRE(key.has_value());
  BOOST_REQUIRE(other.has_value());
  const auto token = net::sign_token(*key, R"({"sub":"system:serviceaccount:default:x"})");
  BOOST_REQUIRE(token.has_value());
  const auto mine = net::web_key::from_pem(key->public_pem);
  const auto theirs = net::web_key::from_pem(other->public_pem);
  BOOST_REQUIRE(mine.has_value());
  BOOST_REQUIRE(theirs.has_value());
  const auto claims = net::verify_token(*mine, *token);
  BOOST_REQUIRE(claims.has_value());
  BOOST_TEST(*claims == R"({"sub":"system:serviceaccount:default:x"})");
  BOOST_TEST(!net::verify_token(*theirs, *token).has_value());
  for (std::size_t i = 0; i < token->size(); i += 7) {
    std::string damaged = *token;
    damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
    // The last letter of a part carries bits that decode to nothing.
    if (const auto read = net::verify_token(*mine, damaged)) BOOST_TEST(*read == *claims);
  }
  for (const char* text : {"", ".", "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30."})
    BOOST_TEST(!net::verify_token(*mine, text).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
