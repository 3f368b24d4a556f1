#include "actors/flow/request_cost.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord::actors;

BOOST_AUTO_TEST_SUITE(request_costs)

BOOST_AUTO_TEST_CASE(small_requests_cost_one_seat) {
  BOOST_TEST(cost_of({.verb = "get"}).seats == 1);
  BOOST_TEST(cost_of({.verb = "create", .body_bytes = 1024}).seats == 1);
  BOOST_TEST(cost_of({.verb = "list", .objects = 100}).seats == 1);
  BOOST_TEST(!cost_of({.verb = "list", .objects = 300}).heavy);
}

BOOST_AUTO_TEST_CASE(lists_cost_by_their_objects_writes_by_their_watchers_and_bodies) {
  BOOST_TEST(cost_of({.verb = "list", .objects = 5000}).seats == 50);
  BOOST_TEST(cost_of({.verb = "list", .objects = 5000}).heavy);
  BOOST_TEST(cost_of({.verb = "list", .objects = 5000, .limit = 500}).seats == 5);
  BOOST_TEST(cost_of({.verb = "list", .objects = 5000, .selects = true}).seats == 7);
  BOOST_TEST(cost_of({.verb = "watch", .objects = 5000}).seats == 50);
  BOOST_TEST(!cost_of({.verb = "watch", .objects = 5000}).heavy);
  BOOST_TEST(cost_of({.verb = "patch", .watchers = 160}).seats == 11);
  BOOST_TEST(cost_of({.verb = "create", .body_bytes = 3U << 20U}).seats == 13);
  BOOST_TEST(cost_of({.verb = "list", .objects = 1'000'000'000}).seats == 1000);
}

BOOST_AUTO_TEST_SUITE_END()
