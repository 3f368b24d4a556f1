// Custom kinds through the same doors as built-in ones: decoding, writing, patching, storing, printing,
// describing.

#include "schema/base/clock.hpp"
#include "schema/base/json.hpp"
#include "schema/base/rng.hpp"
#include "schema/codec/decode.hpp"
#include "schema/custom/definition.hpp"
#include "schema/discovery/documents.hpp"
#include "schema/discovery/openapi.hpp"
#include "schema/object/converted_object.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/print/table.hpp"
#include "schema/tables/custom_rows.hpp"
#include "schema/write/prepare.hpp"
#include "schema/write/scale.hpp"

#include <array>
#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::schema;

namespace {

json widget_definition() {
  return json::parse(R"({
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.test.example.com", "uid": "u-1"},
    "spec": {"group": "test.example.com", "scope": "Namespaced",
      "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList",
                "shortNames": ["wd"], "categories": ["all"]},
      "versions": [
        {"name": "v1beta1", "served": true, "storage": false, "deprecated": true,
         "schema": {"openAPIV3Schema": {"type": "object", "properties": {
            "spec": {"type": "object", "properties": {"size": {"type": "integer"}, "old": {"type": "string"}}}}}}},
        {"name": "v1", "served": true, "storage": true,
         "schema": {"openAPIV3Schema": {"type": "object", "required": ["spec"], "properties": {
            "spec": {"type": "object", "description": "What is wanted.", "required": ["size"], "properties": {
               "size": {"type": "integer", "minimum": 1}, "mode": {"type": "string", "default": "a"},
               "selector": {"type": "string"},
               "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
               "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"],
                         "items": {"type": "object", "required": ["port"], "properties": {
                            "port": {"type": "integer"}, "protocol": {"type": "string", "default": "UDP"}, "name": {"type": "string"}}}}}},
            "status": {"type": "object", "properties": {"replicas": {"type": "integer"}, "phase": {"type": "string", "enum": ["x", "y"]}}}}}},
         "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.replicas",
                                                  "labelSelectorPath": ".spec.selector"}},
         "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
                                      {"name": "Mode", "type": "string", "jsonPath": ".spec.mode", "priority": 1},
                                      {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}],
         "selectableFields": [{"jsonPath": ".spec.mode"}]}]},
    "status": {"acceptedNames": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList",
                                 "shortNames": ["wd"], "categories": ["all"]},
               "conditions": [{"type": "Established", "status": "True"}]}})");
}

constexpr resource_id number{0x1234};

void publish(const std::vector<json>& definitions) {
  static std::uint64_t generation = 1000;
  std::vector<resource_handle> served;
  std::vector<resource_handle> stored;
  std::uint16_t id = first_row_id;
  for (const json& object : definitions) {
    std::vector<resource_id> ids;
    for (std::size_t i = 0; i < object["spec"]["versions"].size(); ++i) ids.emplace_back(id++);
    const auto made = custom::definition::compile(object, {number, ids});
    for (const resource_type* row : made->served()) served.push_back(custom::handle_of(made, *row));
    stored.push_back(custom::handle_of(made, made->stored_row()));
  }
  custom_rows::publish(
      std::make_shared<const custom_rows>(++generation, std::move(served), std::move(stored)));
}

std::string refusal(const result<prepared_write>& outcome) {
  return outcome.has_value() ? "accepted" : outcome.error().message;
}

struct served_widgets {
  served_widgets() {
    publish({widget_definition()});
    v1 = find_resource("test.example.com", "v1", "widgets");
    v1beta1 = find_resource("test.example.com", "v1beta1", "widgets");
    BOOST_REQUIRE(v1 != nullptr);
    BOOST_REQUIRE(v1beta1 != nullptr);
  }
  ~served_widgets() { publish({}); }

  write_context context(const resource_handle& type, std::string_view subresource = {}) {
    return {.type = *type,
            .subresource = subresource,
            .space = "default",
            .name = "w",
            .now = clock.wall_now(),
            .random = random,
            .field_manager = "tester",
            .validation = field_validation::strict};
  }

