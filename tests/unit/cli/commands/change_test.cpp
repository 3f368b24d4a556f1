#include "cli/manifests/manifest_reader.hpp"
#include "fake_process.hpp"

using namespace actord;
using namespace actord::cli;

namespace {

constexpr const char* two_objects = R"(# a comment
apiVersion: v1
kind: ConfigMap
metadata:
  name: greeting
  namespace: hello
data:
  text: hi
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replcas: 3
  template:
    spec:
      containers:
      - name: a
        image: x
      - name: b
        image: ""
)";

constexpr const char* config_map_path = "/api/v1/namespaces/hello/configmaps/greeting";
constexpr const char* deployment_path = "/apis/apps/v1/namespaces/team/deployments/web";

json versioned(const std::string& revision, int replicas = 1) {
  return {{"metadata", {{"resourceVersion", revision}, {"uid", "u1"}}}, {"spec", {{"replicas", replicas}}}};
}

std::string path_of(const std::string& method, const char* path) { return method + " " + path; }

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace

BOOST_FIXTURE_TEST_SUITE(apply, fake_process)

BOOST_AUTO_TEST_CASE(each_object_is_told_what_became_of_it) {
  const auto file = write("app.yaml", two_objects);
  server.answers(path_of("PATCH", config_map_path), versioned("7"), 201);
  server.answers(path_of("GET", deployment_path), versioned("5", 2));
  server.answers(path_of("PATCH", deployment_path), versioned("8", 3));
  BOOST_CHECK_EQUAL(run({"apply", "-f", file}), 0);
  BOOST_CHECK_EQUAL(output, "configmap/greeting created\ndeployment.apps/web configured\n");
  BOOST_CHECK(has(server.last().target, "fieldManager=actctl&fieldValidation=Strict"));
  BOOST_CHECK(
      std::count(server.last().headers.begin(), server.last().headers.end(),
                 std::pair<std::string, std::string>("Content-Type", "application/apply-patch+yaml")) == 1);
  BOOST_CHECK_EQUAL(json::parse(server.last().body).at("metadata").at("namespace").get<std::string>(),
                    "team");
  server.answers(path_of("GET", config_map_path), versioned("6")); // a controller wrote in between
  server.answers(path_of("GET", deployment_path), versioned("8", 3));
  BOOST_CHECK_EQUAL(run({"apply", "-f", "-", "--server-side"}, two_objects), 0);
  BOOST_CHECK_EQUAL(output, "configmap/greeting unchanged\ndeployment.apps/web unchanged\n");
}

BOOST_AUTO_TEST_CASE(a_fault_names_file_line_and_field) {
  const auto file = write("app.yaml", two_objects);
  server.answers(path_of("PATCH", config_map_path), versioned("7"), 201);
  server.fails(path_of("PATCH", deployment_path), 422, "Invalid", "Deployment.apps \"web\" is invalid: many",
               {{"name", "web"},
                {"causes",
                 {{{"field", "spec.template.spec.containers[1].image"}, {"message", "Required value"}},
                  {{"field", "spec.selector"}, {"message", "Required value"}}}}});
  BOOST_CHECK_EQUAL(run({"apply", "-f", file}), 1);
  BOOST_CHECK_MESSAGE(has(errors, file + ":22: spec.template.spec.containers[1].image: Required value"),
                      errors);
  BOOST_CHECK_MESSAGE(has(errors, file + ":14: spec.selector: Required value"), errors);
  BOOST_CHECK(has(output, "configmap/greeting created"));
  server.fails(path_of("PATCH", deployment_path), 400, "BadRequest",
               "Deployment in version \"v1\" cannot be handled: strict decoding error: unknown field "
               "\"spec.replcas\"");
  BOOST_CHECK_EQUAL(run({"apply", "-f", file}), 1);
  BOOST_CHECK_MESSAGE(has(errors, file + ":15: Deployment in version"), errors);
  server.fails(path_of("PATCH", deployment_path), 500, "InternalError",
               "failed to create typed patch object (team/web; apps/v1, Kind=Deployment): "
               ".spec.template.spec.containers[name=\"b\"].image: expected string, got &{1}",
               {{"name", "web"}});
  BOOST_CHECK_EQUAL(run({"apply", "-f", file}), 1);
  BOOST_CHECK_MESSAGE(has(errors, file + ":22: failed to create typed"), errors);
}

