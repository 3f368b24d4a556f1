#include "schema/codec/decode.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/tables/type_table.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::schema;

namespace {

result<decoded> read(std::string_view group, std::string_view plural, std::string_view body,
                     field_validation validation = field_validation::strict,
                     body_format format = body_format::json) {
  return decode_object(body_kind_of(builtin(group, plural)), format, body, validation);
}

std::string problem(std::string_view group, std::string_view plural, std::string_view body,
                    field_validation validation = field_validation::strict) {
  const auto done = read(group, plural, body, validation);
  BOOST_REQUIRE(!done.has_value());
  BOOST_CHECK(done.error().kind == error_kind::bad_request);
  return done.error().message;
}

std::string text(const result<decoded>& done) {
  return done.has_value() ? json_text(done->object) : "error: " + done.error().message;
}

const std::string deployment_prefix = "Deployment in version \"v1\" cannot be handled as a Deployment: ";

} // namespace

BOOST_AUTO_TEST_SUITE(decoding_bodies)

BOOST_AUTO_TEST_CASE(a_normal_tree_has_what_go_would_write) {
  const auto done = read("apps", "deployments", R"({
    "metadata": {"name": "m1", "creationTimestamp": null, "labels": {}, "annotations": null},
    "spec": {"replicas": 0, "paused": false, "selector": {"matchLabels": {"a": "b"}},
      "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [
        {"name": "c", "image": "", "command": [], "securityContext": {}, "env": [{"name": "E", "value": ""}],
         "ports": [{"containerPort": 80, "hostPort": 0}]}], "hostNetwork": false, "volumes": [{"name": "v", "emptyDir": {}}]}}}})");
  BOOST_TEST(
      text(done) ==
      R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"m1"},"spec":{"replicas":0,)"
      R"("selector":{"matchLabels":{"a":"b"}},"strategy":{},"template":{"metadata":{"labels":{"a":"b"}},)"
      R"("spec":{"containers":[{"env":[{"name":"E"}],"name":"c","ports":[{"containerPort":80}],)"
      R"("resources":{},"securityContext":{}}],"volumes":[{"emptyDir":{},"name":"v"}]}}},"status":{}})");
}

BOOST_AUTO_TEST_CASE(what_was_not_given_but_is_always_shown_gets_its_zero) {
  BOOST_TEST(
      text(read("", "services", R"({"metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}})")) ==
      R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"ports":[{"port":80,"targetPort":0}]},)"
      R"("status":{"loadBalancer":{}}})");
  BOOST_TEST(
      text(read("rbac.authorization.k8s.io", "clusterroles", R"({"metadata":{"name":"r"}})")) ==
      R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"r"},"rules":null})");
  BOOST_TEST(
      text(read("rbac.authorization.k8s.io", "clusterroles", R"({"rules":[]})")).find(R"("rules":[])") !=
      std::string::npos);
  BOOST_TEST(text(read("apps", "deployments", "{}")).find(R"("selector":null)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(scalars_take_their_canonical_form) {
  const auto pod =
      read("", "pods", R"({"metadata":{"name":"p","creationTimestamp":"2026-01-02T03:04:05.7+02:00"},
    "spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":0.5,"memory":"1024Mi"},"requests":{"cpu":1,"x/y":null}},
    "livenessProbe":{"httpGet":{"port":"web"}}}]}})");
  BOOST_TEST(
      text(pod) ==
      R"({"apiVersion":"v1","kind":"Pod","metadata":{"creationTimestamp":"2026-01-02T01:04:05Z","name":"p"},)"
      R"("spec":{"containers":[{"livenessProbe":{"httpGet":{"port":"web"}},"name":"c","resources":)"
      R"({"limits":{"cpu":"500m","memory":"1Gi"},"requests":{"cpu":"1","x/y":"0"}}}]},"status":{}})");
  const auto secret =
      read("", "secrets", "{\"metadata\":{\"name\":\"s\"},\"data\":{\"a\":\"YW\\nI=\",\"b\":\"\"}}");
  BOOST_TEST(text(secret) ==
             R"({"apiVersion":"v1","data":{"a":"YWI=","b":""},"kind":"Secret","metadata":{"name":"s"}})");
}

