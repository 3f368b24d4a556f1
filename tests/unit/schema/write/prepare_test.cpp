#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/write/prepare.hpp"
#include "schema/write/scale.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

using namespace actord;
using namespace actord::schema;

namespace {

/// One object that is written again and again, as the object actor and the proposer would.
struct desk {
  explicit desk(const resource_type& of) : type(of) {}

  write_context request(std::string_view subresource = {}) {
    return {.type = type,
            .subresource = subresource,
            .space = type.namespaced ? "n" : "",
            .name = name,
            .now = now,
            .random = random,
            .field_manager = manager,
            .validation = field_validation::strict,
            .force = force,
            .mutate = mutate ? &mutate : nullptr,
            .admit = admit ? &admit : nullptr};
  }

  result<prepared_write> create(const json& body) {
    auto prepared = prepare_create(request(), body_format::json, body.dump());
    return keep(std::move(prepared));
  }
  result<prepared_write> update(const json& body, std::string_view subresource = {}) {
    return keep(prepare_update(request(subresource), body_format::json, body.dump(), stored));
  }
  result<prepared_write> patch(patch_format format, const json& body, std::string_view subresource = {}) {
    return keep(
        prepare_patch(request(subresource), format, body.dump(), stored.is_null() ? nullptr : &stored));
  }

  result<prepared_write> keep(result<prepared_write> prepared) {
    if (prepared && prepared->changed) {
      stored = prepared->object;
      stored["metadata"]["resourceVersion"] = std::to_string(++revision);
    }
    return prepared;
  }