BOOST_AUTO_TEST_CASE(broken_files_are_refused_before_anything_is_sent) {
  const auto complains = [this](const std::string& text, const std::string& part) {
    const auto file = write("broken.yaml", text);
    BOOST_CHECK_EQUAL(run({"apply", "-f", file}), 1);
    BOOST_CHECK_MESSAGE(has(errors, file + part), errors);
    BOOST_CHECK(server.requests.empty() || has(server.last().target, "/api"));
  };
  complains("kind: Pod\nmetadata:\n  name: x\n", ":1: apiVersion is not set");
  complains("apiVersion: v1\nmetadata:\n  name: x\n", ":1: kind is not set");
  complains("apiVersion: v1\nkind: ConfigMap\ndata: {}\n", ":1: metadata.name is not set");
  complains("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: [x\n", ":");
  complains("a: 1\n---\n- x\n", ":1: apiVersion is not set");
  complains("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n---\n- x\n",
            ":6: a manifest must be an object");
  BOOST_CHECK_EQUAL(run({"apply", "-f", "/nowhere/x.yaml"}), 1);
  BOOST_CHECK(has(errors, "/nowhere/x.yaml"));
  BOOST_CHECK_EQUAL(run({"apply", "-f", "-"}, "# only a comment\n"), 1);
  BOOST_CHECK(has(errors, "no objects passed"));
}

BOOST_AUTO_TEST_CASE(folders_lists_and_dry_runs) {
  write("all/b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n");
  write("all/a.json", R"({"apiVersion":"v1","kind":"List","items":[
    {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a1"}},{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a2"}}]})");
  write("all/note.txt", "not a manifest");
  write("all/deep/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n");
  BOOST_CHECK_EQUAL(run({"apply", "-f", (folder / "all").string(), "--dry-run=client", "-n", "x"}), 0);
  BOOST_CHECK_EQUAL(output, "configmap/a1 created (client dry run)\nnamespace/a2 created (client dry run)\n"
                            "configmap/b created (client dry run)\n");
  BOOST_CHECK_EQUAL(run({"apply", "-R", "-f", (folder / "all").string(), "--dry-run=client"}), 0);
  BOOST_CHECK(has(output, "configmap/c created"));
  for (const auto& request : server.requests) BOOST_CHECK_EQUAL(request.method, "GET");
}

BOOST_AUTO_TEST_CASE(a_namespace_that_contradicts_is_refused) {
  BOOST_CHECK_EQUAL(run({"apply", "-f", write("app.yaml", two_objects), "-n", "other"}), 1);
  BOOST_CHECK_MESSAGE(has(errors, ":6: the namespace from the provided object \"hello\" does not match"),
                      errors);
}

