#include "actors/api/selectors.hpp"

#include "actors/api/forms/yaml_text.hpp"
#include "actors/api/list_page.hpp"
#include "actors/api/request_options.hpp"
#include "actors/api/watch_events.hpp"
#include "schema/base/json.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

shared_bytes config_map(json labels) {
  const schema::resource_type& type = schema::builtin("", "configmaps");
  const json object = {
      {"kind", "ConfigMap"},
      {"apiVersion", "v1"},
      {"metadata", {{"name", "x"}, {"namespace", "n"}, {"uid", "u"}, {"labels", std::move(labels)}}}};
  return share_bytes(schema::encode_object(type, object, {}));
}

bool matches(const std::string& selector, json labels) {
  object_selector parsed{*parse_label_selector(selector), {}};
  const shared_bytes bytes = config_map(std::move(labels));
  return parsed.matches(*schema::object_view::open(*bytes));
}

} // namespace

BOOST_AUTO_TEST_SUITE(selectors)

BOOST_AUTO_TEST_CASE(label_selectors_match_as_in_kubernetes) {
  BOOST_TEST(matches("", json::object()));
  BOOST_TEST(matches("a=b", {{"a", "b"}}));
  BOOST_TEST(!matches("a=b", {{"a", "c"}}));
  BOOST_TEST(matches("a!=b", json::object()));
  BOOST_TEST(matches("a", {{"a", ""}}));
  BOOST_TEST(matches("!a", {{"b", ""}}));
  BOOST_TEST(matches("a in (x, y),c", {{"a", "y"}, {"c", "1"}}));
  BOOST_TEST(!matches("a notin (x,y)", {{"a", "x"}}));
  BOOST_TEST(matches("a notin (x,y)", json::object()));
  BOOST_TEST(matches("n>3", {{"n", "4"}}));
  BOOST_TEST(!matches("n<3", {{"n", "3"}}));
  BOOST_TEST(!matches("n>3", {{"n", "many"}}));
}

BOOST_AUTO_TEST_CASE(broken_selectors_say_what_was_expected) {
  BOOST_TEST(parse_label_selector("a===b").error().message ==
             "unable to parse requirement: found '=', expected: identifier");
  BOOST_TEST(parse_label_selector("Bad Key=1").error().message ==
             "unable to parse requirement: found 'Key', expected: in, notin, =, ==, !=, gt, lt");
  for (const char* text : {"a in", "a in (x", "a,,b", "a=b,", "!", "n>x", "a in (x y)"})
    BOOST_TEST(!parse_label_selector(text).has_value(), text);
  const schema::resource_type& secrets = schema::builtin("", "secrets");
  BOOST_TEST(parse_field_selector("x", secrets).error().message ==
             "invalid selector: 'x'; can't understand 'x'");
  BOOST_TEST(parse_field_selector("spec.nope=1", secrets).error().message ==
             "field label not supported: spec.nope");
  const auto fields = parse_field_selector("metadata.name!=a,type==Opaque", secrets);
  BOOST_REQUIRE(fields.has_value());
  BOOST_TEST(
      (*fields == std::vector<field_requirement>{{"metadata.name", "a", true}, {"type", "Opaque", false}}));
}

BOOST_AUTO_TEST_CASE(a_watcher_sees_objects_enter_and_leave_its_selector) {
  const object_selector selector{*parse_label_selector("a=b"), {}};
  const shared_bytes in = config_map({{"a", "b"}});
  const shared_bytes out = config_map({{"a", "c"}});
  const auto seen = [&](storage::event_kind kind, shared_bytes value, shared_bytes previous) {
    return visible_event({kind, revision{5}, {}, std::move(value), std::move(previous)}, selector);
  };
  using storage::event_kind;
  BOOST_TEST((seen(event_kind::added, in, nullptr) == watch_event::added));
  BOOST_TEST((!seen(event_kind::added, out, nullptr)));
  BOOST_TEST((seen(event_kind::modified, in, out) == watch_event::added));
  BOOST_TEST((seen(event_kind::modified, in, in) == watch_event::modified));
  BOOST_TEST((seen(event_kind::modified, out, in) == watch_event::deleted));
  BOOST_TEST((!seen(event_kind::modified, out, out)));
  BOOST_TEST((seen(event_kind::removed, in, in) == watch_event::deleted));
  BOOST_TEST((!seen(event_kind::removed, out, out)));
}

