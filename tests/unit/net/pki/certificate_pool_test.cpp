#include "net/pki/certificate_pool.hpp"
#include "net/pki/certificates.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace actord;
using namespace actord::net;

namespace {

const wall_time start{std::chrono::seconds(1'790'000'000)};

std::string certificate_of(const std::string& name) {
  static const auto authority = *create_authority("test-ca", start);
  return issue_certificate(authority, {.subject = {name, {}}}, start)->certificate_pem;
}

/// As a handshake reads it: a new object each time.
certificate_handle shown(const std::string& pem) { return parse_certificate(pem); }

} // namespace

BOOST_AUTO_TEST_SUITE(equal_certificates)

BOOST_AUTO_TEST_CASE(are_one_object) {
  certificate_pool pool(8);
  const std::string jane = certificate_of("jane");
  const certificate_handle first = shown(jane);
  const certificate_handle kept = pool.shared(*first);
  BOOST_CHECK(kept.get() == first.get());
  const certificate_handle second = shown(jane);
  BOOST_REQUIRE(second.get() != first.get());
  BOOST_CHECK(pool.shared(*second).get() == first.get());
  const certificate_handle other = shown(certificate_of("joe"));
  BOOST_CHECK(pool.shared(*other).get() == other.get());
}

BOOST_AUTO_TEST_CASE(are_kept_while_others_come_and_go_and_no_longer_than_that) {
  certificate_pool pool(4);
  const std::string busy = certificate_of("busy");
  const std::string idle = certificate_of("idle");
  const certificate_handle busy_kept = pool.shared(*shown(busy));
  const certificate_handle idle_kept = pool.shared(*shown(idle));
  std::vector<certificate_handle> held;
  for (int i = 0; i < 8; ++i) {
    held.push_back(pool.shared(*shown(certificate_of("passing-" + std::to_string(i)))));
    BOOST_CHECK(pool.shared(*shown(busy)).get() == busy_kept.get());
  }
  BOOST_CHECK(pool.shared(*shown(idle)).get() != idle_kept.get());
}

BOOST_AUTO_TEST_SUITE_END()