BOOST_AUTO_TEST_CASE(fields_are_found_in_lists_too) {
  const auto objects =
      parse_manifest("f", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n"
                          "  metadata:\n    name: x\n    labels:\n      a.b/c: 1\n");
  BOOST_REQUIRE(objects);
  BOOST_REQUIRE_EQUAL(objects->size(), 1U);
  BOOST_CHECK_EQUAL(line_of_field(objects->front(), "metadata.name"), 7U);
  BOOST_CHECK_EQUAL(line_of_field(objects->front(), "metadata.labels[a.b/c]"), 9U);
  BOOST_CHECK_EQUAL(line_of_field(objects->front(), "metadata.annotations[x]"), 6U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(removal, fake_process)

BOOST_AUTO_TEST_CASE(delete_waits_until_the_object_is_gone) {
  const char* path = "/api/v1/namespaces/team/pods/web";
  server.answers(path_of("DELETE", path), versioned("9"));
  server.answers(path_of("GET", path), versioned("9"));
  int pauses = 0;
  on_pause = [&] {
    if (++pauses == 3) server.fails(path_of("GET", path), 404, "NotFound", "gone", {{"name", "web"}});
  };
  BOOST_CHECK_EQUAL(run({"delete", "pod", "web", "--now"}), 0);
  BOOST_CHECK_EQUAL(output, "pod \"web\" deleted from team namespace\n");
  BOOST_CHECK_EQUAL(pauses, 3);
  BOOST_CHECK_EQUAL(json::parse(server.requests.front().body).at("gracePeriodSeconds").get<int>(), 1);
  server.answers(path_of("GET", path), versioned("9"));
  BOOST_CHECK_EQUAL(run({"delete", "pod/web", "--wait=false"}), 0);
  BOOST_CHECK_EQUAL(run({"delete", "pod/web", "--timeout=1"}), 1);
  BOOST_CHECK(has(errors, "timed out waiting"));
}

BOOST_AUTO_TEST_CASE(a_successor_of_the_same_name_ends_the_wait) {
  const char* path = "/api/v1/namespaces/team/pods/web";
  server.answers(path_of("DELETE", path), versioned("9"));
  server.answers(path_of("GET", path), {{"metadata", {{"uid", "another"}}}});
  BOOST_CHECK_EQUAL(run({"delete", "pod", "web"}), 0);
}

BOOST_AUTO_TEST_CASE(selections_are_deleted_one_by_one) {
  server.answers("GET /api/v1/namespaces/team/configmaps?labelSelector=a%3Db&limit=500&continue=",
                 {{"items",
                   {{{"metadata", {{"name", "x"}, {"namespace", "team"}}}},
                    {{"metadata", {{"name", "y"}, {"namespace", "team"}}}}}}});
  server.answers("DELETE /api/v1/namespaces/team/configmaps/x", {{"kind", "Status"}});
  server.answers("DELETE /api/v1/namespaces/team/configmaps/y", {{"kind", "Status"}});
  BOOST_CHECK_EQUAL(run({"delete", "cm", "-l", "a=b"}), 0);
  BOOST_CHECK_EQUAL(
      output, "configmap \"x\" deleted from team namespace\nconfigmap \"y\" deleted from team namespace\n");
  BOOST_CHECK_EQUAL(run({"delete", "cm", "z"}), 1);
  BOOST_CHECK_EQUAL(run({"delete", "cm", "z", "--ignore-not-found"}), 0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(others, fake_process)

BOOST_AUTO_TEST_CASE(scale_patches_the_subresource) {
  const char* path = "/apis/apps/v1/namespaces/team/deployments/web/scale";
  server.answers(path_of("PATCH", path), json::object());
  server.answers(path_of("GET", path), {{"spec", {{"replicas", 3}}}});
  BOOST_CHECK_EQUAL(run({"scale", "deploy/web", "--replicas=5"}), 0);
  BOOST_CHECK_EQUAL(output, "deployment.apps/web scaled\n");
  BOOST_CHECK_EQUAL(server.last().body, R"({"spec":{"replicas":5}})");
  BOOST_CHECK_EQUAL(run({"scale", "deploy", "web", "--replicas=0", "--current-replicas=2"}), 1);
  BOOST_CHECK(has(errors, "Expected replicas to be 2, was 3"));
  BOOST_CHECK_EQUAL(run({"scale", "deploy/web", "--replicas=-1"}), 1);
}

BOOST_AUTO_TEST_CASE(logs_choose_pod_and_container) {
  server.answers(
      "GET /apis/apps/v1/namespaces/team/deployments/web",
      {{"metadata", {{"name", "web"}}}, {"spec", {{"selector", {{"matchLabels", {{"app", "web"}}}}}}}});
  server.answers("GET /api/v1/namespaces/team/pods",
                 {{"items",
                   {{{"metadata", {{"name", "web-1"}}},
                     {"spec", {{"containers", {{{"name", "a"}}, {{"name", "b"}}}}}}}}}});
  server.answers("GET /api/v1/namespaces/team/pods/web-1/log?tailLines=5&sinceSeconds=5400&container=a",
                 json("line 1\nline 2\n"));
  BOOST_CHECK_EQUAL(run({"logs", "deploy/web", "--tail=5", "--since=1h30m"}), 0);
  BOOST_CHECK_EQUAL(output, "line 1\nline 2\n");
  BOOST_CHECK_EQUAL(errors, "Defaulted container \"a\" out of: a, b\n");
  BOOST_CHECK_EQUAL(run({"logs", "deploy/web", "--since=soon"}), 1);
}

BOOST_AUTO_TEST_CASE(actors_are_a_table) {
  server.answers("GET /apis/actord.dev/v1/actors", {{"items",
                                                     {{{"kind", "object"},
                                                       {"key", "pods/a/b"},
                                                       {"mailbox", 0},
                                                       {"handled", 12},
                                                       {"lastMessage", "write"},
                                                       {"summary", "idle"}},
                                                      {{"kind", "scheduler"},
                                                       {"key", ""},
                                                       {"mailbox", 3},
                                                       {"handled", 7},
                                                       {"lastMessage", "bind"},
                                                       {"summary", "2 waiting"}}}}});
  BOOST_CHECK_EQUAL(run({"actors"}), 0);
  BOOST_CHECK_EQUAL(output, "KIND        KEY        MAILBOX   HANDLED   LAST MESSAGE   SUMMARY\n"
                            "object      pods/a/b   0         12        write          idle\n"
                            "scheduler              3         7         bind           2 waiting\n");
  BOOST_CHECK_EQUAL(run({"actors", "scheduler"}), 0);
  BOOST_CHECK(!has(output, "pods/a/b"));
}

BOOST_AUTO_TEST_CASE(images_are_streamed) {
  const std::string archive(300'000, 'x');
  server.answers("POST /apis/actord.dev/v1/images", {{"images", {"docker.io/library/hello:1"}}});
  is_terminal = true;
  BOOST_CHECK_EQUAL(run({"image", "load", write("hello.tar", archive)}), 0);
  BOOST_CHECK_EQUAL(output, "loaded docker.io/library/hello:1\n");
  BOOST_CHECK(server.last().body == archive);
  BOOST_CHECK(has(errors, "100%"));
  BOOST_CHECK_EQUAL(run({"image", "load", "-"}, archive), 0);
  BOOST_CHECK(server.last().body == archive);
  BOOST_CHECK_EQUAL(run({"image", "load", "/nowhere.tar"}), 1);
}

BOOST_AUTO_TEST_CASE(describe_shows_fields_events_and_no_secrets) {
  server.answers(
      "GET /api/v1/namespaces/team/secrets/s",
      {{"apiVersion", "v1"},
       {"kind", "Secret"},
       {"metadata", {{"name", "s"}, {"namespace", "team"}, {"uid", "u"}, {"labels", {{"a", "b"}}}}},
       {"data", {{"password", "aHVudGVyMg=="}}}});
  server.answers("GET /api/v1/namespaces/team/events", {{"items",
                                                         {{{"type", "Warning"},
                                                           {"reason", "Odd"},
                                                           {"message", "looks\nodd"},
                                                           {"count", 3},
                                                           {"lastTimestamp", "2026-09-21T14:12:20Z"},
                                                           {"source", {{"component", "node"}}}}}}});
  BOOST_CHECK_EQUAL(run({"describe", "secret", "s"}), 0);
  BOOST_CHECK(has(output, "Name:             s\n"));
  BOOST_CHECK(has(output, "Labels:           a=b\n"));
  BOOST_CHECK(has(output, "about 9 bytes"));
  BOOST_CHECK(!has(output, "aHVudGVyMg"));
  BOOST_CHECK(has(output, "Warning"));
  BOOST_CHECK(has(output, "(x3)"));
  BOOST_CHECK(has(output, "looks odd"));
}

BOOST_AUTO_TEST_CASE(versions_and_types_are_listed) {
  server.answers("GET /version", {{"gitVersion", "v1.36.0+actord"}});
  BOOST_CHECK_EQUAL(run({"version"}), 0);
  BOOST_CHECK(has(output, "Server Version: v1.36.0+actord"));
  server.answers("GET /api", {{"kind", "APIGroupDiscoveryList"},
                              {"items",
                               {{{"metadata", json::object()},
                                 {"versions",
                                  {{{"version", "v1"},
                                    {"resources",
                                     {{{"resource", "pods"},
                                       {"singularResource", "pod"},
                                       {"scope", "Namespaced"},
                                       {"shortNames", {"po"}},
                                       {"responseKind", {{"kind", "Pod"}}}}}}}}}}}}});
  server.answers("GET /apis", {{"kind", "APIGroupDiscoveryList"}, {"items", json::array()}});
  BOOST_CHECK_EQUAL(run({"api-resources"}), 0);
  BOOST_CHECK_EQUAL(output, "NAME   SHORTNAMES   APIVERSION   NAMESPACED   KIND\npods   po           v1      "
                            "     true         Pod\n");
}

BOOST_AUTO_TEST_SUITE_END()