  json create(const json& body) {
    auto made = prepare_create(context(v1), body_format::json, body.dump());
    BOOST_REQUIRE_MESSAGE(made.has_value(), refusal(made));
    json object = made->object;
    object["metadata"]["resourceVersion"] = "7";
    return object;
  }

  manual_clock_source clock{wall_time{std::chrono::seconds{1'700'000'000}}};
  seeded_random_source random{1};
  resource_handle v1;
  resource_handle v1beta1;
};

json widget(const json& spec) {
  return {{"apiVersion", "test.example.com/v1"},
          {"kind", "Widget"},
          {"metadata", {{"name", "w"}}},
          {"spec", spec}};
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(custom_kinds, served_widgets)

BOOST_AUTO_TEST_CASE(a_definition_adds_rows) {
  BOOST_TEST(v1->kind == "Widget");
  BOOST_TEST(v1->namespaced);
  BOOST_TEST(v1->stored_as.value == number.value);
  BOOST_TEST(v1beta1->stored_as.value == number.value);
  BOOST_TEST((find_kind("test.example.com", "v1", "Widget") == v1));
  BOOST_TEST((resource_of(v1beta1->id) == v1beta1));
  BOOST_TEST((resource_of(number) == v1)); // what objects are stored as
  BOOST_TEST(v1->subresource("status") != nullptr);
  BOOST_TEST(v1->subresource("scale") != nullptr);
  BOOST_TEST(v1beta1->subresource("status") == nullptr);
  BOOST_TEST(v1beta1->custom->deprecation ==
             "test.example.com/v1beta1 Widget is deprecated; use test.example.com/v1 Widget");
}

/// Whoever holds a row goes on with it; the row goes when nobody does.
BOOST_AUTO_TEST_CASE(rows_live_as_long_as_somebody_holds_them) {
  const std::weak_ptr<const resource_type> watched = v1;
  const std::string_view plural = v1->plural;
  publish({});
  BOOST_TEST(find_resource("test.example.com", "v1", "widgets").get() == nullptr);
  BOOST_TEST(plural == "widgets");
  v1.reset();
  BOOST_TEST(!watched.expired()); // the other version is held, and with it the definition
  v1beta1.reset();
  BOOST_TEST(watched.expired());
}

BOOST_AUTO_TEST_CASE(ten_thousand_changes_leave_one_definition) {
  std::weak_ptr<const resource_type> first = v1;
  v1.reset();
  v1beta1.reset();
  json definition = widget_definition();
  for (int i = 0; i < 10'000; ++i) {
    definition["spec"]["versions"][1]["schema"]["openAPIV3Schema"]["description"] = std::to_string(i);
    publish({definition});
    BOOST_REQUIRE(first.expired());
    first = find_resource("test.example.com", "v1", "widgets");
    BOOST_REQUIRE(!first.expired());
  }
}

BOOST_AUTO_TEST_CASE(a_definition_is_only_served_once_it_is_established) {
  json definition = widget_definition();
  definition["status"]["conditions"] = json::array();
  publish({definition});
  BOOST_TEST(find_resource("test.example.com", "v1", "widgets").get() == nullptr);
  BOOST_TEST(resource_of(number).get() != nullptr); // objects there may be can still be cleared away
}

BOOST_AUTO_TEST_CASE(where_a_webhook_converts_nothing_else_does) {
  json definition = widget_definition();
  definition["spec"]["conversion"] = {
      {"strategy", "Webhook"},
      {"webhook",
       {{"conversionReviewVersions", {"v9", "v1"}},
        {"clientConfig",
         {{"caBundle", "QQ=="}, {"service", {{"namespace", "n"}, {"name", "s"}, {"path", "/c"}}}}}}}};
  publish({definition});
  const auto now = find_resource("test.example.com", "v1", "widgets");
  const auto old = find_resource("test.example.com", "v1beta1", "widgets");
  BOOST_REQUIRE((now != nullptr && old != nullptr));
  const custom::conversion_webhook* hook = now->custom->definition->conversion();
  BOOST_REQUIRE(hook != nullptr);
  BOOST_TEST(hook->review_version == "v1");
  BOOST_TEST(hook->authority_pem == "A");
  BOOST_REQUIRE(hook->service.has_value());
  BOOST_TEST(hook->service->port == 443);
  const std::string bytes = encode_object(
      *now, {{"metadata", {{"name", "w"}, {"namespace", "n"}}}, {"spec", {{"size", 1}, {"mode", "b"}}}}, {});
  BOOST_TEST(written_version(bytes) == "v1");
  BOOST_TEST(needs_conversion(bytes, *old));
  BOOST_TEST(!needs_conversion(bytes, *now));
  BOOST_TEST(written_version("no object").empty());
  const auto view = object_view::open(bytes);
  BOOST_REQUIRE(view);
  const auto written = written_row(*view, old);
  BOOST_REQUIRE(written);
  BOOST_TEST((written->get() == now.get()));
  BOOST_TEST(view->to_json(*old)["spec"]["mode"] == "b"); // not pruned by a schema it was not converted to

  definition["spec"]["conversion"] = {{"strategy", "None"}};
  publish({definition});
  const auto renamed = find_resource("test.example.com", "v1beta1", "widgets");
  BOOST_TEST(!needs_conversion(bytes, *renamed));
  BOOST_TEST(!object_view::open(bytes)->to_json(*renamed)["spec"].contains("mode"));
}

BOOST_AUTO_TEST_CASE(bodies_are_read_and_judged) {
  const json made = create(widget({{"size", 3}, {"free", {{"x", {{"y", {1}}}}}}}));
  BOOST_TEST(made["spec"] == json::parse(R"({"size": 3, "mode": "a", "free": {"x": {"y": [1]}}})"));
  BOOST_TEST(made["metadata"]["generation"] == 1);
  BOOST_TEST(
      made["metadata"]["managedFields"][0]["fieldsV1"] ==
      json::parse(
          R"({"f:spec": {".": {}, "f:free": {".": {}, "f:x": {".": {}, "f:y": {}}}, "f:mode": {}, "f:size": {}}})"));

  const auto refused = [&](const std::string& body) {
    return refusal(prepare_create(context(v1), body_format::json, body));
  };
  BOOST_TEST(
      refused(
          R"({"apiVersion":"test.example.com/v1","kind":"Widget","metadata":{"name":"w"},"spec":{"size":1,"size":2,"x":1}})") ==
      "Widget in version \"v1\" cannot be handled as a Widget: strict decoding error: duplicate field "
      "\"spec.size\", unknown field \"spec.x\"");
  BOOST_TEST(
      refused(
          R"({"apiVersion":"test.example.com/v1beta1","kind":"Widget","metadata":{"name":"w"},"spec":{"size":1}})") ==
      "the API version in the data (test.example.com/v1beta1) does not match the expected API version "
      "(test.example.com/v1)");
  BOOST_TEST(
      refused(R"({"metadata":{"name":"w"}})")
          .starts_with(
              "the object provided is unrecognized (must be of type Widget): Object 'Kind' is missing"));
  BOOST_TEST(
      refused(
          R"({"apiVersion":"test.example.com/v1","kind":"Widget","metadata":{"name":"UPPER"},"spec":{"size":1}})")
          .find("metadata.name: Invalid value: \"UPPER\"") != std::string::npos);
  const auto protobuf = prepare_create(context(v1), body_format::protobuf, "k8s");
  BOOST_REQUIRE(!protobuf.has_value());
  BOOST_TEST(http_code(protobuf.error().kind) == 415);
}

BOOST_AUTO_TEST_CASE(groups_of_the_community_need_its_approval) {
  const resource_handle definitions =
      find_resource("apiextensions.k8s.io", "v1", "customresourcedefinitions");
  BOOST_REQUIRE(definitions != nullptr);
  const auto created = [&](const json& annotations) {
    json object = widget_definition();
    object["metadata"] = {{"name", "widgets.x.k8s.io"}, {"annotations", annotations}};
    object["spec"]["group"] = "x.k8s.io";
    write_context about = context(definitions);
    about.space = {};
    about.name = "widgets.x.k8s.io";
    return refusal(prepare_create(about, body_format::json, object.dump()));
  };
  constexpr const char* key = "api-approved.kubernetes.io";
  BOOST_TEST(created({{key, "https://github.com/kubernetes/enhancements/pull/1"}}) == "accepted");
  BOOST_TEST(created({{key, "unapproved, a trial"}}) == "accepted");
  BOOST_TEST(created(json::object())
                 .ends_with("metadata.annotations[api-approved.kubernetes.io]: Required value: protected "
                            "groups must have approval "
                            "annotation \"api-approved.kubernetes.io\", see "
                            "https://github.com/kubernetes/enhancements/pull/1111"));
  BOOST_TEST(created({{key, "yes"}}).find("Invalid value: \"yes\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(status_and_the_rest_are_written_apart) {
  json with_status = widget({{"size", 3}});
  with_status["status"] = {{"replicas", 1}};
  const json made = create(with_status);
  BOOST_TEST(!made.contains("status"));

  auto status = prepare_patch(
      context(v1, "status"), patch_format::merge_patch,
      R"({"spec": {"size": 9}, "status": {"replicas": 2}, "metadata": {"labels": {"a": "b"}}})", &made);
  BOOST_REQUIRE_MESSAGE(status.has_value(), refusal(status));
  BOOST_TEST(status->object["spec"]["size"] == 3);
  BOOST_TEST(status->object["status"]["replicas"] == 2);
  BOOST_TEST(!status->object["metadata"].contains("labels"));
  BOOST_TEST(status->object["metadata"]["generation"] == 1);
  BOOST_TEST(refusal(prepare_patch(context(v1, "status"), patch_format::merge_patch,
                                   R"({"status": {"phase": "z"}})", &made)) ==
             "Widget.test.example.com \"w\" is invalid: status.phase: Unsupported value: \"z\": supported "
             "values: \"x\", \"y\"");

  json current = status->object;
  current["metadata"]["resourceVersion"] = "8";
  auto spec = prepare_patch(context(v1), patch_format::merge_patch,
                            R"({"spec": {"size": 5}, "status": null})", &current);
  BOOST_REQUIRE_MESSAGE(spec.has_value(), refusal(spec));
  BOOST_TEST(spec->object["status"]["replicas"] == 2);
  BOOST_TEST(spec->object["metadata"]["generation"] == 2);
}

BOOST_AUTO_TEST_CASE(a_replacement_must_say_what_it_replaces) {
  const json made = create(widget({{"size", 3}}));
  BOOST_TEST(refusal(prepare_update(context(v1), body_format::json, widget({{"size", 4}}).dump(), made)) ==
             "Widget.test.example.com \"w\" is invalid: metadata.resourceVersion: Invalid value: 0: must be "
             "specified for an update");
  json next = widget({{"size", 4}});
  next["metadata"]["resourceVersion"] = "7";
  BOOST_TEST(refusal(prepare_update(context(v1), body_format::json, next.dump(), made)) == "accepted");
}

BOOST_AUTO_TEST_CASE(the_four_patches) {
  const json made = create(widget({{"size", 3}, {"ports", json::array({{{"port", 1}, {"name", "a"}}})}}));
  const auto patch = [&](patch_format format, const char* body) {
    return prepare_patch(context(v1), format, body, &made);
  };
  auto by_json = patch(patch_format::json_patch, R"([{"op": "replace", "path": "/spec/size", "value": 4}])");
  BOOST_REQUIRE_MESSAGE(by_json.has_value(), refusal(by_json));
  BOOST_TEST(by_json->object["spec"]["size"] == 4);
  auto merged = patch(patch_format::merge_patch, R"({"spec": {"mode": null}})");
  BOOST_REQUIRE(merged.has_value());
  BOOST_TEST(merged->object["spec"]["mode"] == "a"); // gone, and defaulted again
  const auto strategic = patch(patch_format::strategic_merge_patch, R"({"spec": {"size": 4}})");
  BOOST_REQUIRE(!strategic.has_value());
  BOOST_TEST(http_code(strategic.error().kind) == 415);
  BOOST_TEST(refusal(patch(patch_format::merge_patch, R"({"spec": {"nope": 1}})"))
                 .find("unknown field \"spec.nope\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(server_side_apply_knows_the_lists_of_the_schema) {
  const json made = create(widget({{"size", 3}, {"ports", json::array({{{"port", 1}, {"name", "a"}}})}}));
  write_context other = context(v1);
  other.field_manager = "other";
  // Without a protocol this is the port with the default protocol: the one that is there.
  auto applied = prepare_patch(
      other, patch_format::apply,
      R"({"apiVersion": "test.example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"ports": [{"port": 2}, {"port": 1, "name": "a"}]}})",
      &made);
  BOOST_REQUIRE_MESSAGE(applied.has_value(), refusal(applied));
  BOOST_TEST(applied->object["spec"]["ports"] ==
             json::parse(R"([{"port": 2, "protocol": "UDP"}, {"port": 1, "protocol": "UDP", "name": "a"}])"));
  BOOST_TEST(applied->object["spec"]["size"] == 3);
  const auto conflict = prepare_patch(
      other, patch_format::apply,
      R"({"apiVersion": "test.example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 4}})",
      &made);
  BOOST_TEST(refusal(conflict) ==
             "Apply failed with 1 conflict: conflict with \"tester\" using test.example.com/v1: .spec.size");
  const auto unknown = prepare_patch(
      other, patch_format::apply,
      R"({"apiVersion": "test.example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"nope": 4}})",
      &made);
  BOOST_TEST(refusal(unknown).find(".spec.nope: field not declared in schema") != std::string::npos);
  auto fresh = prepare_patch(
      other, patch_format::apply,
      R"({"apiVersion": "test.example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 4}})",
      nullptr);
  BOOST_REQUIRE_MESSAGE(fresh.has_value(), refusal(fresh));
  BOOST_TEST(fresh->object["spec"]["mode"] == "a");
}