BOOST_AUTO_TEST_CASE(unknown_and_duplicate_fields_are_named_with_their_path) {
  const std::string body =
      R"({"metadata":{"name":"x","nope":1},"spec":{"selector":{"matchLabels":{"a":"1","a":"2"}},
    "replicas":1,"replicas":2,"template":{"spec":{"containers":[{"name":"a"},{"name":"b","bad":{"deep":1},"bad":2}]}}},
    "metadata":{"labels":{"l":"1"}}})";
  BOOST_TEST(
      problem("apps", "deployments", body) ==
      deployment_prefix +
          R"(strict decoding error: unknown field "metadata.nope", duplicate field "spec.selector.matchLabels.a", )"
          R"(duplicate field "spec.replicas", unknown field "spec.template.spec.containers[1].bad", )"
          R"(duplicate field "metadata")");
  const auto warned = read("apps", "deployments", body, field_validation::warn);
  BOOST_REQUIRE(warned.has_value());
  BOOST_TEST(warned->warnings.size() == 5);
  BOOST_TEST(warned->warnings[0] == R"(unknown field "metadata.nope")");
  // The last value counts, structs that come twice are merged.
  BOOST_TEST(warned->object["spec"]["replicas"] == 2);
  BOOST_TEST(warned->object["spec"]["selector"]["matchLabels"]["a"] == "2");
  BOOST_TEST(warned->object["metadata"]["name"] == "x");
  BOOST_TEST(warned->object["metadata"]["labels"]["l"] == "1");
  BOOST_TEST(!warned->object["metadata"].contains("nope"));
  BOOST_TEST(read("apps", "deployments", body, field_validation::ignore)->warnings.empty());
}

