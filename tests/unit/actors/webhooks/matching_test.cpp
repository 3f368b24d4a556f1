#include "actors/webhooks/webhook_match.hpp"

#include <boost/test/unit_test.hpp>

namespace actord::actors {
namespace {

std::shared_ptr<const webhook> hook_with(const json& fields) {
  json hook = {{"name", "a.b.c"}, {"rules", json::array()}};
  hook.update(fields);
  return read_webhooks(webhook_kind::mutating,
                       {{"metadata", {{"name", "set"}}}, {"webhooks", json::array({hook})}})
      .front();
}

json rule(const json& groups, const json& versions, const json& resources, const json& operations,
          const char* scope = "*") {
  return {{"apiGroups", groups},
          {"apiVersions", versions},
          {"resources", resources},
          {"operations", operations},
          {"scope", scope}};
}

schema::resource_handle row(std::string_view group, std::string_view version, std::string_view plural) {
  auto found = schema::find_resource(group, version, plural);
  BOOST_REQUIRE(found != nullptr);
  return found;
}

/// The version by which the webhook is asked; empty when it is not.
std::string asked_as(const json& fields, const reviewed_resource& request) {
  const auto found = concerned_webhooks({hook_with(fields)}, request);
  return found.empty() ? std::string() : found.front().as->api_version();
}

std::string asked_by(const json& one_rule, const reviewed_resource& request) {
  return asked_as({{"rules", json::array({one_rule})}}, request);
}

const json any = json::array({"*"});

} // namespace

BOOST_AUTO_TEST_SUITE(webhook_matching)

BOOST_AUTO_TEST_CASE(rules_name_operations_groups_versions_and_resources) {
  const reviewed_resource create{"CREATE", row("apps", "v1", "deployments"), "", "here"};
  BOOST_TEST(asked_by(rule(any, any, any, any), create) == "apps/v1");
  BOOST_TEST(asked_by(rule({"apps"}, {"v1"}, {"deployments"}, {"CREATE"}), create) == "apps/v1");
  BOOST_TEST(asked_by(rule({""}, {"v1"}, {"deployments"}, {"CREATE"}), create) == "");
  BOOST_TEST(asked_by(rule({"apps"}, {"v2"}, {"deployments"}, {"CREATE"}), create) == "");
  BOOST_TEST(asked_by(rule({"apps"}, {"v1"}, {"daemonsets"}, {"CREATE"}), create) == "");
  BOOST_TEST(asked_by(rule({"apps"}, {"v1"}, {"deployments"}, {"UPDATE", "DELETE"}), create) == "");
  BOOST_TEST(asked_by(rule({"", "apps"}, {"v1"}, {"pods", "deployments"}, {"DELETE", "CREATE"}), create) ==
             "apps/v1");
}

BOOST_AUTO_TEST_CASE(subresources_must_be_named) {
  const reviewed_resource scale{"UPDATE", row("apps", "v1", "deployments"), "scale", "here"};
  for (const char* named : {"deployments/scale", "deployments/*", "*/scale", "*/*"})
    BOOST_TEST(asked_by(rule(any, any, {named}, any), scale) == "apps/v1", named);
  for (const char* other : {"deployments", "*", "deployments/status", "daemonsets/*", "*/status"})
    BOOST_TEST(asked_by(rule(any, any, {other}, any), scale) == "", other);
  const reviewed_resource whole{"UPDATE", row("apps", "v1", "deployments"), "", "here"};
  for (const char* named : {"deployments", "*", "*/*", "deployments/*"})
    BOOST_TEST(asked_by(rule(any, any, {named}, any), whole) == "apps/v1", named);
}

BOOST_AUTO_TEST_CASE(namespaces_are_of_the_cluster) {
  const reviewed_resource pod{"CREATE", row("", "v1", "pods"), "", "here"};
  const reviewed_resource node{"CREATE", row("", "v1", "nodes"), "", ""};
  const reviewed_resource space{"CREATE", row("", "v1", "namespaces"), "", "here"};
  BOOST_TEST(asked_by(rule(any, any, any, any, "Namespaced"), pod) == "v1");
  BOOST_TEST(asked_by(rule(any, any, any, any, "Namespaced"), node) == "");
  BOOST_TEST(asked_by(rule(any, any, any, any, "Namespaced"), space) == "");
  BOOST_TEST(asked_by(rule(any, any, any, any, "Cluster"), pod) == "");
  BOOST_TEST(asked_by(rule(any, any, any, any, "Cluster"), node) == "v1");
  BOOST_TEST(asked_by(rule(any, any, any, any, "Cluster"), space) == "v1");
}

BOOST_AUTO_TEST_CASE(other_versions_count_unless_exactness_is_asked_for) {
  const reviewed_resource old{"UPDATE", row("autoscaling", "v1", "horizontalpodautoscalers"), "", "here"};
  const json rules = json::array({rule({"autoscaling"}, {"v2"}, any, any)});
  BOOST_TEST(asked_as({{"rules", rules}}, old) == "autoscaling/v2");
  BOOST_TEST(asked_as({{"rules", rules}, {"matchPolicy", "Equivalent"}}, old) == "autoscaling/v2");
  BOOST_TEST(asked_as({{"rules", rules}, {"matchPolicy", "Exact"}}, old) == "");
  // The version of the request comes first.
  BOOST_TEST(asked_as({{"rules", json::array({rule(any, any, any, any)})}}, old) == "autoscaling/v1");
}

BOOST_AUTO_TEST_CASE(webhooks_and_policies_are_beyond_webhooks) {
  for (const char* kind : {"mutatingwebhookconfigurations", "validatingwebhookconfigurations",
                           "validatingadmissionpolicies", "validatingadmissionpolicybindings"})
    BOOST_TEST(is_beyond_webhooks(*row("admissionregistration.k8s.io", "v1", kind)), kind);
  BOOST_TEST(!is_beyond_webhooks(*row("apiextensions.k8s.io", "v1", "customresourcedefinitions")));
}

BOOST_AUTO_TEST_CASE(selectors_of_namespaces_and_objects) {
  std::optional<schema::text_map> of_space = schema::text_map{{"env", "prod"}};
  int asked = 0;
  const std::function<std::optional<schema::text_map>()> labels = [&] {
    ++asked;
    return of_space;
  };
  const auto selected = [&](const json& fields, const reviewed_resource& request, const json* object,
                            const json* before) {
    return select(*hook_with(fields), request, {object, before, labels});
  };
  const reviewed_resource pod{"UPDATE", row("", "v1", "pods"), "", "here"};
  const json plain = {{"metadata", json::object()}};
  const json skipped = {{"metadata", {{"labels", {{"skip", "me"}}}}}};
  const json in_prod = {{"namespaceSelector", {{"matchLabels", {{"env", "prod"}}}}}};
  const json not_prod = {
      {"namespaceSelector",
       {{"matchExpressions", json::array({{{"key", "env"}, {"operator", "NotIn"}, {"values", {"prod"}}}})}}}};
  const json marked = {{"objectSelector", {{"matchLabels", {{"skip", "me"}}}}}};

  BOOST_TEST((selected(json::object(), pod, &plain, nullptr) == selection::selected));
  BOOST_TEST(asked == 0); // nobody looks a namespace up for nothing
  BOOST_TEST((selected(in_prod, pod, &plain, nullptr) == selection::selected));
  BOOST_TEST((selected(not_prod, pod, &plain, nullptr) == selection::passed_over));
  of_space.reset();
  BOOST_TEST((selected(in_prod, pod, &plain, nullptr) == selection::no_namespace));

  BOOST_TEST((selected(marked, pod, &plain, &plain) == selection::passed_over));
  BOOST_TEST((selected(marked, pod, &skipped, &plain) == selection::selected));
  BOOST_TEST((selected(marked, pod, &plain, &skipped) == selection::selected));
  BOOST_TEST((selected(marked, pod, nullptr, &skipped) == selection::selected));
  BOOST_TEST((selected(marked, pod, nullptr, nullptr) == selection::passed_over));

  // Objects of the cluster are in no namespace that could leave them out; a namespace is judged as it will
  // be.
  const reviewed_resource node{"CREATE", row("", "v1", "nodes"), "", ""};
  BOOST_TEST((selected(in_prod, node, &plain, nullptr) == selection::selected));
  const reviewed_resource space{"CREATE", row("", "v1", "namespaces"), "", "new"};
  const json prod = {{"metadata", {{"labels", {{"env", "prod"}}}}}};
  BOOST_TEST((selected(in_prod, space, &prod, nullptr) == selection::selected));
  BOOST_TEST((selected(in_prod, space, &plain, nullptr) == selection::passed_over));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace actord::actors
