#include "net/http/query.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::net;

BOOST_AUTO_TEST_SUITE(query)

BOOST_AUTO_TEST_CASE(escapes_are_decoded) {
  BOOST_CHECK_EQUAL(*percent_decode("a%20b%2Fc+d"), "a b/c+d");
  BOOST_CHECK_EQUAL(*percent_decode("a+b", true), "a b");
  BOOST_CHECK_EQUAL(*percent_decode("%C3%9c"), "Ü");
  BOOST_CHECK_EQUAL(*percent_decode(""), "");
}

BOOST_AUTO_TEST_CASE(broken_escapes_are_refused) {
  for (const auto* text :
       {"%", "%2", "%zz", "a%2", "%00", "%ff", "%c0%80", "%ed%a0%80", "%f5%80%80%80", "%e2%82"}) {
    BOOST_CHECK_MESSAGE(!percent_decode(text), text);
  }
}

BOOST_AUTO_TEST_CASE(paths_become_segments) {
  const std::vector<std::string> expected = {"api", "v1", "namespaces", "a b"};
  BOOST_CHECK(*split_path("/api/v1/namespaces/a%20b") == expected);
  BOOST_CHECK(*split_path("/api/v1/namespaces/a%20b/") == expected);
  BOOST_CHECK(split_path("/")->empty());
}

BOOST_AUTO_TEST_CASE(paths_that_climb_are_refused) {
  for (const auto* path : {"", "api", "*", "//", "/a//b", "/a/../b", "/.", "/a/%2e%2e/b", "/a%2fb", "/%"}) {
    BOOST_CHECK_MESSAGE(!split_path(path), path);
  }
  std::string deep;
  for (std::size_t count = 0; count < path_segments_max; ++count) deep += "/a";
  BOOST_CHECK(split_path(deep));
  BOOST_CHECK(!split_path(deep + "/a"));
}

BOOST_AUTO_TEST_CASE(parameters_keep_their_order_and_repeat) {
  const auto parsed = query_parameters::parse("watch=true&labelSelector=a%3Db%2Cc+d&x=1&x=2&flag&&=v");
  BOOST_REQUIRE(parsed);
  BOOST_CHECK_EQUAL(parsed->get("labelSelector"), "a=b,c d");
  BOOST_CHECK((parsed->all("x") == std::vector<std::string_view>{"1", "2"}));
  BOOST_CHECK_EQUAL(parsed->get("x"), "1");
  BOOST_CHECK(parsed->find("flag") && parsed->get("flag").empty());
  BOOST_CHECK(!parsed->find("absent"));
  BOOST_CHECK_EQUAL(parsed->get(""), "v");
}

BOOST_AUTO_TEST_CASE(queries_out_of_bounds_are_refused) {
  std::string query = "a=1";
  for (std::size_t count = 1; count < query_parameters_max; ++count) query += "&a=1";
  BOOST_CHECK(query_parameters::parse(query));
  BOOST_CHECK(!query_parameters::parse(query + "&a=1"));
  BOOST_CHECK(!query_parameters::parse("a=1;b=2"));
  BOOST_CHECK(!query_parameters::parse("a=%"));
  BOOST_CHECK(!query_parameters::parse("%ff=1"));
}

BOOST_AUTO_TEST_CASE(encoding_is_undone_by_decoding) {
  const std::string text = "a b/ü?&=%~-_.\x01";
  BOOST_CHECK_EQUAL(*percent_decode(percent_encode(text)), text);
  BOOST_CHECK_EQUAL(percent_encode("a/b c"), "a%2Fb%20c");
}

BOOST_AUTO_TEST_SUITE_END()