BOOST_AUTO_TEST_CASE(wrong_types_are_refused_in_the_words_of_go) {
  const auto deployment = [](std::string_view body) {
    return problem("apps", "deployments", body, field_validation::warn);
  };
  BOOST_TEST(
      deployment(R"({"spec":{"replicas":"3"}})") ==
      deployment_prefix +
          "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32");
  BOOST_TEST(deployment(R"({"spec":{"replicas":1.5}})") ==
             deployment_prefix + "json: cannot unmarshal number 1.5 into Go struct field "
                                 "DeploymentSpec.spec.replicas of type int32");
  BOOST_TEST(deployment(R"({"spec":{"replicas":3000000000}})") ==
             deployment_prefix + "json: cannot unmarshal number 3000000000 into Go struct field "
                                 "DeploymentSpec.spec.replicas of type int32");
  BOOST_TEST(
      deployment(R"({"spec":5})") ==
      deployment_prefix +
          "json: cannot unmarshal number into Go struct field Deployment.spec of type v1.DeploymentSpec");
  BOOST_TEST(
      deployment(R"({"metadata":{"labels":{"a":1}}})") ==
      deployment_prefix +
          "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string");
  BOOST_TEST(deployment(R"({"metadata":{"labels":"x"}})") ==
             deployment_prefix + "json: cannot unmarshal string into Go struct field "
                                 "ObjectMeta.metadata.labels of type map[string]string");
  BOOST_TEST(deployment(R"({"spec":{"template":{"spec":{"containers":"x"}}}})") ==
             deployment_prefix + "json: cannot unmarshal string into Go struct field "
                                 "PodSpec.spec.template.spec.containers of type []v1.Container");
  BOOST_TEST(
      deployment(R"({"spec":{"template":{"spec":{"containers":[{"name":"a"},{"imagePullPolicy":[]}]}}}})") ==
      deployment_prefix + "json: cannot unmarshal array into Go struct field "
                          "Container.spec.template.spec.containers.imagePullPolicy of type v1.PullPolicy");
  BOOST_TEST(problem("", "persistentvolumes", R"({"spec":{"hostPath":{"path":{}}}})") ==
             "PersistentVolume in version \"v1\" cannot be handled as a PersistentVolume: json: cannot "
             "unmarshal object into "
             "Go struct field HostPathVolumeSource.spec.PersistentVolumeSource.hostPath.path of type string");
  BOOST_TEST(problem("", "secrets", R"({"data":{"a":"a-b"}})") ==
             "Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data at input byte 1");
  BOOST_TEST(problem("coordination.k8s.io", "leases", R"({"spec":{"acquireTime":"2026-01-02T03:04:05Z"}})") ==
             "Lease in version \"v1\" cannot be handled as a Lease: parsing time \"2026-01-02T03:04:05Z\" as "
             "\"2006-01-02T15:04:05.000000Z07:00\": cannot parse \"Z\" as \".000000\"");
  BOOST_TEST(problem("", "pods", R"({"spec":{"overhead":{"cpu":"abc"}}})") ==
             "Pod in version \"v1\" cannot be handled as a Pod: quantities must match the regular expression "
             "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
}

BOOST_AUTO_TEST_CASE(only_the_first_problem_counts) {
  BOOST_TEST(
      problem("", "pods", R"({"nope":1,"metadata":{"name":1},"spec":"x"})") ==
      "Pod in version \"v1\" cannot be handled as a Pod: json: cannot unmarshal number into Go struct field "
      "ObjectMeta.metadata.name of type string");
}

BOOST_AUTO_TEST_CASE(the_kind_must_be_the_one_of_the_path) {
  BOOST_TEST(read("", "secrets", R"({"metadata":{"name":"kindless"}})").has_value());
  BOOST_TEST(read("", "secrets", R"({"kind":"Secret","metadata":{"name":"kindless"}})").has_value());
  BOOST_TEST(problem("", "secrets", R"({"apiVersion":"v1","kind":"ConfigMap"})") ==
             "ConfigMap in version \"v1\" cannot be handled as a Secret: converting (v1.ConfigMap) to "
             "(core.Secret): "
             "unknown conversion");
  BOOST_TEST(problem("", "secrets", R"({"apiVersion":"v2","kind":"Secret"})") ==
             "Secret in version \"v2\" cannot be handled as a Secret: no kind \"Secret\" is registered for "
             "version \"v2\" in "
             "scheme \"pkg/api/legacyscheme/scheme.go:30\"");
  BOOST_TEST(problem("autoscaling", "horizontalpodautoscalers",
                     R"({"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler"})") ==
             "the API version in the data (autoscaling/v1) does not match the expected API version "
             "(autoscaling/v2)");
}

BOOST_AUTO_TEST_CASE(subresources_have_bodies_of_their_own) {
  const body_kind scale = body_kind_of(builtin("apps", "deployments"), "scale");
  BOOST_TEST(scale.type->name == "io.k8s.api.autoscaling.v1.Scale");
  const auto done = decode_object(scale, body_format::json,
                                  R"({"apiVersion":"autoscaling/v1","kind":"Scale","spec":{"replicas":3}})",
                                  field_validation::strict);
  BOOST_TEST(text(done) ==
             R"({"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{},"spec":{"replicas":3},)"
             R"("status":{"replicas":0}})");
  BOOST_TEST(body_kind_of(builtin("", "pods"), "eviction").type->go_name == "Eviction");
  BOOST_TEST(body_kind_of(builtin("", "pods"), "status").type->go_name == "Pod");
  BOOST_TEST(body_kind_of(builtin("", "pods"), "exec").type == nullptr);
  const body_kind options = options_kind("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions");
  const auto read_options = decode_object(
      options, body_format::json, R"({"kind":"DeleteOptions","apiVersion":"apps/v1","gracePeriodSeconds":0})",
      field_validation::strict);
  BOOST_TEST(text(read_options) ==
             R"({"apiVersion":"apps/v1","gracePeriodSeconds":0,"kind":"DeleteOptions"})");
}

