#include "cluster_fixture.hpp"

#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>

using namespace actord;
using actord::testing::cluster_fixture;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

json deployment(int replicas, const std::string& image, const std::string& space = "default") {
  return {{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", {{"name", "web"}, {"namespace", space}}},
          {"spec",
           {{"replicas", replicas},
            {"selector", {{"matchLabels", {{"app", "web"}}}}},
            {"template",
             {{"metadata", {{"labels", {{"app", "web"}}}}},
              {"spec",
               {{"containers",
                 json::array({{{"name", "c"},
                               {"image", image},
                               {"ports", json::array({{{"name", "http"}, {"containerPort", 8080}}})},
                               {"resources", {{"requests", {{"cpu", "100m"}}}}}}})}}}}}}}};
}

std::size_t on(const std::vector<json>& pods, const std::string& node) {
  return static_cast<std::size_t>(std::count_if(
      pods.begin(), pods.end(), [&](const json& pod) { return pod["spec"].value("nodeName", "") == node; }));
}

std::size_t with_image(const std::vector<json>& pods, const std::string& image) {
  return static_cast<std::size_t>(std::count_if(pods.begin(), pods.end(), [&](const json& pod) {
    return pod["spec"]["containers"][0]["image"] == image && !pod["metadata"].contains("deletionTimestamp");
  }));
}

std::string condition(const json& object, const std::string& type) {
  for (const json& item : object["status"].value("conditions", json::array()))
    if (item["type"] == type) return item["status"].get<std::string>() + ' ' + item.value("reason", "");
  return "none";
}

std::set<std::string> reasons(const std::vector<json>& events) {
  std::set<std::string> out;
  for (const json& event : events) out.insert(event["reason"]);
  return out;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(control_plane, cluster_fixture)

BOOST_AUTO_TEST_CASE(a_deployment_becomes_pods_on_nodes_and_endpoints) {
  add_node("n1");
  add_node("n2");
  create(
      {{"apiVersion", "v1"},
       {"kind", "Service"},
       {"metadata", {{"name", "web"}, {"namespace", "default"}}},
       {"spec",
        {{"selector", {{"app", "web"}}}, {"ports", json::array({{{"port", 80}, {"targetPort", "http"}}})}}}});
  create(deployment(4, "web:1"));
  pass(milliseconds(300));
  const auto pods = list("", "pods", "default");
  BOOST_TEST(pods.size() == 4U);
  BOOST_TEST(on(pods, "n1") == 2U);
  BOOST_TEST(on(pods, "n2") == 2U);
  const json done = get("apps", "deployments", "default", "web");
  BOOST_TEST(done["status"]["availableReplicas"] == 4);
  BOOST_TEST(done["status"]["observedGeneration"] == done["metadata"]["generation"]);
  BOOST_TEST(condition(done, "Available") == "True MinimumReplicasAvailable");
  BOOST_TEST(condition(done, "Progressing") == "True NewReplicaSetAvailable");
  BOOST_TEST(done["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1");
  const auto slices = list("discovery.k8s.io", "endpointslices", "default");
  BOOST_REQUIRE(slices.size() == 1U);
  BOOST_TEST(slices[0]["endpoints"].size() == 4U);
  BOOST_TEST(slices[0]["ports"][0]["port"] == 8080);
  const json endpoints = get("", "endpoints", "default", "web");
  BOOST_REQUIRE(!endpoints.is_null());
  BOOST_TEST(endpoints["subsets"][0]["addresses"].size() == 4U);
  const auto told = reasons(list("", "events", "default"));
  for (const char* reason : {"ScalingReplicaSet", "SuccessfulCreate", "Scheduled"})
    BOOST_TEST(told.contains(reason), reason);
}

BOOST_AUTO_TEST_CASE(nothing_is_written_once_all_is_said) {
  add_node("n1");
  create(deployment(3, "web:1"));
  pass(seconds(1));
  const revision quiet = store->read()->at();
  pass(seconds(5));
  BOOST_TEST(store->read()->at().value == quiet.value);
}

BOOST_AUTO_TEST_CASE(a_rolling_update_keeps_enough_pods) {
  add_node("n1");
  create(deployment(4, "web:1"));
  pass(milliseconds(500));
  merge("apps", "deployments", "default", "web",
        {{"spec",
          {{"template", {{"spec", {{"containers", json::array({{{"name", "c"}, {"image", "web:2"}}})}}}}}}}});
  for (int i = 0; i < 100; ++i) {
    pass(milliseconds(20));
    std::size_t ready = 0, all = 0;
    for (const json& pod : list("", "pods", "default")) {
      if (pod["metadata"].contains("deletionTimestamp")) continue;
      ++all;
      if (condition(pod, "Ready").starts_with("True")) ++ready;
    }
    BOOST_REQUIRE(ready >= 3U);
    BOOST_REQUIRE(all <= 5U);
  }
  const auto pods = list("", "pods", "default");
  BOOST_TEST(pods.size() == 4U);
  BOOST_TEST(with_image(pods, "web:2") == 4U);
  BOOST_TEST(get("apps", "deployments", "default",
                 "web")["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2");
}

BOOST_AUTO_TEST_CASE(a_lost_pod_is_replaced) {
  add_node("n1");
  create(deployment(2, "web:1"));
  pass(milliseconds(300));
  actors::delete_options now;
  now.grace_period_s = 0;
  remove("", "pods", "default", list("", "pods", "default")[0]["metadata"]["name"], now);
  pass(milliseconds(300));
  BOOST_TEST(list("", "pods", "default").size() == 2U);
}

BOOST_AUTO_TEST_CASE(what_nobody_owns_any_more_goes) {
  add_node("n1");
  create(deployment(3, "web:1"));
  pass(milliseconds(300));
  remove("apps", "deployments", "default", "web");
  pass(milliseconds(500));
  BOOST_TEST(list("apps", "replicasets", "default").empty());
  BOOST_TEST(list("", "pods", "default").empty());
}

BOOST_AUTO_TEST_CASE(an_orphaning_delete_leaves_the_sets) {
  add_node("n1");
  create(deployment(2, "web:1"));
  pass(milliseconds(300));
  actors::delete_options options;
  options.how = actors::propagation::orphan;
  remove("apps", "deployments", "default", "web", options);
  pass(milliseconds(500));
  BOOST_TEST(get("apps", "deployments", "default", "web").is_null());
  const auto sets = list("apps", "replicasets", "default");
  BOOST_REQUIRE(sets.size() == 1U);
  BOOST_TEST(!sets[0]["metadata"].contains("ownerReferences"));
  BOOST_TEST(list("", "pods", "default").size() == 2U);
  // The same Deployment again adopts what it finds.
  create(deployment(2, "web:1"));
  pass(milliseconds(500));
  BOOST_TEST(list("apps", "replicasets", "default").size() == 1U);
  BOOST_TEST(list("", "pods", "default").size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_foreground_delete_ends_with_the_owner) {
  add_node("n1");
  create(deployment(2, "web:1"));
  pass(milliseconds(300));
  actors::delete_options options;
  options.how = actors::propagation::foreground;
  remove("apps", "deployments", "default", "web", options);
  BOOST_TEST(!get("apps", "deployments", "default", "web").is_null());
  pass(seconds(1));
  BOOST_TEST(get("apps", "deployments", "default", "web").is_null());
  BOOST_TEST(list("", "pods", "default").empty());
}

BOOST_AUTO_TEST_CASE(a_pod_without_a_place_says_why_and_waits) {
  add_node("n1", "50m");
  create(deployment(1, "web:1"));
  pass(milliseconds(300));
  auto pods = list("", "pods", "default");
  BOOST_REQUIRE(pods.size() == 1U);
  BOOST_TEST(condition(pods[0], "PodScheduled") == "False Unschedulable");
  BOOST_TEST(
      pods[0]["status"]["conditions"][0]["message"] ==
      "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Preemption is not "
      "helpful for scheduling.");
  BOOST_TEST(reasons(list("", "events", "default")).contains("FailedScheduling"));
  add_node("n2");
  pass(seconds(2));
  pods = list("", "pods", "default");
  BOOST_TEST(on(pods, "n2") == 1U);
  BOOST_TEST(condition(pods[0], "PodScheduled").starts_with("True"));
}

BOOST_AUTO_TEST_CASE(a_namespace_takes_everything_with_it) {
  add_node("n1");
  create({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "shop"}}}});
  pass(milliseconds(100));
  BOOST_TEST(!get("", "serviceaccounts", "shop", "default").is_null());
  BOOST_TEST(get("", "configmaps", "shop", "kube-root-ca.crt")["data"]["ca.crt"] == "PEM");
  create(deployment(2, "web:1", "shop"));
  pass(milliseconds(300));
  BOOST_TEST(list("", "pods", "shop").size() == 2U);
  remove("", "namespaces", "", "shop");
  pass(seconds(12));
  BOOST_TEST(get("", "namespaces", "", "shop").is_null());
  BOOST_TEST(list("", "pods", "shop").empty());
  BOOST_TEST(list("", "configmaps", "shop").empty());
}

BOOST_AUTO_TEST_CASE(deleted_provisions_come_back) {
  remove("", "serviceaccounts", "default", "default");
  remove("", "configmaps", "default", "kube-root-ca.crt");
  pass(milliseconds(100));
  BOOST_TEST(!get("", "serviceaccounts", "default", "default").is_null());
  BOOST_TEST(!get("", "configmaps", "default", "kube-root-ca.crt").is_null());
}

BOOST_AUTO_TEST_CASE(pods_of_a_lost_node_go_and_come_back_elsewhere) {
  add_node("n1");
  create(deployment(2, "web:1"));
  pass(milliseconds(300));
  pass(seconds(41));
  add_node("n2");
  remove("", "nodes", "", "n1");
  pass(seconds(2));
  const auto pods = list("", "pods", "default");
  BOOST_TEST(pods.size() == 2U);
  BOOST_TEST(on(pods, "n2") == 2U);
}

BOOST_AUTO_TEST_CASE(controllers_pick_up_where_others_stopped) {
  add_node("n1");
  restart_controllers({"none"});
  create(deployment(3, "web:1"));
  pass(milliseconds(200));
  BOOST_TEST(list("", "pods", "default").empty());
  restart_controllers({"*", "-scheduler"});
  pass(milliseconds(300));
  BOOST_TEST(list("", "pods", "default").size() == 3U);
  BOOST_TEST(on(list("", "pods", "default"), "n1") == 0U);
  restart_controllers({"*"});
  pass(milliseconds(300));
  BOOST_TEST(on(list("", "pods", "default"), "n1") == 3U);
}

BOOST_AUTO_TEST_CASE(a_cron_job_starts_jobs_by_the_clock) {
  const json container{{"name", "c"}, {"image", "sum:1"}};
  create({{"apiVersion", "batch/v1"},
          {"kind", "CronJob"},
          {"metadata", {{"name", "sum"}, {"namespace", "default"}}},
          {"spec",
           {{"schedule", "* * * * *"},
            {"jobTemplate",
             {{"spec",
               {{"template",
                 {{"spec", {{"restartPolicy", "Never"}, {"containers", json::array({container})}}}}}}}}}}}});
  // The clock stands at a whole minute: the first is a minute away.
  pass(milliseconds(58'000));
  BOOST_TEST(list("batch", "jobs", "default").empty());
  pass(milliseconds(3'000));
  BOOST_REQUIRE(list("batch", "jobs", "default").size() == 1U);
  BOOST_TEST(list("", "pods", "default").size() == 1U);
  const json status = get("batch", "cronjobs", "default", "sum")["status"];
  BOOST_TEST(status["lastScheduleTime"] == "2027-01-15T08:01:00Z");
  BOOST_TEST(status["active"][0]["name"] == "sum-30000001");
  pass(milliseconds(60'000));
  BOOST_TEST(list("batch", "jobs", "default").size() == 2U);
}

BOOST_AUTO_TEST_CASE(live_actors_and_verdicts_can_be_seen) {
  add_node("n1");
  create(deployment(1, "web:1"));
  pass(milliseconds(300));
  std::set<std::string> kinds;
  for (const auto& report : registry.report())
    if (report.kind == "controller" || report.kind == "scheduler") kinds.insert(report.key);
  BOOST_TEST(kinds.size() ==
             actors::controller_names().size() + 2); // those of definitions and APIServices always run
  const auto verdicts =
      running->verdicts().about({schema::builtin("apps", "deployments").id, "default", "web"});
  BOOST_REQUIRE(!verdicts.empty());
  BOOST_TEST(std::any_of(verdicts.begin(), verdicts.end(), [](const auto& verdict) {
    return verdict.by == "deployment-controller" && verdict.text == "complete";
  }));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(unknown_controllers_are_refused) {
  BOOST_TEST(!actors::choose_controllers({"*", "-nonsense"}).has_value());
  BOOST_TEST(actors::choose_controllers({"*", "-deployment"})->size() + 1 ==
             actors::controller_names().size());
  BOOST_TEST(actors::choose_controllers({"none"})->empty());
  BOOST_TEST(actors::choose_controllers({"none", "scheduler"})->size() == 1U);
}
