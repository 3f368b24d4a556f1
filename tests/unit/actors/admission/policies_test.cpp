#include "actors/admission/policies/policy_judge.hpp"

#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

json policy_with(const json& validations, const json& more = json::object()) {
  json spec{{"failurePolicy", "Fail"},
            {"matchConstraints",
             {{"resourceRules",
               {{{"apiGroups", {"apps"}},
                 {"apiVersions", {"v1"}},
                 {"operations", {"CREATE", "UPDATE"}},
                 {"resources", {"deployments"}}}}}}},
            {"validations", validations}};
  spec.update(more);
  return {{"metadata", {{"name", "p"}}}, {"spec", spec}};
}

json binding_with(const json& actions = {"Deny"}, const json& more = json::object()) {
  json spec{{"policyName", "p"}, {"validationActions", actions}};
  spec.update(more);
  return {{"metadata", {{"name", "b"}}}, {"spec", spec}};
}

const json& deployment() {
  static const json made = json::parse(R"({"apiVersion": "apps/v1", "kind": "Deployment",
    "metadata": {"name": "web", "labels": {"app": "web"}}, "spec": {"replicas": 5}})");
  return made;
}

struct given {
  std::string group = "apps";
  std::string plural = "deployments";
  std::string subresource = "";
  std::string operation = "CREATE";
  const json* old = nullptr;
  schema::text_map space_labels = {{"env", "test"}};
  std::vector<json> params = {};
  bool may = true;
};

policy_verdict judge(const json& policy, const json& binding, const given& with = {}) {
  const auto set = compile_policies({policy}, {binding});
  const json request{{"operation", with.operation},
                     {"namespace", "default"},
                     {"name", "web"},
                     {"userInfo", {{"username", "ann"}, {"groups", {"devs"}}}}};
  const json space{{"metadata", {{"name", "default"}, {"labels", {{"env", "test"}}}}}};
  const judged_write write{.what = {schema::builtin(with.group, with.plural), with.subresource, "web",
                                    with.operation, &deployment(), with.old,
                                    [&] { return std::optional(with.space_labels); }},
                           .request = request,
                           .space = &space,
                           .in_space = "default",
                           .may =
                               [&](const schema::cel::access_question& about) {
                                 return with.may && about.verb == "update" &&
                                        about.resource == "deployments" && about.user.empty();
                               },
                           .params = [&](const param_kind&, const policy_binding&) { return with.params; }};
  return judge_write(*set, write);
}

std::string refused(const policy_verdict& verdict) {
  return verdict.refused ? verdict.refused->reason + ": " + verdict.refused->message : "";
}

const std::string start = "Invalid: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: ";

} // namespace

BOOST_AUTO_TEST_SUITE(admission_policies)

BOOST_AUTO_TEST_CASE(a_policy_refuses_in_its_own_words) {
  const auto said = [](json validation) {
    return refused(judge(policy_with(json::array({validation})), binding_with()));
  };
  BOOST_TEST(said({{"expression", "object.spec.replicas <= 3"}}) ==
             start + "failed expression: object.spec.replicas <= 3");
  BOOST_TEST(said({{"expression", "object.spec.replicas <= 3"}, {"message", " too many "}}) ==
             start + "too many");
  BOOST_TEST(said({{"expression", "object.spec.replicas <= 3"},
                   {"messageExpression", "'%d is too many'.format([object.spec.replicas])"}}) ==
             start + "5 is too many");
  BOOST_TEST(
      said({{"expression", "object.spec.replicas <= 3"}, {"message", "no"}, {"reason", "Forbidden"}}) ==
      "Forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no");
  BOOST_TEST(said({{"expression", "object.spec.replicas <= 5"}}) == "");
}

BOOST_AUTO_TEST_CASE(what_fails_to_run_is_refused_unless_the_policy_ignores_that) {
  const json validations{{{"expression", "object.spec.missing > 1"}}};
  BOOST_TEST(refused(judge(policy_with(validations), binding_with())) ==
             start + "expression 'object.spec.missing > 1' resulted in error: no such key: missing");
  BOOST_TEST(refused(judge(policy_with(validations, {{"failurePolicy", "Ignore"}}), binding_with())) == "");
}

