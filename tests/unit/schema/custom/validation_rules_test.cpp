#include "schema/custom/validation_rules.hpp"

#include "schema/base/json.hpp"
#include "schema/custom/structural_schema.hpp"
#include "schema/rules/checks/field.hpp"
#include "schema/rules/kinds/custom_resource_rules.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::schema;

namespace {

std::string shown(const field_errors& errors) {
  std::string all;
  for (const error_cause& cause : errors.causes())
    all += (all.empty() ? "" : "\n") + cause.field + ": " + cause.message;
  return all;
}

/// What the rules of a schema say about an object, one line per complaint.
std::string judge(const json& schema, const json& object, const json* old = nullptr) {
  const custom::schema_node node = custom::compile_schema(schema);
  const auto rules = custom::rule_tree::compile(schema, node);
  field_errors errors;
  if (rules == nullptr) return "no rules";
  rules->judge(object, old, errors);
  return shown(errors);
}

/// What is said of the rules when a definition is written.
std::string check(const json& schema) {
  field_errors errors;
  rules::check_rule_texts(rules::field(schema), errors);
  if (errors.empty()) rules::check_rule_programs(rules::field(schema), errors);
  return shown(errors);
}

json spec_with(const json& spec_schema) {
  return {{"type", "object"}, {"properties", {{"spec", spec_schema}}}};
}

json scaled(const std::string& rule, json more = json::object()) {
  more["rule"] = rule;
  return spec_with({{"type", "object"},
                    {"x-kubernetes-validations", {more}},
                    {"properties",
                     {{"replicas", {{"type", "integer"}}},
                      {"most", {{"type", "integer"}}},
                      {"max-age", {{"type", "string"}, {"format", "duration"}}},
                      {"port", {{"x-kubernetes-int-or-string", true}}},
                      {"namespace", {{"type", "string"}}}}}});
}

json spec(const json& members) { return {{"spec", members}}; }

} // namespace

BOOST_AUTO_TEST_SUITE(validation_rules)

BOOST_AUTO_TEST_CASE(a_schema_without_rules_has_no_tree) {
  BOOST_TEST(judge(spec_with({{"type", "object"}}), spec(json::object())) == "no rules");
}

BOOST_AUTO_TEST_CASE(a_broken_rule_is_told_with_its_message) {
  const json object = spec({{"replicas", 5}, {"most", 3}});
  BOOST_TEST(judge(scaled("self.replicas <= self.most"), object) ==
             "spec: Invalid value: \"object\": failed rule: self.replicas <= self.most");
  BOOST_TEST(judge(scaled("self.replicas <= self.most", {{"message", " too many "}}), object) ==
             "spec: Invalid value: \"object\": too many");
  BOOST_TEST(judge(scaled("self.replicas <= self.most",
                          {{"messageExpression", "'%d is more than %d'.format([self.replicas, self.most])"}}),
                   object) == "spec: Invalid value: \"object\": 5 is more than 3");
  // A message that cannot be made gives way to the one that is written.
  BOOST_TEST(judge(scaled("self.replicas <= self.most",
                          {{"message", "too many"}, {"messageExpression", "string(self.replicas / 0)"}}),
                   object) == "spec: Invalid value: \"object\": too many");
  BOOST_TEST(judge(scaled("self.replicas <= self.most"), spec({{"replicas", 2}, {"most", 3}})) == "");
}

BOOST_AUTO_TEST_CASE(reason_and_place_are_the_rules) {
  const json object = spec({{"replicas", 5}, {"most", 3}});
  const std::string rule = "self.replicas <= self.most";
  BOOST_TEST(judge(scaled(rule, {{"reason", "FieldValueForbidden"}, {"message", "no"}}), object) ==
             "spec: Forbidden: no");
  BOOST_TEST(judge(scaled(rule, {{"reason", "FieldValueRequired"}, {"message", "no"}}), object) ==
             "spec: Required value: no");
  BOOST_TEST(judge(scaled(rule, {{"reason", "FieldValueDuplicate"}, {"message", "no"}}), object) ==
             "spec: Duplicate value: \"object\"");
  BOOST_TEST(judge(scaled(rule, {{"fieldPath", ".replicas"}, {"message", "no"}}), object) ==
             "spec.replicas: Invalid value: \"object\": no");
}