BOOST_AUTO_TEST_CASE(what_left_the_selector_is_shown_as_it_was_at_the_new_revision) {
  event_encoder encoder;
  const schema::resource_type& type = schema::builtin("", "configmaps");
  const storage::store_event event{
      storage::event_kind::modified, revision{9}, {}, config_map({{"a", "c"}}), config_map({{"a", "b"}})};
  const auto line = encoder.encode(type, watch_event::deleted, event, {}, table_objects::metadata, false);
  BOOST_REQUIRE(line.has_value());
  const json shown = json::parse(**line);
  BOOST_TEST(shown["type"] == "DELETED");
  BOOST_TEST(shown["object"]["metadata"]["labels"]["a"] == "b");
  BOOST_TEST(shown["object"]["metadata"]["resourceVersion"] == "9");
  // The same event in the same form is the same bytes.
  BOOST_TEST((encoder.encode(type, watch_event::deleted, event, {}, table_objects::metadata, false)->get() ==
              line->get()));
}

BOOST_AUTO_TEST_CASE(continue_tokens_survive_the_trip_and_nothing_else_does) {
  const continuation place{revision{42}, {"n", "x/y"}, 7};
  const auto back = decode_continuation(encode_continuation(place));
  BOOST_REQUIRE(back.has_value());
  BOOST_TEST((*back == place));
  for (const char* text : {"garbage", "", "!!!", "e30", "bnVsbA"})
    BOOST_TEST(!decode_continuation(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(list_options_refuse_what_cannot_be_combined) {
  const schema::resource_type& type = schema::builtin("", "secrets");
  const auto parse = [&](std::string_view query, bool watch = false) {
    return parse_list_options(query_values::parse(query), type, watch);
  };
  BOOST_TEST(parse("limit=-1")->limit == 0U);
  BOOST_TEST(parse("limit=abc").error().message == "strconv.ParseInt: parsing \"abc\": invalid syntax");
  BOOST_TEST((parse("resourceVersion=abc").error().kind == error_kind::bad_request));
  BOOST_TEST(parse("resourceVersionMatch=Exact").error().message ==
             "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch "
             "is forbidden "
             "unless resourceVersion is provided");
  BOOST_TEST((parse("sendInitialEvents=true").error().kind == error_kind::invalid));
  BOOST_TEST(parse("sendInitialEvents=true&resourceVersionMatch=NotOlderThan", true).has_value());
  BOOST_TEST((parse("sendInitialEvents=true", true).error().kind == error_kind::invalid));
}

BOOST_AUTO_TEST_CASE(write_options_speak_of_their_kind) {
  const auto parse = [](std::string_view query, bool applies = false) {
    return parse_write_options(query_values::parse(query), applies ? "PatchOptions" : "CreateOptions",
                               "kubectl/v1 (x)", applies);
  };
  BOOST_TEST(parse("")->field_manager == "kubectl");
  BOOST_TEST(parse("dryRun=All")->dry_run);
  BOOST_TEST(parse("dryRun=Some").error().message ==
             "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"Some\"]: supported "
             "values: \"All\"");
  BOOST_TEST(
      parse("", true).error().message ==
      "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch");
  BOOST_TEST(
      !parse_delete_options(query_values::parse(""), R"({"propagationPolicy":"Sideways"})").has_value());
  BOOST_TEST(!parse_delete_options(query_values::parse(""), "[]").has_value());
  BOOST_TEST(*parse_delete_options(query_values::parse("gracePeriodSeconds=5"), "")->options.grace_period_s ==
             5);
}

BOOST_AUTO_TEST_CASE(yaml_quotes_what_would_be_read_as_something_else) {
  BOOST_TEST(
      yaml_text(
          {{"a", "true"}, {"b", {1, {{"c", "x"}}}}, {"d", json::object()}, {"e", "plain"}, {"f", "1.5"}}) ==
      "a: \"true\"\nb:\n- 1\n- c: x\nd: {}\ne: plain\nf: \"1.5\"\n");
}

BOOST_AUTO_TEST_SUITE_END()