BOOST_AUTO_TEST_CASE(broken_json_is_refused_in_the_words_of_go) {
  const auto secret = [](std::string_view body) { return problem("", "secrets", body); };
  const std::string prefix = "the object provided is unrecognized (must be of type Secret): couldn't get "
                             "version/kind; json parse error: ";
  BOOST_TEST(secret(R"({"apiVersion":)") == prefix + R"(unexpected end of JSON input ({"apiVersion":))");
  BOOST_TEST(secret("") == prefix + "unexpected end of JSON input (<empty>)");
  BOOST_TEST(secret("[]") ==
             prefix + R"(json: cannot unmarshal array into Go value of type struct { APIVersion string )"
                      R"("json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" } (5b5d))");
  BOOST_TEST(secret(R"({"a":tru})") ==
             prefix + R"(invalid character '}' in literal true (expecting 'e') ({"a":tru}))");
  BOOST_TEST(secret(R"({"a" 1})") == prefix + R"(invalid character '1' after object key ({"a" 1}))");
  BOOST_TEST(secret(R"({"a":1,})") ==
             prefix + R"(invalid character '}' looking for beginning of object key string ({"a":1,}))");
  BOOST_TEST(secret(R"({"a":1}x)") == prefix + R"(invalid character 'x' after top-level value ({"a":1}x))");
  BOOST_TEST(secret(R"({"kind":5})") ==
             prefix +
                 R"(json: cannot unmarshal number into Go struct field .kind of type string ({"kind":5}))");
  BOOST_TEST(secret("{\"a\":\"\xff\"}").find("UTF-8") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(nesting_is_limited) {
  const auto nested = [](int depth) {
    return R"({"metadata":{"name":"x"},"data":)" + std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']') + "}";
  };
  BOOST_TEST(read("apps", "controllerrevisions", nested(60)).has_value());
  BOOST_TEST(problem("apps", "controllerrevisions", nested(70)).find("exceeded max depth") !=
             std::string::npos);
  BOOST_TEST(problem("apps", "controllerrevisions", nested(100000)).find("exceeded max depth") !=
             std::string::npos);
  json deep = json::object();
  for (int i = 0; i < 70; ++i) deep = json{{"a", deep}};
  const json revision{{"metadata", json::object()}, {"data", deep}};
  BOOST_TEST(decode_tree(*builtin("apps", "controllerrevisions").type, revision, field_validation::ignore)
                 .error()
                 .message == "exceeded max depth");
}

BOOST_AUTO_TEST_CASE(a_normal_tree_stays_as_it_is) {
  const auto first =
      read("apps", "deployments", R"({"metadata":{"name":"m"},"spec":{"selector":{"matchLabels":{"a":"b"}},
    "template":{"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"1500m"}}}]}}}})");
  BOOST_REQUIRE(first.has_value());
  const auto again =
      decode_tree(*builtin("apps", "deployments").type, first->object, field_validation::strict);
  BOOST_TEST(text(again) == text(first));
}

BOOST_AUTO_TEST_CASE(schemas_take_their_alternatives) {
  const auto crd = [](std::string_view schema) {
    return read("apiextensions.k8s.io", "customresourcedefinitions",
                R"({"metadata":{"name":"x"},"spec":{"versions":[{"name":"v1","schema":{"openAPIV3Schema":)" +
                    std::string(schema) + "}}]}}");
  };
  const auto schema_of = [&](std::string_view schema) {
    const auto done = crd(schema);
    return done.has_value() ? json_text(done->object["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
                            : done.error().message;
  };
  BOOST_TEST(
      schema_of(R"({"additionalProperties":false,"items":{"type":"string"},"default":null,"maximum":3.5})") ==
      R"({"additionalProperties":false,"items":{"type":"string"},"maximum":3.5})");
  BOOST_TEST(schema_of(R"({"properties":{"a":{"default":{"z":[1,null]}}},"items":[{"type":"string"}]})") ==
             R"({"items":[{"type":"string"}],"properties":{"a":{"default":{"z":[1,null]}}}})");
  BOOST_TEST(schema_of(R"({"additionalProperties":5})").ends_with("boolean or JSON schema expected"));
  BOOST_TEST(schema_of(R"({"properties":{"a":{"nope":1}}})")
                 .ends_with(R"(unknown field "spec.versions[0].schema.openAPIV3Schema.properties.a.nope")"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(decoding_yaml)

BOOST_AUTO_TEST_CASE(yaml_becomes_the_same_json) {
  BOOST_TEST(
      *yaml_to_json("a: 1\nb: [x, 'true', true, null, ~, 1.5, 0x10, 010, \"5\"]\nc: {d: yes}\n5: e\ne:\n") ==
      R"({"a":1,"b":["x","true",true,null,null,1.5,16,8,"5"],"c":{"d":true},"5":"e","e":null})");
  BOOST_TEST(*yaml_to_json("") == "null");
  BOOST_TEST(*yaml_to_json("# nothing\n---\n") == "null");
  BOOST_TEST(*yaml_to_json("t: 2026-01-02T03:04:05Z\nv: 1.2.3\nw: '-'\n") ==
             R"({"t":"2026-01-02T03:04:05Z","v":"1.2.3","w":"-"})");
  BOOST_TEST(*yaml_to_json("text: |\n  one\n  two\n") == R"({"text":"one\ntwo\n"})");
  BOOST_TEST(*yaml_to_json(R"({"json": ["is", "yaml"]})") == R"({"json":["is","yaml"]})");
}

BOOST_AUTO_TEST_CASE(aliases_are_expanded_within_a_budget) {
  BOOST_TEST(*yaml_to_json("a: &x {b: 1}\nc: *x\nd: [*x, &y 2, *y]\n") ==
             R"({"a":{"b":1},"c":{"b":1},"d":[{"b":1},2,2]})");
  BOOST_TEST(yaml_to_json("a: &x [*x]\n").error().message == "yaml: line 1: anchor contains itself");
  std::string bomb = "a0: &a0 [x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last + "," + last + "," + last +
            "," + last + "]\n";
  }
  BOOST_TEST(yaml_to_json(bomb).error().message.find("excessive aliasing") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(broken_yaml_names_its_line) {
  BOOST_TEST(yaml_to_json("a: 1\nb: [1, 2\nc: 3\n").error().message.starts_with("yaml: line "));
  BOOST_TEST(yaml_to_json("a: b: c\n").error().message.starts_with("yaml: line 1: "));
  BOOST_TEST(yaml_to_json("a: 1\nb: !!binary aGk=\n")
                 .error()
                 .message.starts_with("yaml: line 2: tags are not supported"));
  BOOST_TEST(yaml_to_json(std::string(100, '[') + std::string(100, ']')).error().message ==
             "yaml: line 1: exceeded max depth");
  BOOST_TEST(!yaml_to_json(std::string(100000, '[')).has_value());
  for (const char* unclosed : {"a: \"b\n", "a: 'b\n", "a: \"b", "a: 'b\n\n\n", "a: \"b\n  c\n"})
    BOOST_TEST(!yaml_to_json(unclosed).has_value(), unclosed);
  for (const char control : {'\x01', '\b', '\v', '\x1B', '\x7F', '\0'})
    BOOST_TEST(yaml_to_json(std::string("a: b\nc: d") + control + "e\n").error().message ==
               "yaml: line 2: control characters are not allowed");
  for (const char* number : {".inf", "-.Inf", "+.INF", ".nan", ".NaN"})
    BOOST_TEST(!yaml_to_json(std::string("a: ") + number).has_value(), number);
  BOOST_TEST(*yaml_to_json("a: '.inf'") == R"({"a":".inf"})");
  BOOST_TEST(*yaml_to_json("a: |+\n  b\n\n") == R"({"a":"b\n\n"})");
  BOOST_TEST(*yaml_to_json("a: |\n  b") == R"({"a":"b"})");
  const auto done =
      read("", "configmaps", "kind: ConfigMap\ndata: {a\n", field_validation::warn, body_format::yaml);
  BOOST_TEST(done.error().message.starts_with(
      "the object provided is unrecognized (must be of type ConfigMap): yaml: line "));
}

BOOST_AUTO_TEST_CASE(a_manifest_is_read_like_json) {
  const auto done =
      read("", "configmaps",
           "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  a: \"1\"\n  a: \"2\"\n",
           field_validation::warn, body_format::yaml);
  BOOST_TEST(text(done) ==
             R"({"apiVersion":"v1","data":{"a":"2"},"kind":"ConfigMap","metadata":{"name":"c"}})");
  BOOST_TEST(done->warnings.at(0) == "yaml: unmarshal errors:\n  line 7: key \"a\" already set in map");
  BOOST_TEST(done->warnings.size() == 1U);
  const auto refused =
      read("", "configmaps", "metadata:\n  labels: {x: \"1\", x: \"2\"}\n  labels:\n    c: \"1\"\nfoo: 1\n",
           field_validation::strict, body_format::yaml);
  BOOST_TEST(refused.error().message.ends_with(
      "strict decoding error: yaml: unmarshal errors:\n  line 2: key \"x\" already set in map\n"
      "  line 4: key \"labels\" already set in map, unknown field \"foo\""));
}

BOOST_AUTO_TEST_SUITE_END()
