#include "schema/custom/validate_value.hpp"

#include "schema/base/json.hpp"
#include "schema/custom/structural_schema.hpp"
#include "schema/custom/text_formats.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::schema;

namespace {

/// What a schema says about a value, one line per complaint.
std::string judge(const char* schema, const char* value, const char* old = nullptr) {
  const custom::schema_node node = custom::compile_schema(json::parse(schema));
  const json now = json::parse(value);
  const json before = old == nullptr ? json() : json::parse(old);
  field_errors errors;
  custom::validate_value(node, now, old == nullptr ? nullptr : &before, {}, errors);
  custom::validate_lists(node, now, errors);
  std::string all;
  for (const error_cause& cause : errors.causes())
    all += (all.empty() ? "" : "\n") + cause.field + ": " + cause.message;
  return all;
}

std::string judge_member(const std::string& schema, const std::string& value) {
  return judge(("{\"type\": \"object\", \"properties\": {\"a\": " + schema + "}}").c_str(),
               ("{\"a\": " + value + "}").c_str());
}

} // namespace

BOOST_AUTO_TEST_SUITE(custom_value_validation)

BOOST_AUTO_TEST_CASE(types) {
  BOOST_TEST(judge_member(R"({"type": "integer"})", "\"3\"") ==
             "a: Invalid value: \"string\": a in body must be of type integer: \"string\"");
  BOOST_TEST(judge_member(R"({"type": "integer"})", "2.0") == "");
  BOOST_TEST(judge_member(R"({"type": "integer"})", "2.5") ==
             "a: Invalid value: \"number\": a in body must be of type integer: \"number\"\n"
             "<nil>: Invalid value: \"\": Checked value must be of type integer (default format) in a");
  BOOST_TEST(judge_member(R"({"type": "number"})", "2") == "");
  BOOST_TEST(judge_member(R"({"type": "boolean"})", "[]") ==
             "a: Invalid value: \"array\": a in body must be of type boolean: \"array\"");
  BOOST_TEST(judge_member(R"({"type": "string"})", "null") ==
             "a: Invalid value: \"null\": a in body must be of type string: \"null\"");
  BOOST_TEST(judge_member(R"({"type": "string", "nullable": true})", "null") == "");
  BOOST_TEST(judge_member(R"({"x-kubernetes-int-or-string": true})", "true") ==
             "a: Invalid value: \"boolean\": a in body must be of type integer,string: \"boolean\"");
  BOOST_TEST(judge_member(R"({"x-kubernetes-int-or-string": true})", "80") == "");
  BOOST_TEST(judge_member(R"({"type": "integer", "format": "int32"})", "3000000000") ==
             "<nil>: Invalid value: \"\": Checked value must be of type integer with format int32 in a");
}

BOOST_AUTO_TEST_CASE(bounds_of_numbers) {
  BOOST_TEST(judge_member(R"({"type": "integer", "minimum": 1})", "0") ==
             "a: Invalid value: 0: a in body should be greater than or equal to 1");
  BOOST_TEST(judge_member(R"({"type": "integer", "maximum": 9, "exclusiveMaximum": true})", "9") ==
             "a: Invalid value: 9: a in body should be less than 9");
  BOOST_TEST(judge_member(R"({"type": "number", "multipleOf": 0.5})", "0.7") ==
             "a: Invalid value: 0.7: a in body should be a multiple of 0.5");
  BOOST_TEST(judge_member(R"({"type": "number", "multipleOf": 0.5})", "1.5") == "");
  BOOST_TEST(judge_member(R"({"type": "integer", "multipleOf": 3})", "7") ==
             "a: Invalid value: 7: a in body should be a multiple of 3");
}

