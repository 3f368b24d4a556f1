#include "actors/cluster/server_endpoints.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

const std::vector<api_place> two{{"192.0.2.1", 6443}, {"192.0.2.2", 6443}};

} // namespace

BOOST_AUTO_TEST_SUITE(endpoints_of_servers)

BOOST_AUTO_TEST_CASE(places_are_sorted_and_each_there_once) {
  BOOST_TEST((api_places({"192.0.2.2:6443", "192.0.2.1:6443", "192.0.2.2:6443"}) == two));
  BOOST_TEST((api_places({"192.0.2.1:6444", "192.0.2.1:6443"}) ==
              std::vector<api_place>{{"192.0.2.1", 6443}, {"192.0.2.1", 6444}}));
}

BOOST_AUTO_TEST_CASE(what_pods_cannot_reach_is_no_place) {
  BOOST_TEST(api_places({"127.0.0.1:6443", "[2001:db8::1]:6443", "server:6443", "192.0.2.1", "192.0.2.1:0",
                         "192.0.2.1:70000", "192.0.2.1:64x", ""})
                 .empty());
}

BOOST_AUTO_TEST_CASE(all_of_them_are_in_both_objects) {
  const json endpoints = kubernetes_endpoints(two);
  BOOST_TEST(endpoints["subsets"].dump() == R"([{"addresses":[{"ip":"192.0.2.1"},{"ip":"192.0.2.2"}],)"
                                            R"("ports":[{"name":"https","port":6443,"protocol":"TCP"}]}])");
  BOOST_TEST(endpoints["metadata"]["labels"].dump() ==
             R"({"endpointslice.kubernetes.io/skip-mirror":"true"})");
  const json slice = kubernetes_slice(two);
  BOOST_TEST(slice["endpoints"].dump() == R"([{"addresses":["192.0.2.1"],"conditions":{"ready":true}},)"
                                          R"({"addresses":["192.0.2.2"],"conditions":{"ready":true}}])");
  BOOST_TEST(slice["ports"].dump() == R"([{"name":"https","port":6443,"protocol":"TCP"}])");
  BOOST_TEST(slice["metadata"]["labels"].dump() == R"({"kubernetes.io/service-name":"kubernetes"})");
}

BOOST_AUTO_TEST_CASE(another_port_is_a_subset_of_its_own_and_not_in_the_slice) {
  const std::vector<api_place> places{{"192.0.2.1", 6443}, {"192.0.2.2", 7000}};
  BOOST_TEST(kubernetes_endpoints(places)["subsets"].size() == 2U);
  BOOST_TEST(kubernetes_slice(places)["endpoints"].size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_is_right_is_left_alone_and_the_rest_corrected) {
  json endpoints = kubernetes_endpoints({two.front()});
  json slice = kubernetes_slice({two.front()});
  for (json* one : {&endpoints, &slice}) {
    (*one)["metadata"]["uid"] = "u";
    (*one)["metadata"]["labels"]["mine"] = "1";
  }
  BOOST_TEST(!correct_endpoints(endpoints, {two.front()}).has_value());
  BOOST_TEST(!correct_slice(slice, {two.front()}).has_value());
  const json more = correct_endpoints(endpoints, two).value();
  BOOST_TEST(more["subsets"] == kubernetes_endpoints(two)["subsets"]);
  BOOST_TEST(more["metadata"] == endpoints["metadata"]);
  BOOST_TEST(correct_slice(slice, two).value()["endpoints"] == kubernetes_slice(two)["endpoints"]);
  BOOST_TEST(correct_slice(slice, {{"192.0.2.1", 7000}}).value()["ports"][0]["port"] == 7000);
}

BOOST_AUTO_TEST_CASE(what_is_missing_is_made) {
  BOOST_TEST(correct_endpoints(json(), two).value() == kubernetes_endpoints(two));
  BOOST_TEST(correct_slice(json(), two).value() == kubernetes_slice(two));
}

BOOST_AUTO_TEST_SUITE_END()