BOOST_AUTO_TEST_CASE(scale_shows_and_sets_what_the_definition_says) {
  json made = create(widget({{"size", 3}, {"selector", "a=b"}}));
  const json scale = scale_of(*v1, made);
  BOOST_TEST(scale["spec"]["replicas"] == 3);
  BOOST_TEST(scale["status"] == json::parse(R"({"replicas": 0, "selector": "a=b"})"));
  auto scaled =
      prepare_patch(context(v1, "scale"), patch_format::merge_patch, R"({"spec": {"replicas": 6}})", &made);
  BOOST_REQUIRE_MESSAGE(scaled.has_value(), refusal(scaled));
  BOOST_TEST(scaled->object["spec"]["size"] == 6);
}

BOOST_AUTO_TEST_CASE(objects_are_stored_once_and_shown_in_every_version) {
  const json made = create(widget({{"size", 3}, {"mode", "b"}}));
  std::string bytes = encode_object(*v1, made, {});
  stamp_revision(bytes, revision{12});
  const auto view = object_view::open(bytes);
  BOOST_REQUIRE(view.has_value());
  BOOST_TEST(view->resource().value == number.value);
  BOOST_TEST(view->selectable("spec.mode") == "b");
  BOOST_TEST(view->selectable("spec.none") == "");
  const json old = view->to_json(*v1beta1);
  BOOST_TEST(old["apiVersion"] == "test.example.com/v1beta1");
  BOOST_TEST(old["spec"] == json::parse(R"({"size": 3})"));
  BOOST_TEST(view->to_json(*v1)["spec"] == made["spec"]);

  // What is written in another version is stored in the stored one.
  json beta = made;
  beta["spec"] = {{"size", 4}, {"old", "x"}};
  const std::string from_beta = encode_object(*v1beta1, beta, {});
  const auto stored = object_view::open(from_beta);
  BOOST_REQUIRE(stored.has_value());
  BOOST_TEST(json::parse(stored->text())["spec"] == json::parse(R"({"size": 4})"));
}

