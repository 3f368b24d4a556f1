#include "actors/controllers/services/slice_mirror.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

json by_hand(const json& addresses) {
  return {{"metadata", {{"name", "s"}, {"uid", "u1"}, {"labels", {{"a", "b"}}}}},
          {"subsets", json::array({{{"addresses", addresses}, {"ports", json::array({{{"port", 80}}})}}})}};
}

/// As the store would show what a plan creates.
mirrored_slice stored(const planned_create& made, const std::string& name) {
  json object = made.body;
  object["metadata"]["name"] = name;
  object["metadata"]["uid"] = "uid of " + name;
  return {std::move(object), revision{7}};
}

struct fixture {
  mirror_state state{.key = {{}, "n", "s"}, .endpoints = {}, .mirrors = true, .slices = {}};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(slice_mirror_suite, fixture)

BOOST_AUTO_TEST_CASE(each_family_has_a_slice_and_what_fits_is_kept) {
  state.endpoints = by_hand({{{"ip", "192.0.2.1"}}, {{"ip", "2001:db8::1"}}});
  const plan first = reconcile(state);
  BOOST_REQUIRE(first.create.size() == 2U);
  const json& four = first.create[0].body;
  BOOST_TEST(four["addressType"] == "IPv4");
  BOOST_TEST(four["endpoints"] ==
             json::parse(R"([{"addresses":["192.0.2.1"],"conditions":{"ready":true}}])"));
  BOOST_TEST(four["ports"] == json::parse(R"([{"name":"","port":80,"protocol":"TCP"}])"));
  BOOST_TEST(four["metadata"]["labels"]["a"] == "b");
  BOOST_TEST(four["metadata"]["labels"]["kubernetes.io/service-name"] == "s");
  BOOST_TEST(four["metadata"]["ownerReferences"][0]["uid"] == "u1");
  BOOST_TEST(first.create[1].body["addressType"] == "IPv6");
  state.slices = {stored(first.create[0], "s-1"), stored(first.create[1], "s-2")};
  BOOST_TEST(!reconcile(state).acts());
}

BOOST_AUTO_TEST_CASE(a_changed_address_changes_its_slice_and_labels_that_went_are_taken_off) {
  state.endpoints = by_hand({{{"ip", "192.0.2.1"}}});
  state.slices = {stored(reconcile(state).create[0], "s-1")};
  (*state.endpoints)["subsets"][0]["addresses"][0]["ip"] = "192.0.2.2";
  (*state.endpoints)["metadata"]["labels"] = {{"c", "d"}};
  const plan next = reconcile(state);
  BOOST_TEST(next.create.empty());
  BOOST_TEST(next.remove.empty());
  BOOST_REQUIRE(next.patch.size() == 1U);
  BOOST_TEST(next.patch[0].key.name == "s-1");
  BOOST_TEST(next.patch[0].patch["endpoints"][0]["addresses"][0] == "192.0.2.2");
  BOOST_TEST(next.patch[0].patch["metadata"]["labels"]["a"].is_null());
  BOOST_TEST(next.patch[0].patch["metadata"]["labels"]["c"] == "d");
}

BOOST_AUTO_TEST_CASE(nothing_is_mirrored_that_is_gone_or_another_s_business) {
  state.endpoints = by_hand({{{"ip", "192.0.2.1"}}});
  state.slices = {stored(reconcile(state).create[0], "s-1")};
  state.mirrors = false;
  BOOST_REQUIRE(reconcile(state).remove.size() == 1U);
  BOOST_TEST(reconcile(state).remove[0].uid == "uid of s-1");
  state.mirrors = true;
  state.endpoints.reset();
  BOOST_TEST(reconcile(state).remove.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_label_or_a_leader_s_annotation_refuses_a_mirror) {
  json endpoints = by_hand(json::array());
  BOOST_TEST(!refuses_mirror(endpoints));
  endpoints["metadata"]["labels"]["endpointslice.kubernetes.io/skip-mirror"] = "true";
  BOOST_TEST(refuses_mirror(endpoints));
  endpoints = by_hand(json::array());
  endpoints["metadata"]["annotations"]["control-plane.alpha.kubernetes.io/leader"] = "x";
  BOOST_TEST(refuses_mirror(endpoints));
}

BOOST_AUTO_TEST_SUITE_END()
