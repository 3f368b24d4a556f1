#include "net/pki/signing_requests.hpp"

#include "net/pki/certificates.hpp"
#include "tests/support/signing_requests.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::net;

namespace {

const wall_time start{std::chrono::seconds(1'800'000'000)};

} // namespace

BOOST_AUTO_TEST_SUITE(signing_requests)

BOOST_AUTO_TEST_CASE(a_request_tells_who_asks_for_what) {
  const auto facts = read_signing_request(actord::testing::serving_request);
  BOOST_REQUIRE(facts);
  BOOST_TEST(facts->subject.common_name == "system:node:n1");
  BOOST_TEST(facts->subject.organizations == std::vector<std::string>{"system:nodes"},
             boost::test_tools::per_element());
  BOOST_TEST(facts->dns_names == std::vector<std::string>{"n1"}, boost::test_tools::per_element());
  BOOST_TEST(facts->addresses == std::vector<std::string>{"192.0.2.1"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_authority_signs_it) {
  const auto authority = create_authority("ca", start);
  const auto pem = sign_request(*authority, actord::testing::serving_request,
                                {{"digital signature", "server auth"}, std::chrono::hours(2)}, start);
  BOOST_REQUIRE_MESSAGE(pem, (pem ? "" : pem.error().message));
  BOOST_TEST(is_signed_by(*pem, authority->certificate_pem));
  const auto facts = read_certificate(*pem);
  BOOST_REQUIRE(facts);
  BOOST_TEST(facts->subject.common_name == "system:node:n1");
  BOOST_TEST(facts->dns_names == std::vector<std::string>{"n1"}, boost::test_tools::per_element());
  BOOST_TEST(facts->addresses == std::vector<std::string>{"192.0.2.1"}, boost::test_tools::per_element());
  BOOST_TEST(!facts->is_authority);
  BOOST_CHECK(facts->not_before < start);
  BOOST_CHECK(facts->not_after == start + std::chrono::hours(2));
}

BOOST_AUTO_TEST_CASE(no_certificate_outlives_its_authority) {
  const auto authority = create_authority("ca", start);
  const wall_time end = read_certificate(authority->certificate_pem)->not_after;
  const signing_order order{{"client auth"}, std::chrono::hours(24)};
  const auto pem =
      sign_request(*authority, actord::testing::client_request, order, end - std::chrono::hours(1));
  BOOST_REQUIRE(pem);
  BOOST_CHECK(read_certificate(*pem)->not_after == end);
  BOOST_TEST(!sign_request(*authority, actord::testing::client_request, order, end));
}

BOOST_AUTO_TEST_CASE(broken_requests_are_errors) {
  const auto told = [](std::string_view pem) {
    const auto facts = read_signing_request(pem);
    return facts ? std::string("fine") : facts.error().message;
  };
  BOOST_TEST(told("") == "PEM block type must be CERTIFICATE REQUEST");
  BOOST_TEST(told("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n") ==
             "the certificate request cannot be read");
  std::string forged = actord::testing::client_request;
  // Another name under the same signature.
  std::string other = actord::testing::master_request;
  forged.replace(40, 30, other.substr(40, 30));
  BOOST_TEST(told(forged) != "fine");
  BOOST_TEST(told(std::string(actord::testing::client_request) + std::string(100'000, 'x')) ==
             "the certificate request is larger than 64 KiB");
  const auto authority = create_authority("ca", start);
  BOOST_TEST(!sign_request(*authority, actord::testing::client_request,
                           {{"world domination"}, std::chrono::hours(1)}, start));
}

BOOST_AUTO_TEST_SUITE_END()