BOOST_AUTO_TEST_CASE(objects_of_yesterday_are_read_with_todays_schema) {
  std::string bytes = encode_object(*v1, create(widget({{"size", 3}, {"free", {{"a", 1}}}})), {});
  json definition = widget_definition();
  json& spec =
      definition["spec"]["versions"][1]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"];
  spec.erase("free");
  spec["added"] = {{"type", "integer"}, {"default", 5}};
  definition["spec"]["versions"][1]["selectableFields"].push_back({{"jsonPath", ".spec.size"}});
  publish({definition});
  const auto now = find_resource("test.example.com", "v1", "widgets");
  const auto view = object_view::open(bytes);
  BOOST_TEST(view->to_json(*now)["spec"] == json::parse(R"({"size": 3, "mode": "a", "added": 5})"));
  std::string text;
  view->append_as(text, *now, true);
  BOOST_TEST(json::parse(text)["spec"] == json::parse(R"({"size": 3, "mode": "a", "added": 5})"));
  BOOST_TEST(view->selectable("spec.size") == "3"); // not in the envelope, so from the object
}

BOOST_AUTO_TEST_CASE(tables_have_the_columns_of_the_definition) {
  const std::string bytes = encode_object(*v1, create(widget({{"size", 3}})), {});
  const std::array<std::string_view, 1> one{bytes};
  std::string out;
  BOOST_REQUIRE(
      append_table(out, *v1, one, {"5", {}, {}}, {.now = clock.wall_now() + std::chrono::minutes(5)})
          .has_value());
  const json table = json::parse(out);
  BOOST_TEST(table["columnDefinitions"].size() == 4);
  BOOST_TEST(table["columnDefinitions"][2]["priority"] == 1);
  BOOST_TEST(table["columnDefinitions"][1]["description"] ==
             "Custom resource definition column (in JSONPath format): .spec.size");
  BOOST_TEST(table["rows"][0]["cells"] == json::parse(R"(["w", 3, "a", "5m"])"));
  out.clear();
  BOOST_REQUIRE(append_table(out, *v1beta1, one, {"5", {}, {}}, {.now = clock.wall_now()}).has_value());
  BOOST_TEST(json::parse(out)["columnDefinitions"].size() == 2); // name and age
}

