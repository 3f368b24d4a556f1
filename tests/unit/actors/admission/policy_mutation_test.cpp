#include "actors/admission/policies/policy_mutation.hpp"

#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

json policy(const std::string& name, const std::vector<json>& mutations, const json& more = json::object()) {
  json spec{{"failurePolicy", "Fail"},
            {"reinvocationPolicy", "Never"},
            {"matchConstraints",
             {{"resourceRules",
               {{{"apiGroups", {"apps"}},
                 {"apiVersions", {"v1"}},
                 {"operations", {"CREATE"}},
                 {"resources", {"deployments"}}}}}}},
            {"mutations", mutations}};
  spec.update(more);
  return {{"metadata", {{"name", name}}}, {"spec", spec}};
}

json applies(const std::string& expression) {
  return {{"patchType", "ApplyConfiguration"}, {"applyConfiguration", {{"expression", expression}}}};
}
json patches(const std::string& expression) {
  return {{"patchType", "JSONPatch"}, {"jsonPatch", {{"expression", expression}}}};
}

json binding(const std::string& of) {
  return {{"metadata", {{"name", "b-" + of}}}, {"spec", {{"policyName", of}}}};
}

/// The object as the policies leave it, or why they refuse.
json mutated(const std::vector<json>& policies) {
  json object = json::parse(R"({"apiVersion": "apps/v1", "kind": "Deployment",
    "metadata": {"name": "web", "labels": {"app": "web"}},
    "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "c", "image": "nginx"}]}}}})");
  std::vector<json> bindings;
  for (const json& one : policies) bindings.push_back(binding(one["metadata"]["name"]));
  const auto set = compile_policies(policies, bindings);
  const json request{{"operation", "CREATE"}};
  const auto done = mutate_write(*set, object, [&](const json& now) {
    return judged_write{
        .what = {schema::builtin("apps", "deployments"), "", "web", "CREATE", &now, nullptr,
                 [] { return std::optional<schema::text_map>(); }},
        .request = request,
        .space = nullptr,
        .in_space = "default",
        .may = [](const schema::cel::access_question&) { return false; },
        .params = [](const param_kind&, const policy_binding&) { return std::vector<json>(); }};
  });
  return done ? object : json(done.error().message);
}

} // namespace

BOOST_AUTO_TEST_SUITE(mutating_policies)

BOOST_AUTO_TEST_CASE(what_is_applied_is_merged_by_the_kinds_types) {
  const json object = mutated({policy("p", {applies(R"(Object{
      metadata: Object.metadata{labels: {"team": object.metadata.labels.app + "-team"}},
      spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [
        Object.spec.template.spec.containers{name: "side", image: "busybox"}]}}}})")})});
  BOOST_TEST(object["metadata"]["labels"] == json({{"app", "web"}, {"team", "web-team"}}));
  BOOST_REQUIRE_EQUAL(object["spec"]["template"]["spec"]["containers"].size(), 2U);
  BOOST_TEST(object["spec"]["replicas"] == 1);
}

BOOST_AUTO_TEST_CASE(patches_are_carried_out) {
  const json object = mutated({policy("p", {patches(R"([
      JSONPatch{op: "test", path: "/spec/replicas", value: 1},
      JSONPatch{op: "replace", path: "/spec/replicas", value: object.spec.replicas + 2},
      JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("example.com/a~b"), value: "x"}])")})});
  BOOST_TEST(object["spec"]["replicas"] == 3);
  BOOST_TEST(object["metadata"]["labels"]["example.com/a~b"] == "x");
}

BOOST_AUTO_TEST_CASE(later_mutations_see_earlier_ones) {
  const json raise =
      patches(R"([JSONPatch{op: "replace", path: "/spec/replicas", value: object.spec.replicas * 2}])");
  BOOST_TEST(mutated({policy("a", {raise, raise}), policy("b", {raise})})["spec"]["replicas"] == 8);
  // The first is asked again after the second changed something.
  BOOST_TEST(mutated({policy("a", {raise}, {{"reinvocationPolicy", "IfNeeded"}}),
                      policy("b", {raise})})["spec"]["replicas"] == 8);
}

BOOST_AUTO_TEST_CASE(conditions_hold_a_policy_back) {
  const json raise = patches(R"([JSONPatch{op: "replace", path: "/spec/replicas", value: 9}])");
  const json never{{"matchConditions", {{{"name", "c"}, {"expression", "object.spec.replicas > 5"}}}}};
  BOOST_TEST(mutated({policy("p", {raise}, never)})["spec"]["replicas"] == 1);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_done_is_refused_unless_the_policy_ignores_that) {
  const json bad = patches(R"([JSONPatch{op: "remove", path: "/spec/nothing"}])");
  const json said = mutated({policy("p", {bad})});
  BOOST_REQUIRE(said.is_string());
  BOOST_TEST(
      said.get<std::string>().starts_with("MutatingAdmissionPolicy 'p' with binding 'b-p' denied request: "));
  BOOST_TEST(mutated({policy("p", {bad}, {{"failurePolicy", "Ignore"}})})["spec"]["replicas"] == 1);
  const json unknown = mutated({policy("p", {applies("Object{spec: Object.spec{nonsense: 1}}")})});
  BOOST_REQUIRE(unknown.is_string());
  BOOST_TEST(unknown.get<std::string>().find("nonsense") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