BOOST_AUTO_TEST_CASE(texts) {
  BOOST_TEST(judge_member(R"({"type": "string", "maxLength": 2})", "\"abc\"") ==
             "a: Too long: may not be more than 2 bytes");
  BOOST_TEST(judge_member(R"({"type": "string", "maxLength": 3})", "\"äöü\"") == "");
  BOOST_TEST(judge_member(R"({"type": "string", "minLength": 2})", "\"ä\"") ==
             "a: Invalid value: \"ä\": a in body should be at least 2 chars long");
  BOOST_TEST(judge_member(R"({"type": "string", "pattern": "^[a-z]+$"})", "\"UP\"") ==
             "a: Invalid value: \"UP\": a in body should match '^[a-z]+$'");
  BOOST_TEST(judge_member(R"({"type": "string", "enum": ["a", "b"]})", "\"c\"") ==
             "a: Unsupported value: \"c\": supported values: \"a\", \"b\"");
  BOOST_TEST(judge_member(R"({"type": "string", "format": "date-time"})", "\"yesterday\"") ==
             "a: Invalid value: \"yesterday\": a in body must be of type date-time: \"yesterday\"");
  BOOST_TEST(judge_member(R"({"type": "string", "format": "nobody-knows"})", "\"x\"") == "");
}

/// A pattern that ruins backtracking matchers takes no longer than others here.
BOOST_AUTO_TEST_CASE(patterns_cannot_be_used_to_stop_the_server) {
  const std::string text = "\"" + std::string(100'000, 'a') + "!\"";
  BOOST_TEST(
      judge_member(R"({"type": "string", "pattern": "^(a+)+$"})", text).starts_with("a: Invalid value"));
  BOOST_TEST(custom::text_pattern::complaint("(a") == "error parsing regexp: missing closing ): `(a`");
  BOOST_TEST(custom::text_pattern::complaint("((((a{1000}){1000}){1000}){1000})") != "");
  BOOST_TEST(custom::text_pattern::complaint("^[a-z]([-a-z0-9]*[a-z0-9])?$") == "");
}

BOOST_AUTO_TEST_CASE(members) {
  const char* schema =
      R"({"type": "object", "required": ["a", "b"], "maxProperties": 2, "properties": {"a": {"type": "integer"}}})";
  BOOST_TEST(judge(schema, R"({"a": 1, "b": 2})") == "");
  BOOST_TEST(judge(schema, R"({"c": 1})") == "a: Required value\nb: Required value");
  BOOST_TEST(judge(schema, R"({"a": 1, "b": 2, "c": 3})") == "<nil>: Too many: 3: must have at most 2 items");
  BOOST_TEST(
      judge_member(R"({"type": "object", "additionalProperties": {"type": "integer"}})", R"({"x": "1"})") ==
      "a.x: Invalid value: \"string\": a.x in body must be of type integer: \"string\"");
  BOOST_TEST(judge_member(R"({"type": "object", "minProperties": 1})", "{}") ==
             "a: Invalid value: 0: a in body should have at least 1 properties");
}

BOOST_AUTO_TEST_CASE(lists) {
  BOOST_TEST(
      judge_member(R"({"type": "array", "maxItems": 1, "items": {"type": "integer"}})", R"([1, "x"])") ==
      "a[1]: Invalid value: \"string\": a[1] in body must be of type integer: \"string\"\n"
      "a: Too many: 2: must have at most 1 item");
  BOOST_TEST(judge_member(R"({"type": "array", "minItems": 1})", "[]") ==
             "a: Invalid value: 0: a in body should have at least 1 items");
  BOOST_TEST(
      judge_member(R"({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}})",
                   R"(["a", "b", "a", "a"])") == "a[2]: Duplicate value: \"a\"");
  BOOST_TEST(
      judge_member(
          R"({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k", "l"],
                              "items": {"type": "object"}})",
          R"([{"k": 1}, {"k": 1, "l": 2}, {"k": 1}])") == "a[2]: Duplicate value: {\"k\":1}");
}

