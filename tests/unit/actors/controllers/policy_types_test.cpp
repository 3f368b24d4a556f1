#include "actors/controllers/admission/policy_types.hpp"

#include "schema/base/json.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

json policy(const std::string& expression, const std::string& resource = "deployments") {
  return {{"spec",
           {{"matchConstraints",
             {{"resourceRules",
               {{{"apiGroups", {"apps"}}, {"apiVersions", {"v1"}}, {"resources", {resource}}}}}}},
            {"variables", {{{"name", "spec"}, {"expression", "object.spec"}}}},
            {"validations", {{{"expression", expression}}}}}}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(policy_types)

BOOST_AUTO_TEST_CASE(what_a_kind_has_not_is_told) {
  BOOST_TEST(check_policy_types(policy("object.spec.replicas > 1")).empty());
  BOOST_TEST(
      check_policy_types(policy("object.spec.template.spec.containers.all(c, c.image != '')")).empty());
  const auto warnings = check_policy_types(policy("object.spec.replicass > 1"));
  BOOST_REQUIRE_EQUAL(warnings.size(), 1U);
  BOOST_TEST(warnings[0].field == "spec.validations[0].expression");
  BOOST_TEST(warnings[0].warning ==
             "apps/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'replicass'\n"
             " | object.spec.replicass > 1\n | ...........^");
  BOOST_TEST(check_policy_types(policy("variables.spec.replicas > '1'")).size() == 1U);
}

BOOST_AUTO_TEST_CASE(only_kinds_that_are_named_are_looked_at) {
  BOOST_TEST(check_policy_types(policy("object.nothing", "*")).empty());
  BOOST_TEST(check_policy_types(policy("object.nothing", "bogus")).empty());
}

BOOST_AUTO_TEST_SUITE_END()
