#include "actors/flow/default_flow_objects.hpp"
#include "actors/flow/flow_rules.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

flow_rules default_rules(std::uint32_t seats = 600) {
  return flow_rules(suggested_flow_schemas(), suggested_priority_levels(), seats);
}

struct asked {
  std::string user = {};
  std::vector<std::string> groups{"system:authenticated"};
  std::string verb = "list";
  std::string group = {};
  std::string resource = {};
  std::string subresource = {};
  std::string space = {};
  std::string path = {};
};

std::string schema_for(const flow_rules& rules, const asked& request) {
  return rules
      .classify({request.user, request.groups, request.verb, request.path.empty(), request.group,
                 request.resource, request.subresource, request.space, request.path})
      .schema->name;
}

json schema_object(const std::string& name, int precedence, const std::string& level, json rule) {
  return {{"metadata", {{"name", name}, {"uid", name + "-uid"}}},
          {"spec",
           {{"priorityLevelConfiguration", {{"name", level}}},
            {"matchingPrecedence", precedence},
            {"rules", json::array({std::move(rule)})}}}};
}

const level_settings& level_named(const flow_rules& rules, std::string_view name) {
  return *std::ranges::find(rules.levels(), name, &level_settings::name);
}

} // namespace

BOOST_AUTO_TEST_SUITE(flow_rules_of_a_cluster)

BOOST_AUTO_TEST_CASE(requests_find_the_default_schema_they_belong_to) {
  const flow_rules rules = default_rules();
  const std::vector<std::string> nodes{"system:nodes", "system:authenticated"};
  const std::vector<std::string> accounts{"system:serviceaccounts", "system:authenticated"};
  BOOST_TEST(schema_for(rules, {.user = "root", .groups = {"system:masters"}, .resource = "pods"}) ==
             "exempt");
  BOOST_TEST(
      schema_for(rules, {.groups = {"system:unauthenticated"}, .verb = "get", .path = "/readyz/ping"}) ==
      "probes");
  BOOST_TEST(schema_for(rules, {.user = "u", .verb = "get", .path = "/readyzz"}) == "global-default");
  BOOST_TEST(schema_for(rules, {.user = "system:node:a",
                                .groups = nodes,
                                .verb = "patch",
                                .resource = "nodes",
                                .subresource = "status"}) == "system-node-high");
  BOOST_TEST(schema_for(rules, {.user = "system:node:a",
                                .groups = nodes,
                                .verb = "update",
                                .group = "coordination.k8s.io",
                                .resource = "leases",
                                .space = "kube-node-lease"}) == "system-node-high");
  BOOST_TEST(schema_for(rules, {.user = "system:node:a",
                                .groups = nodes,
                                .verb = "list",
                                .group = "coordination.k8s.io",
                                .resource = "leases"}) == "system-nodes");
  BOOST_TEST(schema_for(rules, {.user = "system:node:a", .groups = nodes, .resource = "pods"}) ==
             "system-nodes");
  BOOST_TEST(schema_for(rules, {.user = "system:serviceaccount:kube-system:dns",
                                .groups = accounts,
                                .verb = "update",
                                .group = "coordination.k8s.io",
                                .resource = "leases",
                                .space = "kube-system"}) == "system-leader-election");
  BOOST_TEST(schema_for(rules, {.user = "system:serviceaccount:kube-system:dns",
                                .groups = accounts,
                                .resource = "pods"}) == "kube-system-service-accounts");
  BOOST_TEST(schema_for(rules, {.user = "system:serviceaccount:kube-system2:dns",
                                .groups = accounts,
                                .resource = "pods"}) == "service-accounts");
  BOOST_TEST(schema_for(rules, {.user = "system:kube-scheduler", .resource = "pods"}) == "kube-scheduler");
  BOOST_TEST(schema_for(rules, {.user = "alice", .resource = "pods", .space = "shop"}) == "global-default");
}

