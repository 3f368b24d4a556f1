#include "schema/custom/shape_object.hpp"

#include "schema/base/json.hpp"
#include "schema/base/rng.hpp"
#include "schema/custom/structural_schema.hpp"
#include "schema/custom/validate_value.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::schema;
using custom::schema_node;

namespace {

const json widget_schema = json::parse(R"({
  "type": "object", "required": ["spec"],
  "properties": {
    "spec": {"type": "object", "required": ["size"], "properties": {
      "size": {"type": "integer", "minimum": 1, "maximum": 9},
      "mode": {"type": "string", "enum": ["a", "b"], "default": "a"},
      "opt": {"type": "string", "nullable": true},
      "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true,
               "properties": {"known": {"type": "object", "properties": {"a": {"type": "integer"}}}}},
      "m": {"type": "object", "additionalProperties": {"type": "object", "properties": {"x": {"type": "integer", "default": 3}}}},
      "items": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
                "items": {"type": "object", "required": ["k"],
                          "properties": {"k": {"type": "string"}, "v": {"type": "integer", "default": 7}}}},
      "tpl": {"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true}}},
    "status": {"type": "object", "properties": {"ready": {"type": "boolean"}}}}})");

const schema_node& widget() {
  static const schema_node node = custom::compile_schema(widget_schema);
  return node;
}

std::string joined(const std::vector<std::string>& list) {
  std::string all;
  for (const std::string& one : list) all += one + " ";
  return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(custom_object_shape)

BOOST_AUTO_TEST_CASE(what_the_schema_does_not_know_goes) {
  json object = json::parse(R"({"apiVersion": "g/v1", "kind": "W", "metadata": {"name": "w"}, "other": 1,
    "spec": {"size": 1, "x": 1, "items": [{"k": "1", "y": 2}], "m": {"one": {"x": 1, "z": 1}},
             "free": {"anything": {"goes": [1]}, "known": {"a": 1, "b": 2}},
             "tpl": {"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {}}, "spec": {"any": 1}}}})");
  const auto unknown = custom::prune(widget(), object);
  BOOST_TEST(joined(unknown) == "other spec.free.known.b spec.items[0].y spec.m.one.z spec.x ");
  BOOST_TEST(object == json::parse(R"({"apiVersion": "g/v1", "kind": "W", "metadata": {"name": "w"},
    "spec": {"size": 1, "items": [{"k": "1"}], "m": {"one": {"x": 1}},
             "free": {"anything": {"goes": [1]}, "known": {"a": 1}},
             "tpl": {"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {}}, "spec": {"any": 1}}}})"));
}

BOOST_AUTO_TEST_CASE(nulls_stay_where_they_are_allowed_or_will_be_defaulted) {
  json object =
      json::parse(R"({"spec": {"size": null, "mode": null, "opt": null, "m": {"a": null}}, "status": null})");
  custom::drop_nulls(widget(), object);
  BOOST_TEST(object == json::parse(R"({"spec": {"mode": null, "opt": null, "m": {}}})"));
  custom::fill_defaults(widget(), object);
  BOOST_TEST(object == json::parse(R"({"spec": {"mode": "a", "opt": null, "m": {}}})"));
}

BOOST_AUTO_TEST_CASE(defaults_go_where_their_parents_are) {
  json object =
      json::parse(R"({"spec": {"items": [{"k": "1"}, {"k": "2", "v": 1}], "m": {"a": {}, "b": {"x": 1}}}})");
  custom::fill_defaults(widget(), object);
  BOOST_TEST(object ==
             json::parse(R"({"spec": {"mode": "a", "items": [{"k": "1", "v": 7}, {"k": "2", "v": 1}],
                                                "m": {"a": {"x": 3}, "b": {"x": 1}}}})"));
  json empty = json::object();
  custom::fill_defaults(widget(), empty);
  BOOST_TEST(empty == json::object());
}

BOOST_AUTO_TEST_CASE(metadata_has_the_form_of_metadata) {
  json object = json::parse(
      R"({"metadata": {"name": "w", "bogus": 1}, "spec": {"tpl": {"metadata": {"name": "p", "wrong": {}}}}})");
  auto unknown = custom::read_metadata(widget(), object, custom::bad_metadata::refuse);
  BOOST_REQUIRE(unknown.has_value());
  BOOST_TEST(joined(*unknown) == "metadata.bogus spec.tpl.metadata.wrong ");
  BOOST_TEST(object ==
             json::parse(R"({"metadata": {"name": "w"}, "spec": {"tpl": {"metadata": {"name": "p"}}}})"));

  json broken = json::parse(R"({"metadata": {"name": "w", "labels": {"a": 1}}})");
  json stored = broken;
  BOOST_TEST(!custom::read_metadata(widget(), broken, custom::bad_metadata::refuse).has_value());
  BOOST_TEST(custom::read_metadata(widget(), stored, custom::bad_metadata::drop).has_value());
  BOOST_TEST(stored == json::parse(R"({"metadata": {"name": "w"}})"));
}

namespace {

/// A value of any shape, with the names a widget has among others.
json random_value(random_source& random, int depth) {
  static const std::vector<std::string> names{"spec", "size",   "mode", "opt", "free", "known",
                                              "m",    "items",  "k",    "v",   "tpl",  "metadata",
                                              "kind", "status", "a",    "x"};
  static const std::vector<json> scalars{nullptr, true, 0, 5, -3, 2.5, "", "a", "c", "long text"};
  const std::uint64_t kind = random.next() % (depth > 0 ? 5 : 2);
  if (kind < 2) return scalars[random.next() % scalars.size()];
  json value = kind < 4 ? json::object() : json::array();
  for (std::uint64_t left = random.next() % 5; left > 0; --left) {
    if (value.is_array())
      value.push_back(random_value(random, depth - 1));
    else
      value[names[random.next() % names.size()]] = random_value(random, depth - 1);
  }
  return value;
}

} // namespace

/// Shaping twice is shaping once, it never adds what validation of unknown members would see, and no input
/// makes any step do more than refuse.
BOOST_AUTO_TEST_CASE(random_objects_settle) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    seeded_random_source random(seed);
    json object = random_value(random, 5);
    if (!object.is_object()) object = json::object();
    BOOST_TEST_CONTEXT("seed " << seed << " " << object.dump()) {
      custom::prune(widget(), object);
      custom::drop_nulls(widget(), object);
      custom::fill_defaults(widget(), object);
      const json once = object;
      BOOST_TEST(custom::prune(widget(), object).empty());
      custom::drop_nulls(widget(), object);
      custom::fill_defaults(widget(), object);
      BOOST_TEST(object == once);
      field_errors errors;
      custom::validate_value(widget(), object, nullptr, {}, errors);
      custom::validate_lists(widget(), object, errors);
      custom::validate_embedded(widget(), object, errors);
      // Unchanged objects pass whatever is wrong with them.
      field_errors again;
      custom::validate_value(widget(), object, &object, {}, again);
      BOOST_TEST(again.empty());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
