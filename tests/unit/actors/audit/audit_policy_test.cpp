#include "actors/audit/audit_policy.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

audit_policy policy(const std::string& body) {
  auto parsed = audit_policy::parse("apiVersion: audit.k8s.io/v1\nkind: Policy\n" + body, "/policy");
  BOOST_REQUIRE(parsed.has_value());
  return std::move(*parsed);
}

std::string complaint(const std::string& text) {
  const auto parsed = audit_policy::parse(text, "/policy");
  BOOST_REQUIRE(!parsed.has_value());
  return parsed.error().message;
}
std::string complaint_of(const std::string& body) {
  return complaint("apiVersion: audit.k8s.io/v1\nkind: Policy\n" + body);
}

struct asked {
  std::string user = "alice";
  std::vector<std::string> groups{"system:authenticated"};
  std::string verb = "get";
  std::string group = {};
  std::string resource = {};
  std::string subresource = {};
  std::string space = {};
  std::string name = {};
  std::string path = {};
};

audit_decision decide(const audit_policy& rules, const asked& one) {
  return rules.decide({one.user, one.groups, one.verb, one.path.empty(), one.group, one.resource,
                       one.subresource, one.space, one.name, one.path});
}

std::string level(const audit_policy& rules, const asked& one) {
  return std::string(level_name(decide(rules, one).level));
}

} // namespace

BOOST_AUTO_TEST_SUITE(audit_policies)

BOOST_AUTO_TEST_CASE(the_first_rule_that_matches_decides) {
  const audit_policy rules = policy(R"(
rules:
- level: None
  users: ["system:kube-proxy"]
  verbs: ["watch"]
  resources: [{group: "", resources: ["endpoints", "services"]}]
- level: None
  userGroups: ["system:nodes"]
  nonResourceURLs: ["/api*", "/version"]
- level: Request
  resources: [{group: "", resources: ["configmaps"], resourceNames: ["only"]}]
  namespaces: ["kube-system"]
- level: RequestResponse
  resources: [{group: ""}, {group: "apps", resources: ["deployments/*"]}, {group: "batch", resources: ["*/status"]}]
  namespaces: ["shop", ""]
- level: Metadata
  resources: [{group: "apps", resources: ["*"]}]
)");
  BOOST_TEST(
      level(rules, {.user = "system:kube-proxy", .verb = "watch", .resource = "services", .space = "shop"}) ==
      "None");
  BOOST_TEST(
      level(rules, {.user = "system:kube-proxy", .verb = "get", .resource = "services", .space = "shop"}) ==
      "RequestResponse");
  BOOST_TEST(level(rules, {.groups = {"system:nodes"}, .path = "/apis/apps/v1"}) == "None");
  BOOST_TEST(level(rules, {.resource = "configmaps", .space = "kube-system", .name = "only"}) == "Request");
  BOOST_TEST(level(rules, {.resource = "configmaps", .space = "kube-system", .name = "other"}) == "None");
  BOOST_TEST(level(rules, {.resource = "nodes"}) == "RequestResponse");
  BOOST_TEST(level(rules, {.resource = "pods", .space = "other"}) == "None");
  BOOST_TEST(level(rules, {.group = "apps", .resource = "deployments", .space = "shop"}) == "Metadata");
  BOOST_TEST(
      level(rules, {.group = "apps", .resource = "deployments", .subresource = "scale", .space = "shop"}) ==
      "RequestResponse");
  BOOST_TEST(level(rules, {.group = "batch", .resource = "jobs", .subresource = "status", .space = "shop"}) ==
             "RequestResponse");
  BOOST_TEST(level(rules, {.path = "/healthz"}) == "None");
}

BOOST_AUTO_TEST_CASE(a_rule_without_conditions_is_for_everything) {
  const audit_policy rules = policy("rules: [{level: Metadata}]");
  BOOST_TEST(level(rules, {.resource = "pods"}) == "Metadata");
  BOOST_TEST(level(rules, {.path = "/healthz"}) == "Metadata");
}

BOOST_AUTO_TEST_CASE(stages_are_left_out_by_the_policy_and_by_the_rule) {
  const audit_policy rules = policy(R"(
omitStages: ["RequestReceived"]
omitManagedFields: true
rules:
- level: Metadata
  verbs: ["get"]
  omitStages: ["Panic"]
  omitManagedFields: false
- level: Metadata
)");
  const audit_decision get = decide(rules, {.path = "/x"});
  BOOST_TEST(!get.shows(audit_stage::request_received));
  BOOST_TEST(!get.shows(audit_stage::panic));
  BOOST_TEST(get.shows(audit_stage::response_complete));
  BOOST_TEST(!get.omit_managed_fields);
  const audit_decision put = decide(rules, {.verb = "put", .path = "/x"});
  BOOST_TEST(!put.shows(audit_stage::request_received));
  BOOST_TEST(put.shows(audit_stage::panic));
  BOOST_TEST(put.omit_managed_fields);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named_with_its_place) {
  BOOST_TEST(complaint("kind: Policy") == "/policy: must be a Policy of audit.k8s.io/v1");
  BOOST_TEST(complaint("a: [").starts_with("/policy: yaml: "));
  BOOST_TEST(complaint_of("rules: []") == "/policy: rules: must list at least one rule");
  BOOST_TEST(complaint_of("rules: [{level: Everything}]") ==
             "/policy: rules[0].level: must be None, Metadata, Request or RequestResponse");
  BOOST_TEST(complaint_of("rules: [{level: None, user: [x]}]") ==
             "/policy: rules[0]: unknown field \"user\"");
  BOOST_TEST(complaint_of("rules: [{level: None, omitStages: [Done]}]") ==
             "/policy: rules[0].omitStages: \"Done\" is no stage");
  BOOST_TEST(complaint_of("rules: [{level: None, resources: [{group: apps/v1}]}]") ==
             "/policy: rules[0].resources[0].group: must be the name of a group, without its version");
  BOOST_TEST(complaint_of("rules: [{level: None, nonResourceURLs: [/a*b]}]") ==
             "/policy: rules[0].nonResourceURLs: \"/a*b\" may have a wildcard at its end only");
  BOOST_TEST(complaint_of("rules: [{level: None, nonResourceURLs: [/a], namespaces: [x]}]") ==
             "/policy: rules[0].nonResourceURLs: a rule is about resources or about other paths, not both");
}

BOOST_AUTO_TEST_SUITE_END()
