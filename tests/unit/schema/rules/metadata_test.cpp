#include "schema/base/json.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/kind_rules.hpp"
#include "schema/rules/strategy_table.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>

namespace actord::schema {

// resource_type's members are defined with the resource table; these suites need none of its rows.
namespace {

struct fixture {
  seeded_random_source random{1};
  resource_type type;
  rule_context context{type, {}, {}, random};
  fixture() {
    type.group = "apps";
    type.version = "v1";
    type.kind = "Deployment";
    type.plural = "none-of-the-table";
    type.namespaced = true;
  }
  std::vector<error_cause> check(const json& metadata) {
    field_errors errors;
    validate_metadata_create({{"metadata", metadata}}, errors, context);
    return errors.causes();
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(metadata, fixture)

BOOST_AUTO_TEST_CASE(well_formed_metadata_passes) {
  const json metadata{{"name", "web.1-a"},
                      {"namespace", "default"},
                      {"labels", {{"example.com/a", ""}, {"b", "c"}}},
                      {"finalizers", {"example.com/f"}}};
  BOOST_TEST(check(metadata).empty());
}

BOOST_AUTO_TEST_CASE(names_are_judged_in_the_words_of_the_api) {
  const auto causes = check({{"namespace", "a.b"}, {"generation", -1}});
  BOOST_REQUIRE_EQUAL(causes.size(), 3);
  BOOST_TEST((causes[0] == error_cause{"FieldValueRequired",
                                       "Required value: name or generateName is required", "metadata.name"}));
  BOOST_TEST((causes[1] == error_cause{"FieldValueInvalid", "Invalid value: \"a.b\": must not contain dots",
                                       "metadata.namespace"}));
  BOOST_TEST(
      (causes[2] == error_cause{"FieldValueInvalid", "Invalid value: -1: must be greater than or equal to 0",
                                "metadata.generation"}));
}

BOOST_AUTO_TEST_CASE(kinds_judge_metadata_unless_their_strategy_says_otherwise) {
  for (const resource_type& row : resource_table()) {
    const bool asked = row.group == "authentication.k8s.io" || row.group == "authorization.k8s.io";
    // A binding becomes a change of its pod.
    if (!row.has(verb::create) || row.type == nullptr || asked || row.plural == "bindings") continue;
    const json object{{"metadata", {{"name", "n"}, {"labels", {{"no label!", "x"}}}}}};
    field_errors errors;
    rules_of(row).validate_create(object, errors, {row, {}, {}, random});
    const bool judged = std::ranges::any_of(
        errors.causes(), [](const error_cause& cause) { return cause.field == "metadata.labels"; });
    BOOST_TEST(judged == rules::strategy_of(row).judges_metadata, row.group << '/' << row.plural);
  }
}

BOOST_AUTO_TEST_CASE(a_prefix_may_end_in_a_dash) {
  BOOST_TEST(check({{"generateName", "web-"}, {"name", "web-x"}, {"namespace", "d"}}).empty());
  BOOST_TEST(check({{"generateName", "-"}, {"name", "x"}, {"namespace", "d"}}).at(0).field ==
             "metadata.generateName");
}

BOOST_AUTO_TEST_CASE(owners_name_the_list_in_errors) {
  const auto causes = check({{"name", "a"}, {"namespace", "d"}, {"ownerReferences", {{{"name", "n"}}}}});
  BOOST_REQUIRE_EQUAL(causes.size(), 3);
  BOOST_TEST(causes[0].field == "metadata.ownerReferences.apiVersion");
  BOOST_TEST(causes[0].message == "Invalid value: \"\": version must not be empty");
}

BOOST_AUTO_TEST_CASE(messages_list_each_error_once) {
  field_errors errors;
  errors.required("spec.a");
  errors.required("spec.a");
  BOOST_TEST(invalid_object(type, "x", errors).message ==
             "Deployment.apps \"x\" is invalid: spec.a: Required value");
  errors.not_supported("spec.b", "z", {"p", "q"});
  const error refused = invalid_object(type, "x", errors);
  BOOST_TEST(refused.message ==
             "Deployment.apps \"x\" is invalid: [spec.a: Required value, spec.b: Unsupported "
             "value: \"z\": supported values: \"p\", \"q\"]");
  BOOST_TEST(refused.causes.size() == 3);
  BOOST_TEST(refused.subject->kind == "Deployment");
}

BOOST_AUTO_TEST_CASE(structured_values_are_escaped_as_the_api_does) {
  field_errors errors;
  errors.invalid("a", json{{"k", "<&>"}}, "no");
  errors.invalid("a", "<\n\"", "no");
  BOOST_TEST(errors.causes()[0].message == "Invalid value: {\"k\":\"\\u003c\\u0026\\u003e\"}: no");
  BOOST_TEST(errors.causes()[1].message == "Invalid value: \"<\\n\\\"\": no");
}

BOOST_AUTO_TEST_CASE(identity_does_not_change) {
  const json old{
      {"metadata", {{"name", "a"}, {"uid", "1"}, {"resourceVersion", "5"}, {"deletionTimestamp", "t"}}}};
  json now = old;
  now["metadata"]["uid"] = "2";
  now["metadata"]["finalizers"] = {"example.com/z"};
  field_errors errors;
  validate_metadata_update(now, old, errors, context);
  BOOST_REQUIRE_EQUAL(errors.causes().size(), 2);
  BOOST_TEST(errors.causes()[0].reason == "FieldValueForbidden");
  BOOST_TEST((errors.causes()[1] ==
              error_cause{"FieldValueInvalid", "Invalid value: \"2\": field is immutable", "metadata.uid"}));
}

BOOST_AUTO_TEST_CASE(paths_outgrow_no_limit) {
  const json leaf = 1;
  rules::field place(leaf);
  std::string expected;
  for (int depth = 0; depth < 60; ++depth) {
    place = place.named("a").item(3);
    expected += expected.empty() ? "a[3]" : ".a[3]";
  }
  BOOST_TEST(place.entry("k").path() == expected + "[k]");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace actord::schema
