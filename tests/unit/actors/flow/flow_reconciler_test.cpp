#include "actors/flow/default_flow_objects.hpp"
#include "actors/flow/flow_reconciler.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

const wall_time now{std::chrono::seconds(1'700'000'000)};

json condition(const char* level, bool found) {
  return {
      {"type", "Dangling"},
      {"status", found ? "False" : "True"},
      {"reason", found ? "Found" : "NotFound"},
      {"message", std::string("This FlowSchema references the PriorityLevelConfiguration object named \"") +
                      level + (found ? "\" and it exists" : "\" but there is no such object")},
      {"lastTransitionTime", "2020-01-01T00:00:00Z"}};
}

struct cluster {
  cluster() {
    for (const auto* list : {&mandatory_flow_schemas(), &suggested_flow_schemas()})
      for (json object : *list) {
        const std::string level = object["spec"]["priorityLevelConfiguration"]["name"];
        object["metadata"]["generation"] = 1;
        object["metadata"]["resourceVersion"] = "7";
        object["status"]["conditions"] = json::array({condition(level.c_str(), true)});
        schemas.push_back(std::move(object));
      }
    for (const auto* list : {&mandatory_priority_levels(), &suggested_priority_levels()})
      for (json object : *list) {
        object["metadata"]["generation"] = 1;
        levels.push_back(std::move(object));
      }
  }
  json& level(std::string_view name) {
    return *std::ranges::find_if(levels, [&](const json& each) { return each["metadata"]["name"] == name; });
  }
  json& schema(std::string_view name) {
    return *std::ranges::find_if(schemas, [&](const json& each) { return each["metadata"]["name"] == name; });
  }
  flow_plan plan() { return plan_flow_objects(schemas, levels, now); }

  std::vector<json> schemas;
  std::vector<json> levels;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(flow_objects, cluster)

BOOST_AUTO_TEST_CASE(an_empty_cluster_gets_all_of_them) {
  const flow_plan plan = plan_flow_objects({}, {}, now);
  BOOST_TEST(plan.create.size() == 19);
  BOOST_TEST(plan.update.empty());
  BOOST_TEST(plan.status.empty());
}

BOOST_AUTO_TEST_CASE(a_cluster_that_has_them_is_left_alone) { BOOST_TEST((plan() == flow_plan{})); }

BOOST_AUTO_TEST_CASE(a_removed_one_comes_back) {
  std::erase_if(schemas, [](const json& each) { return each["metadata"]["name"] == "service-accounts"; });
  const flow_plan wanted = plan();
  BOOST_REQUIRE(wanted.create.size() == 1);
  BOOST_TEST(wanted.create[0]["metadata"]["name"] == "service-accounts");
}

BOOST_AUTO_TEST_CASE(a_changed_spec_goes_back_unless_the_operator_took_it_over) {
  const json before = level("system");
  level("system")["spec"]["limited"]["nominalConcurrencyShares"] = 77;
  flow_plan wanted = plan();
  BOOST_REQUIRE(wanted.update.size() == 1);
  BOOST_TEST(wanted.update[0] == before);
  level("system")["metadata"]["annotations"][keep_spec_annotation] = "false";
  BOOST_TEST((plan() == flow_plan{}));
}

BOOST_AUTO_TEST_CASE(without_the_annotation_only_what_nobody_changed_follows) {
  level("system")["metadata"].erase("annotations");
  level("system")["spec"]["limited"]["nominalConcurrencyShares"] = 77;
  level("system")["metadata"]["generation"] = 2;
  flow_plan wanted = plan();
  BOOST_REQUIRE(wanted.update.size() == 1);
  BOOST_TEST(wanted.update[0]["metadata"]["annotations"][keep_spec_annotation] == "false");
  BOOST_TEST(wanted.update[0]["spec"]["limited"]["nominalConcurrencyShares"] == 77);
  level("system")["metadata"]["generation"] = 1;
  wanted = plan();
  BOOST_REQUIRE(wanted.update.size() == 1);
  BOOST_TEST(wanted.update[0]["metadata"]["annotations"][keep_spec_annotation] == "true");
  BOOST_TEST(wanted.update[0]["spec"]["limited"]["nominalConcurrencyShares"] == 30);
}

BOOST_AUTO_TEST_CASE(a_mandatory_spec_always_goes_back) {
  level("catch-all")["spec"]["limited"]["nominalConcurrencyShares"] = 77;
  level("catch-all")["metadata"]["annotations"][keep_spec_annotation] = "false";
  const flow_plan wanted = plan();
  BOOST_REQUIRE(wanted.update.size() == 1);
  BOOST_TEST(wanted.update[0]["spec"]["limited"]["nominalConcurrencyShares"] == 5);
  BOOST_TEST(wanted.update[0]["metadata"]["annotations"][keep_spec_annotation] == "true");
}

BOOST_AUTO_TEST_CASE(a_schema_says_whether_its_level_exists) {
  json mine = schema("probes");
  mine["metadata"]["name"] = "mine";
  mine["spec"]["priorityLevelConfiguration"]["name"] = "nowhere";
  mine.erase("status");
  schemas.push_back(mine);
  flow_plan wanted = plan();
  BOOST_REQUIRE(wanted.status.size() == 1);
  const json says = wanted.status[0]["status"]["conditions"][0];
  BOOST_TEST(says["status"] == "True");
  BOOST_TEST(says["reason"] == "NotFound");
  BOOST_TEST(says["message"] == "This FlowSchema references the PriorityLevelConfiguration object named "
                                "\"nowhere\" but there is no such "
                                "object");
  BOOST_TEST(says["lastTransitionTime"] == "2023-11-14T22:13:20Z");
  schemas.back()["status"]["conditions"] = json::array({condition("nowhere", false)});
  BOOST_TEST(plan().status.empty());
  json there = level("system");
  there["metadata"]["name"] = "nowhere";
  levels.push_back(there);
  wanted = plan();
  BOOST_REQUIRE(wanted.status.size() == 1);
  BOOST_TEST(wanted.status[0]["status"]["conditions"][0]["status"] == "False");
}

BOOST_AUTO_TEST_SUITE_END()