BOOST_AUTO_TEST_CASE(combinations) {
  const char* either = R"({"type": "object", "anyOf": [{"required": ["a"]}, {"required": ["b"]}]})";
  BOOST_TEST(judge(either, R"({"b": 1})") == "");
  BOOST_TEST(judge(either, "{}") ==
             "<nil>: Invalid value: \"\": \"\" must validate at least one schema (anyOf)\na: Required value");
  const char* one = R"({"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]})";
  BOOST_TEST(judge(one, R"({"a": 1})") == "");
  BOOST_TEST(judge(one, R"({"a": 1, "b": 1})") == "<nil>: Invalid value: \"\": \"\" must validate one and "
                                                  "only one schema (oneOf). Found 2 valid alternatives");
  const char* all = R"({"type": "object", "allOf": [{"required": ["a"]}, {"required": ["b"]}]})";
  BOOST_TEST(judge(all, R"({"a": 1})") ==
             "b: Required value\n<nil>: Invalid value: \"\": \"\" must validate all the schemas (allOf)");
  const char* none = R"({"type": "object", "not": {"required": ["a"]}})";
  BOOST_TEST(judge(none, R"({"b": 1})") == "");
  BOOST_TEST(judge(none, R"({"a": 1})") ==
             "<nil>: Invalid value: \"\": \"\" must not validate the schema (not)");
}

/// A schema that became stricter does not stop people from editing what was fine before.
BOOST_AUTO_TEST_CASE(what_was_there_before_may_stay) {
  const char* schema =
      R"({"type": "object", "properties": {"a": {"type": "integer", "maximum": 5}, "b": {"type": "integer", "maximum": 5},
    "l": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
          "items": {"type": "object", "properties": {"k": {"type": "string"}, "v": {"type": "integer", "maximum": 5}}}}}})";
  BOOST_TEST(judge(schema, R"({"a": 9, "b": 1})", R"({"a": 9})") == "");
  BOOST_TEST(judge(schema, R"({"a": 8})", R"({"a": 9})") ==
             "a: Invalid value: 8: a in body should be less than or equal to 5");
  BOOST_TEST(judge(schema, R"({"l": [{"k": "y", "v": 1}, {"k": "x", "v": 9}]})",
                   R"({"l": [{"k": "x", "v": 9}]})") == "");
}

BOOST_AUTO_TEST_CASE(formats) {
  struct row {
    const char* format;
    const char* good;
    const char* bad;
  };
  for (const row& one :
       {row{"date", "2024-02-29", "2023-02-29"},
        {"date-time", "2026-01-01T00:00:00Z", "2026-01-01T24:00:00Z"},
        {"duration", "1h30m", "soon"},
        {"duration", "22 ns", "h"},
        {"ipv4", "10.0.0.1", "10.0.0.256"},
        {"ipv6", "2001:db8::1", "10.0.0.1"},
        {"cidr", "10.0.0.0/8", "10.0.0.0/33"},
        {"mac", "00:11:22:aa:bb:cc", "00:11:22:aa:bb"},
        {"uuid", "123E4567-e89b-12d3-a456-426614174000", "123"},
        {"uuid4", "123e4567-e89b-42d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"},
        {"hostname", "www.example.com", "-x"},
        {"email", "me@example.com", "me"},
        {"uri", "https://example.com/a", "not a uri"},
        {"byte", "aGk=", "aGk"},
        {"hexcolor", "#FFFFFF", "#GG"},
        {"rgbcolor", "rgb(1,2,3)", "rgb(1,2,300)"},
        {"isbn10", "0321751043", "0321751044"},
        {"isbn13", "978-0321751041", "978-0321751042"},
        {"creditcard", "4111 1111 1111 1111", "4111 1111 1111 1112"},
        {"ssn", "111-22-3333", "111-22-333"},
        {"bsonobjectid", "507f1f77bcf86cd799439011", "507f"},
        {"k8s-short-name", "web-1", "Web"}}) {
    BOOST_TEST_CONTEXT(one.format) {
      BOOST_TEST(custom::is_known_format(one.format));
      BOOST_TEST(custom::has_format(one.format, one.good));
      BOOST_TEST(!custom::has_format(one.format, one.bad));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