BOOST_AUTO_TEST_CASE(discovery_and_documentation_follow_at_once) {
  const json group = json::parse(*discovery::group("test.example.com"));
  BOOST_TEST(group["preferredVersion"]["version"] == "v1");
  BOOST_TEST(group["versions"].size() == 2);
  const json list = json::parse(*discovery::resource_list("test.example.com", "v1"));
  BOOST_TEST(list["resources"].size() == 3);
  BOOST_TEST(list["resources"][0]["shortNames"] == json::parse(R"(["wd"])"));
  BOOST_TEST(discovery::aggregated_groups().find("\"test.example.com\"") != std::string::npos);
  const json before = json::parse(discovery::openapi_v3_index());
  const json document = json::parse(*discovery::openapi_v3("apis/test.example.com/v1"));
  const json& schema = document["components"]["schemas"]["com.example.test.v1.Widget"];
  BOOST_TEST(schema["properties"]["spec"]["description"] == "What is wanted.");
  BOOST_TEST(schema["x-kubernetes-group-version-kind"][0]["kind"] == "Widget");
  BOOST_TEST(discovery::openapi_v2().find("com.example.test.v1.Widget") != std::string::npos);
  BOOST_TEST(discovery::openapi_v2_protobuf().find("com.example.test.v1.Widget") != std::string::npos);

  json definition = widget_definition();
  definition["spec"]["versions"][1]["schema"]["openAPIV3Schema"]["description"] = "changed";
  publish({definition});
  const json after = json::parse(discovery::openapi_v3_index());
  const char* path = "apis/test.example.com/v1";
  BOOST_TEST(before["paths"][path]["serverRelativeURL"] != after["paths"][path]["serverRelativeURL"]);
  BOOST_TEST(before["paths"]["apis/apps/v1"] == after["paths"]["apis/apps/v1"]);
  BOOST_TEST(discovery::openapi_v3(path)->find("changed") != std::string::npos);
  publish({});
  BOOST_TEST(!discovery::group("test.example.com").has_value());
  BOOST_TEST(!discovery::openapi_v3(path).has_value());
  BOOST_TEST(!discovery::resource_list("test.example.com", "v1").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
