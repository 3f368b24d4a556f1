#include "net/identity/issuer_keys.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;

BOOST_AUTO_TEST_SUITE(issuer_keys)

BOOST_AUTO_TEST_CASE(the_discovery_document_must_be_the_issuers_own) {
  const std::string issuer = "https://accounts.example.com";
  const auto address = [&](const std::string& document) { return net::keys_address_of(document, issuer); };
  BOOST_TEST(
      *address(R"({"issuer":"https://accounts.example.com","jwks_uri":"https://keys.example.com/k"})") ==
      "https://keys.example.com/k");
  BOOST_TEST(!address(R"({"issuer":"https://evil.example.com","jwks_uri":"https://keys.example.com/k"})")
                  .has_value());
  BOOST_TEST(!address(R"({"issuer":"https://accounts.example.com","jwks_uri":"http://keys.example.com/k"})")
                  .has_value());
  BOOST_TEST(
      !address(R"({"issuer":"https://accounts.example.com","jwks_uri":"file:///etc/passwd"})").has_value());
  BOOST_TEST(!address(R"({"issuer":"https://accounts.example.com"})").has_value());
  BOOST_TEST(!address("[]").has_value());
  BOOST_TEST(!address("").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