BOOST_AUTO_TEST_CASE(precedence_decides_then_the_name) {
  const json everybody = {{"subjects", json::array({{{"kind", "User"}, {"user", {{"name", "*"}}}}})},
                          {"resourceRules", json::array({{{"verbs", {"get"}},
                                                          {"apiGroups", {""}},
                                                          {"resources", {"pods", "pods/log"}},
                                                          {"namespaces", {"shop"}}}})}};
  const std::vector<json> schemas{
      schema_object("later", 50, "system", everybody), schema_object("b", 40, "system", everybody),
      schema_object("a", 40, "system", everybody), schema_object("gone", 1, "no-such-level", everybody)};
  const flow_rules rules(schemas, suggested_priority_levels(), 600);
  asked request{.user = "x", .groups = {}, .verb = "get", .resource = "pods", .space = "shop"};
  BOOST_TEST(schema_for(rules, request) == "a");
  request.subresource = "log";
  BOOST_TEST(schema_for(rules, request) == "a");
  request.subresource = "exec";
  BOOST_TEST(schema_for(rules, request) == "catch-all");
  request.subresource = "";
  request.space = "";
  BOOST_TEST(schema_for(rules, request) == "catch-all");
  request.space = "other";
  BOOST_TEST(schema_for(rules, request) == "catch-all");
}

BOOST_AUTO_TEST_CASE(flows_are_told_apart_by_what_the_schema_says) {
  const flow_rules rules = default_rules();
  const std::vector<std::string> accounts{"system:serviceaccounts"};
  const auto flow = [&](std::string_view user, std::string_view space) {
    return rules.classify({user, accounts, "list", true, "", "pods", "", space, ""}).flow;
  };
  BOOST_TEST(flow("system:serviceaccount:a:x", "n1") == flow("system:serviceaccount:a:x", "n2"));
  BOOST_TEST(flow("system:serviceaccount:a:x", "n1") != flow("system:serviceaccount:a:y", "n1"));
  BOOST_TEST(flow("system:serviceaccount:kube-system:x", "n1") ==
             flow("system:serviceaccount:kube-system:y", "n1"));
  BOOST_TEST(flow("system:serviceaccount:kube-system:x", "n1") !=
             flow("system:serviceaccount:kube-system:x", "n2"));
}

BOOST_AUTO_TEST_CASE(seats_are_divided_by_shares_and_what_is_not_lent_is_kept) {
  const flow_rules rules = default_rules(600);
  const level_settings& low = level_named(rules, "workload-low");
  BOOST_TEST(low.nominal == 245); // ceil(600 * 100 / 245)
  BOOST_TEST(low.kept == 24);     // 245 - round(220.5) = 245 - 221
  BOOST_TEST(low.queues);
  BOOST_TEST(low.queue_count == 128);
  std::uint32_t all = 0;
  for (const level_settings& level : rules.levels()) all += level.nominal;
  BOOST_TEST(all >= 600);
  BOOST_TEST(all <= 600 + rules.levels().size());
  BOOST_TEST(low.most == all);
  const level_settings& rest = level_named(rules, "catch-all");
  BOOST_TEST(rest.kept == rest.nominal);
  BOOST_TEST(!rest.queues);
  BOOST_TEST(level_named(rules, "exempt").exempt);
  json bounded = suggested_priority_levels().front();
  bounded["spec"]["limited"]["borrowingLimitPercent"] = 10;
  const flow_rules two({}, std::vector<json>{bounded}, 600);
  const level_settings& system = level_named(two, "system");
  BOOST_TEST(system.nominal == 515);
  BOOST_TEST(system.most == 567); // 515 and a tenth of it
  const flow_rules unbounded({}, {}, 600);
  BOOST_TEST(level_named(unbounded, "catch-all").most == 600);
}

BOOST_AUTO_TEST_CASE(without_any_object_the_mandatory_ones_hold) {
  const flow_rules rules({}, {}, 600);
  BOOST_TEST(schema_for(rules, {.user = "alice", .resource = "pods"}) == "catch-all");
  BOOST_TEST(schema_for(rules, {.user = "root", .groups = {"system:masters"}, .resource = "pods"}) ==
             "exempt");
}

BOOST_AUTO_TEST_SUITE_END()
