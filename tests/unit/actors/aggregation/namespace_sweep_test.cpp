#include "actors/aggregation/namespace_sweep.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

extension_handle service(const std::string& group, bool available = true) {
  return std::make_shared<const extension_service>(extension_service{.name = "v1." + group,
                                                                     .uid = "u",
                                                                     .group = group,
                                                                     .version = "v1",
                                                                     .service = {},
                                                                     .authority_pem = {},
                                                                     .insecure = false,
                                                                     .priority = {},
                                                                     .available = available});
}

extension_report report(std::string resources, bool fresh = true) {
  return {.resources = std::move(resources), .fresh = fresh, .openapi_v3 = {}};
}

constexpr const char* fish =
    R"([{"resource":"fish","scope":"Namespaced","verbs":["delete","deletecollection","list"]},
        {"resource":"nets","scope":"Namespaced","verbs":["delete","list"]},
        {"resource":"reviews","scope":"Namespaced","verbs":["create"]},
        {"resource":"seas","scope":"Cluster","verbs":["delete","deletecollection","list"]},
        {"resource":"a/../b","scope":"Namespaced","verbs":["delete","list"]}])";

} // namespace

BOOST_AUTO_TEST_SUITE(namespace_sweeps)

BOOST_AUTO_TEST_CASE(what_is_in_namespaces_and_can_go_is_swept) {
  const auto plan = plan_sweep(extension_set({service("g.org")}), {{"v1.g.org", report(fish)}});
  BOOST_TEST(plan.discovery_failure == "");
  BOOST_REQUIRE(plan.kinds.size() == 2U);
  BOOST_TEST(plan.kinds[0].name() == "fish.g.org");
  BOOST_TEST(plan.kinds[0].at_once);
  BOOST_TEST(plan.kinds[0].path("lab") == "/apis/g.org/v1/namespaces/lab/fish");
  BOOST_TEST(plan.kinds[1].name() == "nets.g.org");
  BOOST_TEST(!plan.kinds[1].at_once);
}

BOOST_AUTO_TEST_CASE(who_does_not_answer_is_named_and_the_others_are_swept) {
  const extension_set all({service("a.org"), service("b.org"), service("c.org", false), service("g.org")});
  const auto plan = plan_sweep(
      all, {{"v1.a.org", report(fish, false)}, {"v1.c.org", report(fish)}, {"v1.g.org", report(fish)}});
  BOOST_TEST(plan.kinds.size() == 2U);
  BOOST_TEST(
      plan.discovery_failure ==
      "Discovery failed for some groups, 3 failing: unable to retrieve the complete list of server APIs: "
      "a.org/v1: stale GroupVersion discovery: a.org/v1, b.org/v1: stale GroupVersion discovery: b.org/v1, "
      "c.org/v1: stale GroupVersion discovery: c.org/v1");
}

BOOST_AUTO_TEST_CASE(lists_are_counted) {
  const auto left = read_left_over(R"({"metadata":{"remainingItemCount":40},"items":[
    {"metadata":{"name":"a","finalizers":["x","y"]}},{"metadata":{"name":"b","finalizers":["x"]}}]})");
  BOOST_REQUIRE(left);
  BOOST_TEST(left->count == 42U);
  BOOST_TEST((left->names == std::vector<std::string>{"a", "b"}));
  BOOST_TEST((left->finalizers == std::map<std::string, std::size_t>{{"x", 2}, {"y", 1}}));
  BOOST_TEST(read_left_over(R"({"items":null})")->count == 0U);
  for (const char* bad : {"", "[]", "{}", R"({"items":3})", R"({"items":[1]})", R"({"items":[{}]})"})
    BOOST_TEST(!read_left_over(bad).has_value(), bad);
}

BOOST_AUTO_TEST_SUITE_END()