  const resource_type& type;
  std::string name;
  std::string manager = "tester";
  bool force = false;
  admission_step mutate;
  admission_step admit;
  wall_time now{std::chrono::seconds{1'700'000'000}};
  seeded_random_source random{7};
  int revision = 10;
  json stored;
};

json config_map(json extra = json::object()) {
  json object = {
      {"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "c"}}}, {"data", {{"k", "v"}}}};
  object.merge_patch(extra);
  return object;
}

json deployment() {
  return {{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", {{"name", "d"}}},
          {"spec",
           {{"selector", {{"matchLabels", {{"a", "b"}}}}},
            {"template",
             {{"metadata", {{"labels", {{"a", "b"}}}}},
              {"spec", {{"containers", json::array({{{"name", "c"}, {"image", "i"}}})}}}}}}}};
}

const resource_type& config_maps() { return builtin("", "configmaps"); }
const resource_type& deployments() { return builtin("apps", "deployments"); }

void check_refused(const result<prepared_write>& outcome, error_kind kind, std::string_view message) {
  BOOST_REQUIRE(!outcome.has_value());
  BOOST_CHECK_EQUAL(outcome.error().message, message);
  BOOST_CHECK(outcome.error().kind == kind);
}

} // namespace

BOOST_AUTO_TEST_SUITE(preparing_a_create)

BOOST_AUTO_TEST_CASE(fills_in_what_the_server_owns) {
  desk at(config_maps());
  const auto made =
      at.create(config_map({{"metadata", {{"uid", "mine"}, {"creationTimestamp", "2001-01-01T00:00:00Z"}}}}));
  BOOST_REQUIRE(made.has_value());
  const json& metadata = made->object["metadata"];
  BOOST_CHECK_EQUAL(metadata["namespace"], "n");
  BOOST_CHECK_EQUAL(metadata["creationTimestamp"], "2023-11-14T22:13:20Z");
  BOOST_CHECK_EQUAL(metadata["uid"].get<std::string>().size(), 36u);
  BOOST_CHECK_NE(metadata["uid"], "mine");
  BOOST_CHECK(!metadata.contains("resourceVersion"));
  const json owned = {{"apiVersion", "v1"},
                      {"fieldsType", "FieldsV1"},
                      {"fieldsV1", {{"f:data", {{".", json::object()}, {"f:k", json::object()}}}}},
                      {"manager", "tester"},
                      {"operation", "Update"},
                      {"time", "2023-11-14T22:13:20Z"}};
  BOOST_CHECK_EQUAL(metadata["managedFields"], json::array({owned}));
}

BOOST_AUTO_TEST_CASE(makes_up_a_name_that_fits_a_label) {
  desk at(config_maps());
  json body = config_map();
  body["metadata"] = {{"generateName", std::string(70, 'x')}};
  const auto made = at.create(body);
  BOOST_REQUIRE(made.has_value());
  const std::string name = made->object["metadata"]["name"];
  BOOST_CHECK_EQUAL(name.size(), 63u);
  BOOST_CHECK_EQUAL(name.substr(0, 58), std::string(58, 'x'));
}

BOOST_AUTO_TEST_CASE(refuses_another_namespace_and_a_set_resource_version) {
  desk at(config_maps());
  check_refused(at.create(config_map({{"metadata", {{"namespace", "other"}}}})), error_kind::bad_request,
                "the namespace of the provided object does not match the namespace sent on the request");
  check_refused(at.create(config_map({{"metadata", {{"resourceVersion", "5"}}}})), error_kind::internal,
                "resourceVersion should not be set on objects to be created");
}

BOOST_AUTO_TEST_CASE(drops_the_namespace_of_a_cluster_wide_object) {
  desk at(builtin("", "namespaces"));
  const auto made = at.create(
      {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "x"}, {"namespace", "y"}}}});
  BOOST_REQUIRE(made.has_value());
  BOOST_CHECK(!made->object["metadata"].contains("namespace"));
}

BOOST_AUTO_TEST_CASE(what_admission_adds_is_nobodys) {
  desk at(config_maps());
  at.mutate = [](json& object, const json* old) -> result<void> {
    BOOST_CHECK(old == nullptr);
    object["data"]["injected"] = "x";
    return {};
  };
  const auto made = at.create(config_map());
  BOOST_REQUIRE(made.has_value());
  BOOST_CHECK_EQUAL(made->object["data"]["injected"], "x");
  BOOST_CHECK(!made->object["metadata"]["managedFields"][0]["fieldsV1"]["f:data"].contains("f:injected"));
  at.admit = [](json&, const json*) -> result<void> { return error{error_kind::forbidden, "no", {}, {}, 0}; };
  check_refused(at.create(config_map()), error_kind::forbidden, "no");
}

BOOST_AUTO_TEST_CASE(says_once_that_an_owner_is_there_twice) {
  desk at(config_maps());
  const json owner = {{"apiVersion", "v1"}, {"kind", "Pod"}, {"name", "p"}, {"uid", "u1"}};
  const auto made = at.create(config_map({{"metadata", {{"ownerReferences", json::array({owner, owner})}}}}));
  BOOST_REQUIRE(made.has_value());
  BOOST_CHECK_EQUAL(made->object["metadata"]["ownerReferences"].size(), 1u);
  BOOST_REQUIRE_EQUAL(made->warnings.size(), 1u);
  BOOST_CHECK_NE(made->warnings[0].find("duplicate UID(s) observed: u1"), std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(preparing_an_update)

struct stored_config_map : desk {
  stored_config_map() : desk(config_maps()) {
    BOOST_REQUIRE(create(config_map()).has_value());
    name = "c";
    now += std::chrono::minutes(1);
  }
};

BOOST_FIXTURE_TEST_CASE(that_changes_nothing_changes_nothing, stored_config_map) {
  const json before = stored;
  const auto same = update(config_map());
  BOOST_REQUIRE(same.has_value());
  BOOST_CHECK(!same->changed);
  json expected = before;
  expected["metadata"].erase("resourceVersion");
  BOOST_CHECK_EQUAL(same->object, expected);
}

BOOST_FIXTURE_TEST_CASE(keeps_what_identifies_the_object, stored_config_map) {
  const json before = stored;
  json body = config_map({{"data", {{"k", "w"}}}});
  body["metadata"]["creationTimestamp"] = "2001-01-01T00:00:00Z";
  const auto changed = update(body);
  BOOST_REQUIRE(changed.has_value());
  BOOST_CHECK(changed->changed);
  BOOST_CHECK_EQUAL(changed->object["metadata"]["uid"], before["metadata"]["uid"]);
  BOOST_CHECK_EQUAL(changed->object["metadata"]["creationTimestamp"],
                    before["metadata"]["creationTimestamp"]);
  BOOST_CHECK_EQUAL(changed->object["metadata"]["managedFields"][0]["time"], "2023-11-14T22:14:20Z");
  BOOST_CHECK(changed->expected_revision.empty());
}

BOOST_FIXTURE_TEST_CASE(meets_its_preconditions_or_conflicts, stored_config_map) {
  json body = config_map({{"data", {{"k", "w"}}}, {"metadata", {{"resourceVersion", "3"}}}});
  check_refused(
      update(body), error_kind::conflict,
      "Operation cannot be fulfilled on configmaps \"c\": the object has been modified; please apply your "
      "changes to the latest version and try again");
  body["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"];
  const auto changed = update(body);
  BOOST_REQUIRE(changed.has_value());
  BOOST_CHECK_EQUAL(changed->expected_revision, "11");
  const std::string uid = stored["metadata"]["uid"];
  check_refused(
      update(config_map({{"metadata", {{"uid", "u"}}}})), error_kind::conflict,
      "Operation cannot be fulfilled on configmaps \"c\": StorageError: invalid object, Code: 4, Key: "
      "/registry/configmaps/n/c, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in "
      "precondition: u, UID in object meta: " +
          uid);
}

BOOST_FIXTURE_TEST_CASE(is_about_the_object_of_the_path, stored_config_map) {
  check_refused(update(config_map({{"metadata", {{"name", "z"}}}})), error_kind::bad_request,
                "the name of the object (z) does not match the name on the URL (c)");
  json nameless = config_map();
  nameless["metadata"].erase("name");
  check_refused(update(nameless), error_kind::bad_request,
                "the name of the object (c based on URL) was undeterminable: name must be provided");
}

BOOST_AUTO_TEST_CASE(needs_a_revision_where_the_kind_says_so) {
  desk at(builtin("coordination.k8s.io", "leases"));
  const json lease = {
      {"apiVersion", "coordination.k8s.io/v1"}, {"kind", "Lease"}, {"metadata", {{"name", "l"}}}};
  BOOST_REQUIRE(at.create(lease).has_value());
  at.name = "l";
  check_refused(at.update(lease), error_kind::invalid,
                "Lease.coordination.k8s.io \"l\" is invalid: metadata.resourceVersion: Invalid value: 0: "
                "must be specified "
                "for an update");
}

BOOST_AUTO_TEST_CASE(of_status_leaves_the_rest_alone) {
  desk at(deployments());
  BOOST_REQUIRE(at.create(deployment()).has_value());
  at.name = "d";
  at.manager = "controller";
  json body = deployment();
  body["spec"]["replicas"] = 7;
  body["status"] = {{"replicas", 2}};
  const auto changed = at.update(body, "status");
  BOOST_REQUIRE(changed.has_value());
  BOOST_CHECK_EQUAL(changed->object["spec"]["replicas"], 1);
  BOOST_CHECK_EQUAL(changed->object["status"]["replicas"], 2);
  const json& entries = changed->object["metadata"]["managedFields"];
  BOOST_REQUIRE_EQUAL(entries.size(), 2u);
  BOOST_CHECK_EQUAL(entries[0]["subresource"], "status");
  BOOST_CHECK_EQUAL(entries[0]["fieldsV1"], json::parse(R"({"f:status":{"f:replicas":{}}})"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(preparing_a_patch)

struct stored_deployment : desk {
  stored_deployment() : desk(deployments()) {
    BOOST_REQUIRE(create(deployment()).has_value());
    name = "d";
    now += std::chrono::minutes(1);
  }
};

BOOST_FIXTURE_TEST_CASE(of_each_kind_changes_the_object, stored_deployment) {
  BOOST_REQUIRE(patch(patch_format::merge_patch, {{"spec", {{"replicas", 2}}}}).has_value());
  BOOST_CHECK_EQUAL(stored["spec"]["replicas"], 2);
  BOOST_REQUIRE(patch(patch_format::json_patch,
                      json::array({{{"op", "replace"}, {"path", "/spec/replicas"}, {"value", 3}}}))
                    .has_value());
  BOOST_CHECK_EQUAL(stored["spec"]["replicas"], 3);
  const json sidecar = {{"name", "s"}, {"image", "j"}};
  BOOST_REQUIRE(patch(patch_format::strategic_merge_patch,
                      {{"spec", {{"template", {{"spec", {{"containers", json::array({sidecar})}}}}}}}})
                    .has_value());
  BOOST_CHECK_EQUAL(stored["spec"]["template"]["spec"]["containers"].size(), 2u);
  BOOST_CHECK_EQUAL(stored["spec"]["template"]["spec"]["containers"][0]["terminationMessagePolicy"], "File");
}

BOOST_FIXTURE_TEST_CASE(that_makes_no_object_of_the_kind_is_refused, stored_deployment) {
  const auto typed = patch(patch_format::merge_patch, {{"spec", {{"replicas", "many"}}}});
  BOOST_REQUIRE(!typed.has_value());
  BOOST_CHECK(typed.error().kind == error_kind::invalid);
  BOOST_CHECK_EQUAL(typed.error().message.substr(0, 37), " \"\" is invalid: patch: Invalid value:");
  BOOST_REQUIRE_EQUAL(typed.error().causes.size(), 1u);
  BOOST_CHECK_EQUAL(typed.error().causes[0].field, "patch");
  const auto unknown = patch(patch_format::merge_patch, {{"spec", {{"foo", 1}}}});
  BOOST_REQUIRE(!unknown.has_value());
  BOOST_CHECK_NE(unknown.error().message.find("strict decoding error: unknown field \"spec.foo\""),
                 std::string::npos);
  check_refused(patch(patch_format::merge_patch, {{"metadata", {{"name", "e"}}}}), error_kind::bad_request,
                "the name of the object (e) does not match the name on the URL (d)");
}

BOOST_FIXTURE_TEST_CASE(that_cannot_be_read_is_refused, stored_deployment) {
  const auto broken = prepare_patch(request(), patch_format::merge_patch, "{", &stored);
  check_refused(broken, error_kind::bad_request, "error decoding patch: unexpected end of JSON input");
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  for (const patch_format format : {patch_format::json_patch, patch_format::merge_patch,
                                    patch_format::strategic_merge_patch, patch_format::apply}) {
    const auto outcome = prepare_patch(request(), format, deep, &stored);
    BOOST_REQUIRE(!outcome.has_value());
    BOOST_CHECK(outcome.error().kind == error_kind::bad_request);
  }
}

BOOST_FIXTURE_TEST_CASE(is_conditional_only_if_it_says_so, stored_deployment) {
  const auto plain = patch(patch_format::merge_patch, {{"spec", {{"replicas", 2}}}});
  BOOST_CHECK(plain->expected_revision.empty());
  const std::string at = stored["metadata"]["resourceVersion"];
  const auto conditional = patch(patch_format::merge_patch,
                                 {{"metadata", {{"resourceVersion", at}}}, {"spec", {{"replicas", 3}}}});
  BOOST_REQUIRE(conditional.has_value());
  BOOST_CHECK_EQUAL(conditional->expected_revision, at);
}

BOOST_AUTO_TEST_CASE(by_apply_creates) {
  desk at(deployments());
  at.name = "d";
  json body = deployment();
  body["spec"]["replicas"] = 3;
  const auto made = at.patch(patch_format::apply, body);
  BOOST_REQUIRE(made.has_value());
  BOOST_CHECK_EQUAL(made->object["metadata"]["uid"].get<std::string>().size(), 36u);
  BOOST_CHECK_EQUAL(made->object["spec"]["progressDeadlineSeconds"], 600);
  const json& entry = made->object["metadata"]["managedFields"][0];
  BOOST_CHECK_EQUAL(entry["operation"], "Apply");
  BOOST_CHECK(!entry["fieldsV1"]["f:spec"].contains("f:progressDeadlineSeconds"));
  at.manager = "other";
  check_refused(at.patch(patch_format::apply, {{"apiVersion", "apps/v1"},
                                               {"kind", "Deployment"},
                                               {"metadata", {{"name", "d"}}},
                                               {"spec", {{"replicas", 4}}}}),
                error_kind::conflict,
                "Apply failed with 1 conflict: conflict with \"tester\": .spec.replicas");
  // Applying the same again writes nothing.
  at.manager = "tester";
  at.now += std::chrono::minutes(1);
  const auto again = at.patch(patch_format::apply, body);
  BOOST_REQUIRE(again.has_value());
  BOOST_CHECK(!again->changed);
}

BOOST_AUTO_TEST_CASE(of_what_is_not_there_finds_nothing) {
  desk at(deployments());
  at.name = "d";
  check_refused(at.patch(patch_format::merge_patch, json::object()), error_kind::not_found,
                "deployments.apps \"d\" not found");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(scaling)

BOOST_FIXTURE_TEST_CASE(reads_and_writes_the_replicas_only, preparing_a_patch::stored_deployment) {
  json scale = scale_of(type, stored);
  BOOST_CHECK_EQUAL(scale["spec"]["replicas"], 1);
  BOOST_CHECK_EQUAL(scale["status"], json::parse(R"({"replicas":0,"selector":"a=b"})"));
  scale["spec"]["replicas"] = 5;
  const auto scaled = update(scale, "scale");
  BOOST_REQUIRE(scaled.has_value());
  BOOST_CHECK_EQUAL(scaled->object["kind"], "Deployment");
  BOOST_CHECK_EQUAL(scaled->object["spec"]["replicas"], 5);
  BOOST_CHECK_EQUAL(scaled->object["metadata"]["generation"], 2);
  BOOST_CHECK_EQUAL(scaled->expected_revision, "11");
  bool remembered = false;
  for (const json& entry : scaled->object["metadata"]["managedFields"])
    remembered = remembered || entry.value("subresource", "") == "scale";
  BOOST_CHECK(remembered);
  BOOST_REQUIRE(patch(patch_format::merge_patch, {{"spec", {{"replicas", 0}}}}, "scale").has_value());
  BOOST_CHECK_EQUAL(stored["spec"]["replicas"], 0);
  check_refused(patch(patch_format::merge_patch, {{"spec", {{"replicas", -1}}}}, "scale"),
                error_kind::invalid,
                "Scale.autoscaling \"d\" is invalid: spec.replicas: Invalid value: -1: must be greater than "
                "or equal to 0");
}

BOOST_AUTO_TEST_SUITE_END()