BOOST_AUTO_TEST_CASE(expressions_see_the_request_and_its_surroundings) {
  const auto holds = [](const std::string& expression, const given& with = {}) {
    return refused(judge(policy_with({{{"expression", expression}}}), binding_with(), with)).empty();
  };
  BOOST_TEST(holds("request.operation == 'CREATE' && request.userInfo.username == 'ann'"));
  BOOST_TEST(holds("'devs' in request.userInfo.groups && request.namespace == 'default'"));
  BOOST_TEST(holds("oldObject == null"));
  BOOST_TEST(holds("namespaceObject.metadata.labels['env'] == 'test'"));
  BOOST_TEST(holds("authorizer.group('apps').resource('deployments').check('update').allowed()"));
  BOOST_TEST(holds("authorizer.requestResource.check('update').allowed()"));
  BOOST_TEST(!holds("authorizer.requestResource.check('update').allowed()", {.may = false}));
  BOOST_TEST(!holds(
      "authorizer.serviceAccount('a', 'b').group('apps').resource('deployments').check('update').allowed()"));
  const json old = {{"spec", {{"replicas", 9}}}};
  BOOST_TEST(holds("object.spec.replicas < oldObject.spec.replicas", {.operation = "UPDATE", .old = &old}));
}

BOOST_AUTO_TEST_CASE(variables_are_worked_out_when_they_are_asked_for) {
  const json variables{{"variables",
                        {{{"name", "most"}, {"expression", "object.spec.replicas * 2"}},
                         {{"name", "more"}, {"expression", "variables.most + 1"}},
                         {{"name", "broken"}, {"expression", "1 / 0"}}}}};
  BOOST_TEST(refused(judge(policy_with({{{"expression", "variables.more == 11"}}}, variables),
                           binding_with())) == "");
  BOOST_TEST(
      refused(judge(policy_with({{{"expression", "variables.broken == 1"}}}, variables), binding_with())) ==
      start + "expression 'variables.broken == 1' resulted in error: division by zero");
}

BOOST_AUTO_TEST_CASE(conditions_decide_whether_a_policy_is_asked) {
  const json no{{{"expression", "false"}}};
  const auto said = [&](const std::string& condition, const std::string& failure = "Fail") {
    return refused(judge(policy_with(no, {{"matchConditions", {{{"name", "c"}, {"expression", condition}}}},
                                          {"failurePolicy", failure}}),
                         binding_with()));
  };
  BOOST_TEST(said("object.metadata.name == 'web'") != "");
  BOOST_TEST(said("object.metadata.name == 'other'") == "");
  BOOST_TEST(said("object.spec.missing == 1") == start + "no such key: missing");
  BOOST_TEST(said("object.spec.missing == 1", "Ignore") == "");
}

