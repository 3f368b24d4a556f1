#include "actors/admission/resource_quota.hpp"

#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

const wall_time now{std::chrono::seconds(1'767'366'245)}; // 2026-01-02T15:04:05Z

json quota(const json& hard, const json& used, json spec = json::object()) {
  spec["hard"] = hard;
  return {{"metadata", {{"name", "q"}}}, {"spec", spec}, {"status", {{"hard", hard}, {"used", used}}}};
}

json pod(const json& requests, const json& limits, json more = json::object()) {
  json made = {
      {"metadata", {{"name", "x"}}},
      {"spec",
       {{"containers", {{{"name", "c"}, {"resources", {{"requests", requests}, {"limits", limits}}}}}}}},
      {"status", {{"phase", "Pending"}, {"qosClass", "Burstable"}}}};
  made.merge_patch(more);
  return made;
}

counted_kind kind_of(const std::string& group, const std::string& plural) { return {group, plural}; }

quota_demand creates(const counted_kind& kind, const json& object) {
  return {kind, {}, count_object(kind, object), true};
}

std::string refusal_of(const json& of, const quota_demand& demand) {
  const quota_verdict verdict = charge_quota(of, demand, now);
  return verdict.refusal.value_or("none");
}

json used_after(const json& of, const quota_demand& demand) {
  const quota_verdict verdict = charge_quota(of, demand, now);
  BOOST_REQUIRE_MESSAGE(!verdict.refusal, verdict.refusal.value_or(""));
  return verdict.charged ? (*verdict.charged)["status"]["used"] : of["status"]["used"];
}

} // namespace

BOOST_AUTO_TEST_SUITE(resource_quota)

BOOST_AUTO_TEST_CASE(a_pod_is_charged_with_all_it_asks_for) {
  const counted_kind pods = kind_of("", "pods");
  const json hard = {{"pods", "2"},
                     {"requests.cpu", "1"},
                     {"limits.memory", "2Gi"},
                     {"count/pods", "5"},
                     {"requests.example.com/gpu", "3"},
                     {"hugepages-2Mi", "8Mi"},
                     {"secrets", "7"},
                     {"memory", "1Gi"}};
  json none = hard;
  for (auto& value : none) value = "0";
  const json asks =
      pod({{"cpu", "300m"}, {"memory", "64Mi"}, {"example.com/gpu", "2"}, {"hugepages-2Mi", "4Mi"}},
          {{"memory", "128Mi"}});
  const json used = used_after(quota(hard, none), creates(pods, asks));
  BOOST_TEST(used ==
             json::parse(R"({"pods":"1","requests.cpu":"300m","limits.memory":"128Mi","count/pods":"1",
    "requests.example.com/gpu":"2","hugepages-2Mi":"4Mi","secrets":"0","memory":"64Mi"})"));
  BOOST_TEST(
      refusal_of(quota({{"requests.cpu", "1"}, {"pods", "2"}}, {{"requests.cpu", "800m"}, {"pods", "2"}}),
                 creates(pods, asks)) ==
      "exceeded quota: q, requested: pods=1,requests.cpu=300m, used: pods=2,requests.cpu=800m, "
      "limited: pods=2,requests.cpu=1");
}

BOOST_AUTO_TEST_CASE(what_is_limited_must_be_said) {
  const counted_kind pods = kind_of("", "pods");
  const json limits = quota({{"limits.cpu", "1"}, {"memory", "1Gi"}}, {{"limits.cpu", "0"}, {"memory", "0"}});
  json silent = pod({{"memory", "1Mi"}}, json::object());
  silent["spec"]["containers"].push_back({{"name", "b"}});
  BOOST_TEST(refusal_of(limits, creates(pods, silent)) ==
             "failed quota: q: must specify limits.cpu for: b,c; memory for: b");
  silent["spec"]["resources"] = {{"limits", {{"cpu", "1"}, {"memory", "1Mi"}}}};
  BOOST_TEST(refusal_of(limits, creates(pods, silent)) == "none");
  BOOST_TEST(refusal_of(quota({{"pods", "1"}}, json::object()), creates(pods, silent)) ==
             "status unknown for quota: q, resources: pods");
}

BOOST_AUTO_TEST_CASE(init_containers_sidecars_and_overhead_add_up) {
  const json asks = {
      {"spec",
       {{"overhead", {{"cpu", "10m"}, {"memory", "1Mi"}}},
        {"initContainers",
         {{{"name", "s"}, {"restartPolicy", "Always"}, {"resources", {{"requests", {{"cpu", "100m"}}}}}},
          {{"name", "i"}, {"resources", {{"requests", {{"cpu", "500m"}}}, {"limits", {{"cpu", "1"}}}}}}}},
        {"containers", {{{"name", "c"}, {"resources", {{"requests", {{"cpu", "200m"}}}}}}}}}}};
  const counted_object counted = count_object(kind_of("", "pods"), asks);
  BOOST_TEST(counted.usage.at("requests.cpu").text() == "610m");
  BOOST_TEST(counted.usage.at("requests.memory").text() == "1Mi");
  BOOST_TEST(counted.usage.at("limits.cpu").text() == "1010m");
  BOOST_TEST(!counted.usage.contains("limits.memory"));
}

BOOST_AUTO_TEST_CASE(a_finished_pod_gives_back_all_but_its_place) {
  const counted_kind pods = kind_of("", "pods");
  const json running = pod({{"cpu", "1"}}, json::object());
  const json done = pod({{"cpu", "1"}}, json::object(), {{"status", {{"phase", "Succeeded"}}}});
  const json full = quota({{"pods", "1"}, {"requests.cpu", "1"}, {"count/pods", "1"}},
                          {{"pods", "1"}, {"requests.cpu", "1"}, {"count/pods", "1"}});
  const quota_demand ends{pods, count_object(pods, running), count_object(pods, done), false};
  BOOST_TEST(used_after(full, ends) == json({{"pods", "0"}, {"requests.cpu", "0"}, {"count/pods", "1"}}));
  const quota_demand goes{pods, count_object(pods, running), {}, false};
  BOOST_TEST(used_after(full, goes)["count/pods"] == "0");
}

BOOST_AUTO_TEST_CASE(a_resize_is_counted_by_the_larger_of_wish_and_truth) {
  const counted_kind pods = kind_of("", "pods");
  json resized = pod({{"cpu", "1"}}, json::object());
  resized["status"]["containerStatuses"] = {
      {{"name", "c"}, {"resources", {{"requests", {{"cpu", "3"}}}}}, {"allocatedResources", {{"cpu", "2"}}}}};
  BOOST_TEST(count_object(pods, resized).usage.at("requests.cpu").text() == "3");
}

BOOST_AUTO_TEST_CASE(services_and_claims) {
  const counted_kind services = kind_of("", "services");
  const json balanced = {{"spec", {{"type", "LoadBalancer"}, {"ports", {{{"port", 1}}, {{"port", 2}}}}}}};
  counted_object counted = count_object(services, balanced);
  BOOST_TEST(counted.usage.at("services").text() == "1");
  BOOST_TEST(counted.usage.at("services.nodeports").text() == "2");
  BOOST_TEST(counted.usage.at("services.loadbalancers").text() == "1");
  json bare = balanced;
  bare["spec"]["allocateLoadBalancerNodePorts"] = false;
  bare["spec"]["ports"][0]["nodePort"] = 30001;
  BOOST_TEST(count_object(services, bare).usage.at("services.nodeports").text() == "1");

  const counted_kind claims = kind_of("", "persistentvolumeclaims");
  const json claim = {
      {"spec", {{"storageClassName", "gold"}, {"resources", {{"requests", {{"storage", "10Gi"}}}}}}}};
  counted = count_object(claims, claim);
  BOOST_TEST(counted.usage.at("requests.storage").text() == "10Gi");
  BOOST_TEST(counted.usage.at("gold.storageclass.storage.k8s.io/requests.storage").text() == "10Gi");
  BOOST_TEST(counted.usage.at("gold.storageclass.storage.k8s.io/persistentvolumeclaims").text() == "1");
  for (const auto& [name, amount] : counted.usage) BOOST_TEST(speaks_of(name, claims), name);
}

BOOST_AUTO_TEST_CASE(counts_of_any_kind) {
  BOOST_TEST(count_name(kind_of("apps", "deployments")) == "count/deployments.apps");
  BOOST_TEST(speaks_of("count/deployments.apps", kind_of("apps", "deployments")));
  BOOST_TEST(!speaks_of("count/deployments", kind_of("apps", "deployments")));
  BOOST_TEST(speaks_of("configmaps", kind_of("", "configmaps")));
  BOOST_TEST(!quotas_count(schema::builtin("", "events")));
  BOOST_TEST(!quotas_count(schema::builtin("events.k8s.io", "events")));
  BOOST_TEST(!quotas_count(schema::builtin("", "nodes")));
  BOOST_TEST(quotas_count(schema::builtin("", "resourcequotas")));
}

BOOST_AUTO_TEST_CASE(scopes_choose_pods) {
  const counted_kind pods = kind_of("", "pods");
  const auto scoped = [](const json& spec) { return quota({{"pods", "1"}}, {{"pods", "1"}}, spec); };
  const auto counts = [&](const json& spec, const json& more) {
    return in_scope(scoped(spec), count_object(pods, pod(json::object(), json::object(), more)));
  };
  const json deadline = {{"spec", {{"activeDeadlineSeconds", 10}}}};
  const json best_effort = {{"status", {{"qosClass", "BestEffort"}}}};
  const json high = {{"spec", {{"priorityClassName", "high"}}}};
  const json spread = {{"spec",
                        {{"affinity",
                          {{"podAffinity",
                            {{"preferredDuringSchedulingIgnoredDuringExecution",
                              {{{"podAffinityTerm", {{"namespaceSelector", json::object()}}}}}}}}}}}}};
  const json nothing = json::object();
  BOOST_TEST(counts({{"scopes", {"Terminating"}}}, deadline));
  BOOST_TEST(!counts({{"scopes", {"Terminating"}}}, nothing));
  BOOST_TEST(counts({{"scopes", {"NotTerminating", "NotBestEffort"}}}, nothing));
  BOOST_TEST(!counts({{"scopes", {"NotTerminating", "NotBestEffort"}}}, best_effort));
  BOOST_TEST(counts({{"scopes", {"BestEffort"}}}, best_effort));
  BOOST_TEST(counts({{"scopes", {"CrossNamespacePodAffinity"}}}, spread));
  BOOST_TEST(!counts({{"scopes", {"CrossNamespacePodAffinity"}}}, nothing));
  const auto class_is = [](const char* op, const json& values) {
    return json{
        {"scopeSelector",
         {{"matchExpressions", {{{"scopeName", "PriorityClass"}, {"operator", op}, {"values", values}}}}}}};
  };
  BOOST_TEST(counts(class_is("In", {"low", "high"}), high));
  BOOST_TEST(!counts(class_is("In", {"low"}), high));
  BOOST_TEST(!counts(class_is("In", {"low"}), nothing));
  BOOST_TEST(counts(class_is("NotIn", {"low"}), nothing));
  BOOST_TEST(!counts(class_is("NotIn", {"high"}), high));
  BOOST_TEST(counts(class_is("Exists", json::array()), high));
  BOOST_TEST(counts(class_is("DoesNotExist", json::array()), nothing));
  // Only pods (and claims) have scopes: a quota with one counts nothing else.
  BOOST_TEST(!in_scope(scoped({{"scopes", {"NotTerminating"}}}),
                       count_object(kind_of("", "secrets"), json::object())));
}

BOOST_AUTO_TEST_CASE(an_update_moves_a_pod_from_one_quota_to_another) {
  const counted_kind pods = kind_of("", "pods");
  const json before = pod(json::object(), json::object());
  const json after = pod(json::object(), json::object(), {{"spec", {{"activeDeadlineSeconds", 5}}}});
  const quota_demand moves{pods, count_object(pods, before), count_object(pods, after), true};
  const json open_ended = quota({{"pods", "1"}}, {{"pods", "1"}}, {{"scopes", {"NotTerminating"}}});
  const json limited = quota({{"pods", "1"}}, {{"pods", "0"}}, {{"scopes", {"Terminating"}}});
  BOOST_TEST(used_after(open_ended, moves)["pods"] == "0");
  BOOST_TEST(used_after(limited, moves)["pods"] == "1");
  BOOST_TEST(refusal_of(quota({{"pods", "1"}}, {{"pods", "1"}}, {{"scopes", {"Terminating"}}}), moves) ==
             "exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1");
}

BOOST_AUTO_TEST_CASE(growing_is_refused_and_shrinking_never) {
  const counted_kind claims = kind_of("", "persistentvolumeclaims");
  const auto sized = [](const char* size) {
    return json{{"spec", {{"resources", {{"requests", {{"storage", size}}}}}}}};
  };
  const json over = quota({{"requests.storage", "5Gi"}}, {{"requests.storage", "9Gi"}});
  const quota_demand grows{claims, count_object(claims, sized("1Gi")), count_object(claims, sized("2Gi")),
                           true};
  BOOST_TEST(refusal_of(over, grows) ==
             "exceeded quota: q, requested: requests.storage=1Gi, used: requests.storage=9Gi, limited: "
             "requests.storage=5Gi");
  const quota_demand shrinks{claims, count_object(claims, sized("2Gi")), count_object(claims, sized("1Gi")),
                             true};
  BOOST_TEST(used_after(over, shrinks)["requests.storage"] == "8Gi");
}

BOOST_AUTO_TEST_CASE(a_count_corrects_by_what_it_found_wrong) {
  // Counted 7 where 5 were noted; meanwhile 3 more were charged: 10 it is.
  const json hard = {{"pods", "20"}};
  json now = quota(hard, {{"pods", "8"}});
  const quota_count count{hard, {{"pods", "7"}}, {{"pods", "5"}}};
  const auto corrected = correct_quota(now, count);
  BOOST_REQUIRE(corrected.has_value());
  BOOST_TEST((*corrected)["status"]["used"] == json({{"pods", "10"}}));
  // The first count of a quota that noted nothing.
  json fresh = {{"metadata", {{"name", "q"}}}, {"spec", {{"hard", hard}}}};
  const auto first = correct_quota(fresh, {hard, {{"pods", "7"}}, json::object()});
  BOOST_REQUIRE(first.has_value());
  BOOST_TEST((*first)["status"] == json({{"hard", hard}, {"used", {{"pods", "7"}}}}));
  // It limits something else by now.
  now["spec"]["hard"] = {{"secrets", "1"}};
  BOOST_TEST(!correct_quota(now, count).has_value());
}

BOOST_AUTO_TEST_CASE(a_pod_that_hangs_in_deletion_is_not_charged_for_ever) {
  const counted_kind pods = kind_of("", "pods");
  const json asks{{"cpu", "1"}};
  // It should have been gone at 15:03:40, after 20 seconds: from 15:04:00 on it is given up.
  const json stuck = pod(
      asks, json::object(),
      {{"metadata", {{"deletionTimestamp", "2026-01-02T15:03:40Z"}, {"deletionGracePeriodSeconds", 20}}}});
  const quota_demand goes{pods, count_object(pods, stuck), {}, false};
  const json of = quota({{"pods", "4"}, {"requests.cpu", "4"}, {"count/pods", "9"}},
                        {{"pods", "2"}, {"requests.cpu", "2"}, {"count/pods", "3"}});
  BOOST_TEST(used_after(of, goes) == json({{"pods", "2"}, {"requests.cpu", "2"}, {"count/pods", "2"}}));
  const wall_time before{std::chrono::seconds(1'767'366'240)};
  const auto early = charge_quota(of, goes, before);
  BOOST_TEST((*early.charged)["status"]["used"] ==
             json({{"pods", "1"}, {"requests.cpu", "1"}, {"count/pods", "2"}}));
  // What is written of it meanwhile changes nothing.
  const quota_demand reports{pods, count_object(pods, pod(asks, json::object())), count_object(pods, stuck),
                             false};
  BOOST_TEST(!charge_quota(of, reports, before).charged.has_value());
}

BOOST_AUTO_TEST_SUITE_END()
