#include "schema/base/json.hpp"
#include "schema/codec/decode.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/object/version_views.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::schema;

namespace {

json normal(const resource_type& type, const char* text) {
  const auto done = decode_object(body_kind_of(type), body_format::json, text, field_validation::strict);
  BOOST_REQUIRE_MESSAGE(done.has_value(), (done.has_value() ? std::string() : done.error().message));
  return done->object;
}

json without_kind(json object) {
  object.erase("kind");
  object.erase("apiVersion");
  return object;
}

} // namespace

BOOST_AUTO_TEST_SUITE(version_views)

BOOST_AUTO_TEST_CASE(an_event_is_shown_in_both_groups) {
  const resource_type& core = builtin("", "events");
  const resource_type& events = builtin("events.k8s.io", "events");
  const json made =
      normal(events, R"({"metadata":{"name":"e","namespace":"n"},"eventTime":"2026-01-01T00:00:00.000000Z",
    "reportingController":"x.y/z","reportingInstance":"i","action":"A","reason":"R","type":"Normal","note":"hello",
    "regarding":{"kind":"Pod","name":"p"},"deprecatedCount":3})");
  std::string bytes = encode_object(events, made, {});
  stamp_revision(bytes, revision(5));
  const auto view = object_view::open(bytes);
  BOOST_REQUIRE(view.has_value());
  BOOST_TEST(view->resource().value == core.id.value);
  BOOST_TEST(view->selectable("involvedObject.kind") == "Pod");
  BOOST_TEST(view->to_json(core) == json::parse(R"({"apiVersion":"v1","kind":"Event",
    "metadata":{"name":"e","namespace":"n","resourceVersion":"5"},"eventTime":"2026-01-01T00:00:00.000000Z",
    "reportingComponent":"x.y/z","reportingInstance":"i","action":"A","reason":"R","type":"Normal","message":"hello",
    "involvedObject":{"kind":"Pod","name":"p"},"count":3,"source":{},"firstTimestamp":null,"lastTimestamp":null})"));
  json shown = view->to_json(events);
  shown["metadata"].erase("resourceVersion");
  BOOST_TEST(shown == made);
  for (const resource_type* type : {&core, &events}) {
    std::string text;
    view->append_as(text, *type, true);
    BOOST_TEST(json::parse(text) == view->to_json(*type));
    text.clear();
    view->append_as(text, *type, false);
    BOOST_TEST(json::parse(text) == without_kind(view->to_json(*type)));
  }
}

BOOST_AUTO_TEST_CASE(an_autoscaler_of_the_first_version_has_one_metric) {
  const resource_type& first = *find_resource("autoscaling", "v1", "horizontalpodautoscalers");
  const resource_type& second = builtin("autoscaling", "horizontalpodautoscalers");
  const json made =
      normal(first, R"({"metadata":{"name":"h"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"d"},
    "minReplicas":1,"maxReplicas":3,"targetCPUUtilizationPercentage":80},"status":{"currentCPUUtilizationPercentage":5,
    "currentReplicas":1,"desiredReplicas":2}})");
  const json stored = to_stored_view(first, made);
  BOOST_TEST(
      json_text(stored["spec"]["metrics"]) ==
      R"([{"resource":{"name":"cpu","target":{"averageUtilization":80,"type":"Utilization"}},"type":"Resource"}])");
  BOOST_TEST(without_kind(from_stored_view(first, stored)) == without_kind(made));
  BOOST_TEST((&second == resource_of(first.stored_as).get()));
}

BOOST_AUTO_TEST_CASE(what_the_first_version_cannot_say_is_not_lost) {
  const resource_type& first = *find_resource("autoscaling", "v1", "horizontalpodautoscalers");
  const resource_type& second = builtin("autoscaling", "horizontalpodautoscalers");
  const json made = without_kind(
      normal(second, R"({"metadata":{"name":"h"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"d"},
    "maxReplicas":3,"behavior":{"scaleDown":{"stabilizationWindowSeconds":30}},"metrics":[
    {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}},
    {"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"1Gi"}}}]},
    "status":{"desiredReplicas":1,"currentMetrics":null,"conditions":[{"type":"AbleToScale","status":"True"}]}})"));
  const json shown = from_stored_view(first, made);
  BOOST_TEST(shown["spec"]["targetCPUUtilizationPercentage"] == 50);
  BOOST_TEST(!shown["spec"].contains("metrics"));
  BOOST_TEST(without_kind(to_stored_view(first, shown)) == made);
}

BOOST_AUTO_TEST_CASE(annotations_that_say_nonsense_do_no_harm) {
  const resource_type& first = *find_resource("autoscaling", "v1", "horizontalpodautoscalers");
  for (const char* nonsense : {"{", "5", "{\\\"a\\\":1}", "[{\\\"type\\\":5}]"}) {
    const std::string text =
        std::string(R"({"metadata":{"name":"h","annotations":{"autoscaling.alpha.kubernetes.io/metrics":")") +
        nonsense + R"("}},"spec":{"maxReplicas":3,"targetCPUUtilizationPercentage":7}})";
    const json stored = to_stored_view(first, normal(first, text.c_str()));
    BOOST_TEST(stored["spec"]["maxReplicas"] == 3);
  }
}

BOOST_AUTO_TEST_SUITE_END()
