#include "fake_process.hpp"

using namespace actord;
using namespace actord::cli;

namespace {

json pod_table(const std::vector<std::string>& names) {
  json rows = json::array();
  for (const auto& name : names) {
    rows.push_back(
        {{"cells", {name, "1/1", "Running", 0, "5m"}},
         {"object", {{"metadata", {{"name", name}, {"namespace", "team"}, {"labels", {{"app", "web"}}}}}}}});
  }
  return {{"kind", "Table"},
          {"metadata", {{"resourceVersion", "42"}}},
          {"columnDefinitions",
           {{{"name", "Name"}, {"priority", 0}},
            {{"name", "Ready"}, {"priority", 0}},
            {{"name", "Status"}, {"priority", 0}},
            {{"name", "Restarts"}, {"priority", 0}},
            {{"name", "Node"}, {"priority", 1}}}},
          {"rows", rows}};
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace

BOOST_FIXTURE_TEST_SUITE(get, fake_process)

BOOST_AUTO_TEST_CASE(a_list_is_printed_as_the_server_says) {
  server.answers("GET /api/v1/namespaces/team/pods", pod_table({"web-1", "a-very-long-name"}));
  BOOST_CHECK_EQUAL(run({"get", "po", "-l", "app=web"}), 0);
  BOOST_CHECK_EQUAL(output, "NAME               READY   STATUS    RESTARTS\n"
                            "web-1              1/1     Running   0\n"
                            "a-very-long-name   1/1     Running   0\n");
  BOOST_CHECK(has(server.last().target, "labelSelector=app%3Dweb"));
  BOOST_CHECK_EQUAL(connection.base_url, "https://example:6443");
  BOOST_CHECK_EQUAL(connection.token, "secret");
}

BOOST_AUTO_TEST_CASE(flags_choose_namespace_and_columns) {
  server.answers("GET /api/v1/pods", pod_table({"web-1"}));
  BOOST_CHECK_EQUAL(run({"get", "pods", "-A", "-o", "wide", "--show-labels", "--no-headers"}), 0);
  BOOST_CHECK_EQUAL(output, "team   web-1   1/1   Running   0   5m   app=web\n");
  server.answers("GET /api/v1/namespaces/other/pods/web-1", pod_table({"web-1"}));
  BOOST_CHECK_EQUAL(run({"get", "-n", "other", "pod/web-1"}), 0);
  BOOST_CHECK_EQUAL(run({"get", "pod", "web-1", "--namespace=other"}), 0);
  BOOST_CHECK(has(output, "web-1"));
}

BOOST_AUTO_TEST_CASE(several_types_are_told_apart) {
  server.answers("GET /api/v1/namespaces/team/pods", pod_table({"a"}));
  server.answers("GET /apis/apps/v1/namespaces/team/deployments", pod_table({"b"}));
  BOOST_CHECK_EQUAL(run({"get", "po,deploy"}), 0);
  BOOST_CHECK(has(output, "pod/a"));
  BOOST_CHECK(has(output, "\n\nNAME"));
  BOOST_CHECK(has(output, "deployment.apps/b"));
}

BOOST_AUTO_TEST_CASE(long_lists_come_in_pages) {
  json first = pod_table({"a"});
  first["metadata"]["continue"] = "next";
  server.answers("GET /api/v1/namespaces/team/pods?limit=500", first);
  server.answers("GET /api/v1/namespaces/team/pods?limit=500&continue=next", pod_table({"b"}));
  BOOST_CHECK_EQUAL(run({"get", "pods"}), 0);
  BOOST_CHECK_EQUAL(server.requests.size(), 2U);
  BOOST_CHECK(has(output, "\na ") && has(output, "\nb "));
}

BOOST_AUTO_TEST_CASE(nothing_found_is_said) {
  server.answers("GET /api/v1/namespaces/team/pods", pod_table({}));
  BOOST_CHECK_EQUAL(run({"get", "pods"}), 0);
  BOOST_CHECK_EQUAL(errors, "No resources found in team namespace.\n");
  server.fails("GET /api/v1/namespaces/team/pods/x", 404, "NotFound", "pods \"x\" not found",
               {{"name", "x"}});
  BOOST_CHECK_EQUAL(run({"get", "pods", "x"}), 1);
  BOOST_CHECK_EQUAL(errors, "Error from server (NotFound): pods \"x\" not found\n");
  BOOST_CHECK_EQUAL(run({"get", "pods", "x", "--ignore-not-found"}), 0);
  BOOST_CHECK_EQUAL(errors, "");
}

BOOST_AUTO_TEST_CASE(documents_are_complete) {
  server.answers("GET /apis/apps/v1/namespaces/team/deployments",
                 {{"items", {{{"metadata", {{"name", "d"}}}}}}, {"metadata", json::object()}});
  BOOST_CHECK_EQUAL(run({"get", "deploy", "-o", "json"}), 0);
  const json list = json::parse(output);
  BOOST_CHECK_EQUAL(list.at("kind").get<std::string>(), "List");
  BOOST_CHECK_EQUAL(list.at("items").at(0).at("kind").get<std::string>(), "Deployment");
  BOOST_CHECK_EQUAL(list.at("items").at(0).at("apiVersion").get<std::string>(), "apps/v1");
  BOOST_CHECK_EQUAL(run({"get", "deploy", "-o", "name"}), 0);
  BOOST_CHECK_EQUAL(output, "deployment.apps/d\n");
  server.answers("GET /apis/apps/v1/namespaces/team/deployments/d",
                 {{"kind", "Deployment"}, {"apiVersion", "apps/v1"}, {"metadata", {{"name", "d"}}}});
  BOOST_CHECK_EQUAL(run({"get", "deploy", "d", "-oyaml"}), 0);
  BOOST_CHECK(has(output, "kind: Deployment\n"));
}

BOOST_AUTO_TEST_CASE(a_watch_goes_on_from_the_list) {
  server.answers("GET /api/v1/namespaces/team/pods?limit=500", pod_table({"a"}));
  const std::string events = json{{"type", "ADDED"}, {"object", pod_table({"b"})}}.dump() + "\n" +
                             json{{"type", "BOOKMARK"}, {"object", pod_table({"no"})}}.dump() + "\n" +
                             json{{"type", "MODIFIED"}, {"object", pod_table({"c"})}}.dump() + "\n";
  server.answers("GET /api/v1/namespaces/team/pods?watch=true&resourceVersion=42", json(events));
  BOOST_CHECK_EQUAL(run({"get", "pods", "--watch"}), 0);
  BOOST_CHECK_EQUAL(output,
                    "NAME   READY   STATUS    RESTARTS\n"
                    "a      1/1     Running   0\nb      1/1     Running   0\nc      1/1     Running   0\n");
}

BOOST_AUTO_TEST_CASE(an_object_cannot_drive_the_terminal) {
  server.answers("GET /api/v1/namespaces/team/pods", pod_table({"a\033[2Jb"}));
  run({"get", "pods"});
  BOOST_CHECK(!has(output, "\033"));
}

BOOST_AUTO_TEST_CASE(types_the_client_does_not_know_are_asked_for) {
  server.answers("GET /api", {{"kind", "APIVersions"}, {"versions", {"v1"}}});
  server.answers(
      "GET /api/v1",
      {{"kind", "APIResourceList"},
       {"resources", {{{"name", "pods"}, {"singularName", "pod"}, {"kind", "Pod"}, {"namespaced", true}}}}});
  server.answers("GET /apis", {{"kind", "APIGroupList"},
                               {"groups", {{{"name", "example.org"}, {"versions", {{{"version", "v2"}}}}}}}});
  server.answers("GET /apis/example.org/v2", {{"resources",
                                               {{{"name", "crontabs"},
                                                 {"singularName", "crontab"},
                                                 {"kind", "CronTab"},
                                                 {"namespaced", true},
                                                 {"shortNames", {"ct"}}},
                                                {{"name", "crontabs/status"}, {"kind", "CronTab"}}}}});
  server.answers("GET /apis/example.org/v2/namespaces/team/crontabs", pod_table({"x"}));
  BOOST_CHECK_EQUAL(run({"get", "ct"}), 0);
  BOOST_CHECK(has(output, "x "));
  BOOST_CHECK_EQUAL(run({"get", "crontbs"}), 1);
  BOOST_CHECK_EQUAL(
      errors, "error: the server doesn't have a resource type \"crontbs\", did you mean \"crontabs\"?\n");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(usage, fake_process)

BOOST_AUTO_TEST_CASE(mistakes_are_answered_with_what_was_meant) {
  const auto complains = [this](const std::vector<std::string>& arguments, const std::string& part) {
    BOOST_CHECK_EQUAL(run(arguments), 1);
    BOOST_CHECK_MESSAGE(has(errors, part), errors);
    BOOST_CHECK(server.requests.empty());
  };
  complains({"gte", "pods"}, "unknown command \"gte\" for \"actctl\", did you mean \"get\"?");
  complains({"get", "pods", "--namspace", "x"}, "unknown flag: --namspace, did you mean \"--namespace\"?");
  complains({"get", "pods", "-o", "yml"}, "output format \"yml\"");
  complains({"get", "pods", "-o", "yml"}, "did you mean \"yaml\"?");
  complains({"get"}, "You must specify the type of resource");
  complains({"scale", "deploy/x"}, "--replicas");
  complains({"image", "lod", "x"}, "unknown command \"lod\" for \"actctl image\", did you mean \"load\"?");
  complains({"apply"}, "must specify -f");
  complains({"delete", "pods"}, "no name was specified");
  complains({"logs"}, "expected 'logs POD");
  complains({"get", "pods", "x", "-A"}, "by name across all namespaces");
  complains({"get", "a/b/c"}, "resource/name form");
}

BOOST_AUTO_TEST_CASE(help_is_no_error) {
  BOOST_CHECK_EQUAL(run({}), 0);
  BOOST_CHECK(has(output, "apply"));
  BOOST_CHECK_EQUAL(run({"get", "--help"}), 0);
  BOOST_CHECK(has(output, "--selector"));
}

BOOST_AUTO_TEST_CASE(a_missing_kubeconfig_is_named) {
  BOOST_CHECK_EQUAL(run({"get", "pods", "--kubeconfig", "/nowhere/x"}), 1);
  BOOST_CHECK(has(errors, "there is no kubeconfig at /nowhere/x"));
  BOOST_CHECK_EQUAL(run({"get", "pods", "--kubeconfig", write("bad", "a: [")}), 1);
  BOOST_CHECK_EQUAL(run({"get", "pods", "--context", "none"}), 1);
  BOOST_CHECK(has(errors, "there is no context \"none\""));
  BOOST_CHECK_EQUAL(run({"version", "--client", "--kubeconfig", "/nowhere/x"}), 0);
}

BOOST_AUTO_TEST_SUITE_END()
