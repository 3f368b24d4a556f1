#include "cluster_fixture.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace actord;
using actord::testing::cluster_fixture;
using std::chrono::milliseconds;

namespace {

/// Only what the test itself does.
struct quiet_cluster : cluster_fixture {
  quiet_cluster() : cluster_fixture({"none"}) {}

  void tell(const std::string& message) {
    events->record({{schema::builtin("", "pods").id, "default", "p"},
                    "u-p",
                    "spec.containers{c}",
                    true,
                    "BackOff",
                    message,
                    "kubelet",
                    "n1"});
    scheduler.run();
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(events)

BOOST_FIXTURE_TEST_CASE(the_same_again_is_counted, quiet_cluster) {
  for (int i = 0; i < 3; ++i) tell("it fell over");
  const auto told = list("", "events", "default");
  BOOST_REQUIRE(told.size() == 1U);
  BOOST_TEST(told[0]["count"] == 3);
  BOOST_TEST(told[0]["type"] == "Warning");
  BOOST_TEST(told[0]["message"] == "it fell over");
  BOOST_TEST(told[0]["involvedObject"] ==
             json::parse(R"({"apiVersion":"v1","fieldPath":"spec.containers{c}","kind":"Pod",
    "name":"p","namespace":"default","uid":"u-p"})"));
  BOOST_TEST(told[0]["source"] == json::parse(R"({"component":"kubelet","host":"n1"})"));
}

BOOST_FIXTURE_TEST_CASE(many_messages_of_one_kind_are_combined, quiet_cluster) {
  for (int i = 0; i < 15; ++i) tell("attempt " + std::to_string(i));
  const auto told = list("", "events", "default");
  BOOST_REQUIRE(told.size() == 11U);
  const auto combined = std::find_if(told.begin(), told.end(), [](const json& event) {
    return event["message"] == "(combined from similar events)";
  });
  BOOST_REQUIRE(combined != told.end());
  BOOST_TEST((*combined)["count"] == 5);
}

BOOST_FIXTURE_TEST_CASE(an_event_that_went_begins_anew, quiet_cluster) {
  tell("it fell over");
  remove("", "events", "default", list("", "events", "default")[0]["metadata"]["name"]);
  tell("it fell over"); // finds out that it is gone
  tell("it fell over");
  const auto told = list("", "events", "default");
  BOOST_REQUIRE(told.size() == 1U);
  BOOST_TEST(told[0]["count"] == 1);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(causes, cluster_fixture)

/// Walks from a pod back to the request that began it, as `why` does.
BOOST_AUTO_TEST_CASE(every_write_names_the_revision_it_reacted_to) {
  restart_controllers({"*", "-scheduler"});
  const auto cause_of = [&](const std::string& group, const std::string& plural, std::string_view text,
                            revision& at) {
    std::optional<schema::write_cause> found;
    store->read()->scan(schema::builtin(group, plural).id, "default", [&](std::string_view bytes) {
      auto object = schema::object_view::open(bytes);
      BOOST_REQUIRE(object.has_value());
      if (object->name().find(text) == std::string_view::npos) return true;
      found = object->cause();
      at = object->at();
      return false;
    });
    BOOST_REQUIRE(found.has_value());
    return *found;
  };
  create({{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", {{"name", "web"}, {"namespace", "default"}}},
          {"spec",
           {{"replicas", 1},
            {"selector", {{"matchLabels", {{"app", "web"}}}}},
            {"template",
             {{"metadata", {{"labels", {{"app", "web"}}}}},
              {"spec", {{"containers", json::array({{{"name", "c"}, {"image", "web:1"}}})}}}}}}}});
  revision deployed;
  (void)cause_of("apps", "deployments", "web", deployed);
  scheduler.run(); // one round of each, no time passes
  revision at;
  const auto pod = cause_of("", "pods", "web-", at);
  BOOST_TEST(pod.actor == "replicaset-controller");
  BOOST_TEST(pod.verb == "create");
  BOOST_TEST(pod.note == "scale up to 1");
  const auto set_then = store->read()->get_at(
      {schema::builtin("apps", "replicasets").id, "default",
       list("apps", "replicasets", "default")[0]["metadata"]["name"].get<std::string>()},
      pod.reacted_to);
  BOOST_REQUIRE(set_then.has_value());
  const auto set = schema::object_view::open(*set_then);
  BOOST_REQUIRE(set.has_value());
  BOOST_TEST(set->at().value == pod.reacted_to.value);
  BOOST_TEST(set->cause().actor == "deployment-controller");
  BOOST_TEST(set->cause().note == "revision 1 with 1");
  const auto deployment_then = store->read()->get_at(
      {schema::builtin("apps", "deployments").id, "default", "web"}, set->cause().reacted_to);
  BOOST_REQUIRE(deployment_then.has_value());
  const auto deployment = schema::object_view::open(*deployment_then);
  BOOST_REQUIRE(deployment.has_value());
  BOOST_TEST(deployment->at().value == set->cause().reacted_to.value);
}

BOOST_AUTO_TEST_SUITE_END()
