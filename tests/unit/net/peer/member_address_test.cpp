#include "net/peer/member_address.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;

BOOST_AUTO_TEST_SUITE(member_addresses)

BOOST_AUTO_TEST_CASE(is_read_as_it_was_written) {
  const net::member_address address{"192.0.2.1:7443", "[2001:db8::1]:6443"};
  const auto read = net::decode_member_address(net::encode_member_address(address));
  BOOST_REQUIRE(read.has_value());
  BOOST_TEST((*read == address));
}

BOOST_AUTO_TEST_CASE(nothing_else_is_taken) {
  const auto refused = [](const std::string& bytes) {
    const auto read = net::decode_member_address(bytes);
    return !read && read.error().kind == error_kind::bad_request;
  };
  const std::string good = net::encode_member_address({"192.0.2.1:7443", "192.0.2.1:6443"});
  BOOST_TEST(refused(""));
  BOOST_TEST(refused(good.substr(0, good.size() / 2)));
  BOOST_TEST(refused(std::string(4096, '\0')));
  BOOST_TEST(refused(net::encode_member_address({"192.0.2.1", "192.0.2.1:6443"})));
  BOOST_TEST(refused(net::encode_member_address({"192.0.2.1:7443", ""})));
  BOOST_TEST(refused(net::encode_member_address({"192.0.2.1:7443", std::string(3000, 'a') + ":1"})));
}

BOOST_AUTO_TEST_SUITE_END()