BOOST_AUTO_TEST_CASE(a_rule_that_fails_to_run_refuses) {
  BOOST_TEST(judge(scaled("self.replicas > 1"), spec(json::object())) ==
             "spec: Invalid value: \"object\": no such key: replicas evaluation rule: self.replicas > 1");
  BOOST_TEST(judge(scaled("self.port + 1 > 0"), spec({{"port", "http"}})) ==
             "spec: Invalid value: \"object\": 'no such overload': call arguments did not match a supported "
             "operator, function or macro signature for rule: self.port + 1 > 0");
  BOOST_TEST(judge(scaled("self.replicas >"), spec({{"replicas", 1}}))
                 .find("rule compile error: compilation failed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(names_and_formats_are_the_schemas) {
  BOOST_TEST(judge(scaled("self.max__dash__age < duration('1h')"), spec({{"max-age", "90m"}})) ==
             "spec: Invalid value: \"object\": failed rule: self.max__dash__age < duration('1h')");
  BOOST_TEST(judge(scaled("self.__namespace__ == 'a'"), spec({{"namespace", "a"}})) == "");
  BOOST_TEST(judge(scaled("has(self.port) && type(self.port) == int"), spec({{"port", 80}})) == "");
}

BOOST_AUTO_TEST_CASE(a_rule_about_the_whole_object_sees_its_name) {
  const json schema{{"type", "object"},
                    {"x-kubernetes-validations", {{{"rule", "self.metadata.name == 'one'"}}}}};
  BOOST_TEST(check(schema) == "");
  BOOST_TEST(judge(schema, {{"kind", "A"}, {"metadata", {{"name", "two"}}}}) ==
             "<nil>: Invalid value: \"object\": failed rule: self.metadata.name == 'one'");
  const json nosy{{"type", "object"},
                  {"x-kubernetes-validations", {{{"rule", "self.metadata.labels.size() > 0"}}}}};
  BOOST_TEST(check(nosy).find("undefined field 'labels'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(transitions_are_judged_on_updates) {
  const json schema = scaled("self.replicas >= oldSelf.replicas");
  const json old = spec({{"replicas", 3}});
  BOOST_TEST(judge(schema, spec({{"replicas", 1}})) == "");
  BOOST_TEST(judge(schema, spec({{"replicas", 1}}), &old) ==
             "spec: Invalid value: \"object\": failed rule: self.replicas >= oldSelf.replicas");
  const json optional = scaled("oldSelf.hasValue() || self.replicas == 1", {{"optionalOldSelf", true}});
  BOOST_TEST(judge(optional, spec({{"replicas", 2}})) != "");
  BOOST_TEST(judge(optional, spec({{"replicas", 2}}), &old) == "");
}

BOOST_AUTO_TEST_CASE(what_nobody_touched_stays_good) {
  const json schema = scaled("self.replicas <= 2");
  const json old{{"spec", {{"replicas", 5}}}, {"metadata", {{"name", "a"}}}};
  const json same{{"spec", {{"replicas", 5}}}, {"metadata", {{"name", "a"}, {"labels", {{"x", "y"}}}}}};
  BOOST_TEST(judge(schema, same, &old) == "");
  const json other{{"spec", {{"replicas", 6}}}, {"metadata", {{"name", "a"}}}};
  BOOST_TEST(judge(schema, other, &old) ==
             "spec: Invalid value: \"object\": failed rule: self.replicas <= 2");
}

BOOST_AUTO_TEST_CASE(items_of_lists_with_keys_are_told_apart_by_them) {
  json item{{"type", "object"},
            {"required", {"name"}},
            {"x-kubernetes-validations", {{{"rule", "self.size >= oldSelf.size"}}}},
            {"properties", {{"name", {{"type", "string"}}}, {"size", {{"type", "integer"}}}}}};
  json list{{"type", "array"}, {"items", item}};
  const auto schema = [&] { return spec_with({{"type", "object"}, {"properties", {{"parts", list}}}}); };
  BOOST_TEST(
      check(schema()) ==
      "properties[spec].properties[parts].items.x-kubernetes-validations[0].rule: Invalid value: "
      "\"self.size >= oldSelf.size\": oldSelf cannot be used on the uncorrelatable portion of the schema "
      "within properties[spec].properties[parts]");
  list["x-kubernetes-list-type"] = "map";
  list["x-kubernetes-list-map-keys"] = {"name"};
  BOOST_TEST(check(schema()) == "");
  const auto parts = [](int a, int b) {
    return spec({{"parts", {{{"name", "b"}, {"size", b}}, {{"name", "a"}, {"size", a}}}}});
  };
  const json old = spec({{"parts", {{{"name", "a"}, {"size", 3}}, {{"name", "b"}, {"size", 5}}}}});
  BOOST_TEST(judge(schema(), parts(3, 5), &old) == "");
  BOOST_TEST(judge(schema(), parts(2, 5), &old) ==
             "spec.parts[1]: Invalid value: \"object\": failed rule: self.size >= oldSelf.size");
}

BOOST_AUTO_TEST_CASE(members_of_maps_are_judged_at_their_key) {
  const json schema =
      spec_with({{"type", "object"},
                 {"additionalProperties",
                  {{"type", "string"}, {"x-kubernetes-validations", {{{"rule", "self.size() < 3"}}}}}}});
  BOOST_TEST(judge(schema, spec({{"a.b", "long"}, {"c", "ok"}})) ==
             "spec[a.b]: Invalid value: \"string\": failed rule: self.size() < 3");
}

BOOST_AUTO_TEST_CASE(rules_that_do_not_compile_are_refused) {
  BOOST_TEST(
      check(scaled("self.replicas")) ==
      "properties[spec].x-kubernetes-validations[0].rule: Invalid value: "
      R"({"Rule":"self.replicas","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null})"
      ": cel expression must evaluate to a bool");
  BOOST_TEST(check(scaled("self.missing > 1"))
                 .find("compilation failed: ERROR: <input>:1:5: undefined field 'missing'\n | self.missing > "
                       "1\n | ....^") != std::string::npos);
  BOOST_TEST(check(scaled("self.replicas > 'a'"))
                 .find("found no matching overload for '_>_' applied to '(int, string)'") !=
             std::string::npos);
  BOOST_TEST(check(scaled("nobody")).find("undeclared reference to 'nobody'") != std::string::npos);
  BOOST_TEST(check(scaled("self.replicas > 1", {{"messageExpression", "self.replicas"}}))
                 .find("messageExpression must evaluate to a string") != std::string::npos);
  BOOST_TEST(check(scaled(" ")) ==
             "properties[spec].x-kubernetes-validations[0].rule: Required value: rule is not specified");
  BOOST_TEST(
      check(scaled("true", {{"message", "a\nb"}})) ==
      "properties[spec].x-kubernetes-validations[0].message: Invalid value: \"a\\nb\": message must not "
      "contain line breaks");
  BOOST_TEST(check(scaled("true", {{"reason", "Because"}})).find("Unsupported value: \"Because\"") !=
             std::string::npos);
  BOOST_TEST(check(scaled("true", {{"fieldPath", ".bogus"}})).find("does not refer to a valid field") !=
             std::string::npos);
  BOOST_TEST(check(scaled("true", {{"optionalOldSelf", true}})).find("may not be set to true") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(all_rules_of_one_object_together_are_bounded) {
  // One item costs little; half a million of them cost more than an object may.
  const json schema =
      spec_with({{"type", "array"},
                 {"items",
                  {{"type", "integer"},
                   {"x-kubernetes-validations",
                    {{{"rule", "[1,2,3,4,5,6,7,8,9].all(x, [1,2,3,4,5,6,7,8,9].all(y, self > 0))"}}}}}}});
  const std::string said = judge(schema, {{"spec", std::vector<int>(50'000, 1)}});
  BOOST_TEST(
      said.find(
          "validation failed due to running out of cost budget, no further validation rules will be run") !=
      std::string::npos);
  BOOST_TEST(std::ranges::count(said, '\n') == 0);
  const json endless = spec_with(
      {{"type", "array"},
       {"items", {{"type", "integer"}}},
       {"x-kubernetes-validations", {{{"rule", "self.all(a, self.all(b, self.all(c, a + b + c > 0)))"}}}}});
  BOOST_TEST(judge(endless, {{"spec", std::vector<int>(1000, 1)}}).find("call cost exceeds limit for rule") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