BOOST_AUTO_TEST_CASE(rules_say_which_writes_are_meant) {
  const json no{{{"expression", "false"}}};
  const auto meant = [&](const json& match, const given& with = {}) {
    return !refused(judge(policy_with(no, {{"matchConstraints", match}}), binding_with(), with)).empty();
  };
  const auto rule = [](json change) {
    json made{{"apiGroups", {"apps"}},
              {"apiVersions", {"v1"}},
              {"operations", {"*"}},
              {"resources", {"deployments"}}};
    if (change.is_object()) made.update(change);
    return json{{"resourceRules", {made}}};
  };
  BOOST_TEST(meant(rule({})));
  BOOST_TEST(meant(rule({{"apiGroups", {"*"}}, {"apiVersions", {"*"}}, {"resources", {"*"}}})));
  BOOST_TEST(!meant(rule({{"apiGroups", {"batch"}}})));
  BOOST_TEST(!meant(rule({{"operations", {"DELETE"}}})));
  BOOST_TEST(!meant(rule({}), {.subresource = "scale"}));
  BOOST_TEST(meant(rule({{"resources", {"deployments/*"}}}), {.subresource = "scale"}));
  BOOST_TEST(meant(rule({{"resources", {"*/scale"}}}), {.subresource = "scale"}));
  BOOST_TEST(!meant(rule({{"resourceNames", {"other"}}})));
  BOOST_TEST(!meant(rule({{"scope", "Cluster"}})));
  json excluding = rule({});
  excluding["excludeResourceRules"] = rule({})["resourceRules"];
  BOOST_TEST(!meant(excluding));
  json selecting = rule({});
  selecting["objectSelector"] = {{"matchLabels", {{"app", "other"}}}};
  BOOST_TEST(!meant(selecting));
  selecting["objectSelector"] = {
      {"matchExpressions", {{{"key", "app"}, {"operator", "In"}, {"values", {"web"}}}}}};
  BOOST_TEST(meant(selecting));
  selecting["namespaceSelector"] = {{"matchLabels", {{"env", "production"}}}};
  BOOST_TEST(!meant(selecting));
  BOOST_TEST(meant(selecting, {.space_labels = {{"env", "production"}}}));
  // A binding narrows further.
  BOOST_TEST(
      refused(judge(policy_with(no),
                    binding_with({"Deny"}, {{"matchResources", rule({{"operations", {"UPDATE"}}})}}))) == "");
}

BOOST_AUTO_TEST_CASE(parameters_are_what_the_binding_names) {
  const json policy = policy_with({{{"expression", "object.spec.replicas <= params.data.most.size()"}}},
                                  {{"paramKind", {{"apiVersion", "v1"}, {"kind", "ConfigMap"}}}});
  const json binding =
      binding_with({"Deny"}, {{"paramRef", {{"name", "x"}, {"parameterNotFoundAction", "Deny"}}}});
  const json small{{"data", {{"most", "12"}}}};
  const json large{{"data", {{"most", "12345"}}}};
  BOOST_TEST(refused(judge(policy, binding, {.params = {large}})) == "");
  BOOST_TEST(refused(judge(policy, binding, {.params = {large, small}})) != "");
  BOOST_TEST(refused(judge(policy, binding)) ==
             start + "failed to configure binding: no params found for policy binding with `Deny` "
                     "parameterNotFoundAction");
  const json lax =
      binding_with({"Deny"}, {{"paramRef", {{"name", "x"}, {"parameterNotFoundAction", "Allow"}}}});
  BOOST_TEST(refused(judge(policy, lax)) == "");
}

BOOST_AUTO_TEST_CASE(actions_warn_and_note) {
  const json no{{{"expression", "false"}, {"message", "not so"}}};
  const policy_verdict verdict =
      judge(policy_with(no, {{"auditAnnotations",
                              {{{"key", "size"}, {"valueExpression", "string(object.spec.replicas)"}},
                               {{"key", "none"}, {"valueExpression", "null"}}}}}),
            binding_with({"Warn", "Audit"}));
  BOOST_TEST(refused(verdict) == "");
  BOOST_REQUIRE_EQUAL(verdict.warnings.size(), 1U);
  BOOST_TEST(verdict.warnings[0] ==
             "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': not so");
  BOOST_TEST(verdict.audit_notes.size() == 2U);
  BOOST_TEST(verdict.audit_notes.at("p/size") == "5");
  BOOST_TEST(
      verdict.audit_notes.at("validation.policy.admission.k8s.io/validation_failure") ==
      R"([{"binding":"b","expressionIndex":0,"message":"not so","policy":"p","validationActions":["Warn","Audit"]}])");
}

BOOST_AUTO_TEST_CASE(a_policy_that_nobody_binds_is_none) {
  BOOST_TEST(compile_policies({policy_with({{{"expression", "false"}}})}, {})->empty());
}

BOOST_AUTO_TEST_SUITE_END()
