#include "api_plane.hpp"

#include <algorithm>

using namespace actord;
using namespace actord::testing;

BOOST_AUTO_TEST_SUITE(frontend)

BOOST_AUTO_TEST_CASE(an_object_lives_from_create_to_delete) {
  plane p;
  const reply made = p.call("POST", maps, config_map("a"));
  BOOST_TEST(made.code == 201);
  BOOST_TEST(made.body["metadata"]["namespace"] == "default");
  BOOST_TEST(p.call("POST", maps, config_map("a")).body["message"] == "configmaps \"a\" already exists");
  BOOST_TEST(p.call("GET", maps + "/a").body == made.body);

  json changed = made.body;
  changed["data"]["k"] = "w";
  const reply updated = p.call("PUT", maps + "/a", changed);
  BOOST_TEST(updated.code == 200);
  BOOST_TEST(updated.body["data"]["k"] == "w");
  BOOST_TEST(updated.body["metadata"]["resourceVersion"] != made.body["metadata"]["resourceVersion"]);
  const reply stale = p.call("PUT", maps + "/a", changed);
  BOOST_TEST(stale.code == 409);
  BOOST_TEST(stale.body["message"] ==
             "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; "
             "please apply your changes to the latest version and try again");
  // Writing what is there already makes no new revision.
  const reply same = p.call("PATCH", maps + "/a", {{"data", {{"k", "w"}}}}, "application/merge-patch+json");
  BOOST_TEST(same.body["metadata"]["resourceVersion"] == updated.body["metadata"]["resourceVersion"]);

  const reply removed = p.call("DELETE", maps + "/a");
  BOOST_TEST(removed.code == 200);
  BOOST_TEST(removed.body["status"] == "Success");
  BOOST_TEST(removed.body["details"]["kind"] == "configmaps");
  BOOST_TEST(p.call("GET", maps + "/a").body["message"] == "configmaps \"a\" not found");
  BOOST_TEST(p.call("DELETE", maps + "/a").code == 404);
}

BOOST_AUTO_TEST_CASE(lists_come_in_pages_of_one_revision) {
  plane p;
  for (const char* name : {"a", "b", "c", "d", "e"})
    BOOST_TEST(p.call("POST", maps, config_map(name)).code == 201);
  const std::string only = "&labelSelector=!none&fieldSelector=metadata.name!=kube-root-ca.crt";
  const reply first = p.call("GET", maps + "?limit=2" + only);
  BOOST_TEST(first.body["items"].size() == 2U);
  const std::string token = first.body["metadata"]["continue"];
  BOOST_TEST(p.call("DELETE", maps + "/d").code == 200);
  BOOST_TEST(p.call("POST", maps, config_map("bb")).code == 201);
  json changed = config_map("c", {{"data", {{"k", "later"}}}});
  BOOST_TEST(p.call("PUT", maps + "/c", changed).code == 200);
  const reply rest = p.call("GET", maps + "?limit=10" + only + "&continue=" + token);
  BOOST_TEST(rest.body["metadata"]["resourceVersion"] == first.body["metadata"]["resourceVersion"]);
  std::vector<std::string> names;
  for (const json& item : rest.body["items"]) names.push_back(item["metadata"]["name"]);
  BOOST_TEST(names == (std::vector<std::string>{"c", "d", "e"}), boost::test_tools::per_element());
  BOOST_TEST(rest.body["items"][0]["data"]["k"] == "v");
  BOOST_TEST(p.call("GET", maps + "?continue=garbage").code == 400);
}

BOOST_AUTO_TEST_CASE(a_large_list_comes_in_pieces_and_says_the_same) {
  plane p;
  constexpr int objects = 40;
  const std::string filler(60'000, 'x');
  for (int i = 0; i < objects; ++i) {
    const std::string name = "big" + std::to_string(i);
    BOOST_REQUIRE(p.call("POST", maps, config_map(name, {{"data", {{"k", filler + name}}}})).code == 201);
  }
  const std::string only = "?fieldSelector=metadata.name!=kube-root-ca.crt";
  const auto exchange = p.send("GET", maps + only);
  const net::http_response head = exchange->wait();
  BOOST_TEST(head.code == 200);
  BOOST_TEST(std::ranges::count(
                 head.headers, std::pair<std::string, std::string>("content-type", "application/json")) == 1);
  BOOST_TEST(!head.body);
  const json list = exchange->wait_for_lines(1).front();
  BOOST_TEST(exchange->pieces() > 5);
  BOOST_TEST(list["kind"] == "ConfigMapList");
  BOOST_REQUIRE(list["items"].size() == static_cast<std::size_t>(objects));
  for (const json& item : list["items"]) {
    const std::string name = item["metadata"]["name"];
    BOOST_TEST((item["data"]["k"] == filler + name));
    BOOST_TEST(item["metadata"]["resourceVersion"].get<std::string>() != "");
  }
  // Page by page, each too small for pieces, it is the same.
  json paged = json::array();
  std::string next;
  do {
    const reply page = p.call("GET", maps + only + "&limit=15" + (next.empty() ? "" : "&continue=" + next));
    for (const json& item : page.body["items"]) paged.push_back(item);
    next = page.body["metadata"].value("continue", "");
  } while (!next.empty());
  BOOST_TEST((paged == list["items"]));
}

BOOST_AUTO_TEST_CASE(a_watch_shows_the_state_and_then_every_change) {
  plane p;
  BOOST_TEST(p.call("POST", maps, config_map("a", {{"metadata", {{"labels", {{"w", "1"}}}}}})).code == 201);
  const auto watch = p.send("GET", maps + "?watch=1&labelSelector=w%3D1");
  BOOST_TEST(watch->wait().code == 200);
  BOOST_TEST(watch->wait_for_lines(1)[0]["type"] == "ADDED");
  BOOST_TEST(p.call("POST", maps, config_map("unseen")).code == 201);
  BOOST_TEST(p.call("PATCH", maps + "/a", {{"data", {{"k", "2"}}}}, "application/merge-patch+json").code ==
             200);
  BOOST_TEST(
      p.call("PATCH", maps + "/a", {{"metadata", {{"labels", {{"w", "2"}}}}}}, "application/merge-patch+json")
          .code == 200);
  const std::vector<json> lines = watch->wait_for_lines(3);
  BOOST_TEST(lines[1]["type"] == "MODIFIED");
  BOOST_TEST(lines[1]["object"]["data"]["k"] == "2");
  BOOST_TEST(lines[2]["type"] == "DELETED");
  BOOST_TEST(lines[2]["object"]["metadata"]["labels"]["w"] == "1");
  watch->leave();
}

BOOST_AUTO_TEST_CASE(nothing_is_created_in_a_namespace_that_is_missing_or_going) {
  plane p;
  const reply absent = p.call("POST", "/api/v1/namespaces/absent/configmaps", config_map("a"));
  BOOST_TEST(absent.code == 404);
  BOOST_TEST(absent.body["message"] == "namespaces \"absent\" not found");
  BOOST_TEST(p.call("POST", "/api/v1/namespaces",
                    {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "n"}}}})
                 .code == 201);
  BOOST_TEST(p.call("GET", "/api/v1/namespaces/n/serviceaccounts/default").code == 200);
  BOOST_TEST(p.call("GET", "/api/v1/namespaces/n/configmaps/kube-root-ca.crt").body["data"]["ca.crt"] ==
             "CERTIFICATE");
  const reply going = p.call("DELETE", "/api/v1/namespaces/n");
  BOOST_TEST(going.body["status"]["phase"] == "Terminating");
  const reply late = p.call("POST", "/api/v1/namespaces/n/configmaps?dryRun=All", config_map("a"));
  BOOST_TEST(late.code == 403);
  BOOST_TEST(late.body["message"] ==
             "configmaps \"a\" is forbidden: unable to create new content in namespace n because it "
             "is being terminated");
  BOOST_TEST(late.body["details"]["causes"][0]["reason"] == "NamespaceTerminating");
  BOOST_TEST(p.call("POST", "/api/v1/namespaces/n/configmaps", config_map("a")).body == late.body);
  BOOST_TEST(p.call("DELETE", "/api/v1/namespaces/default").code == 403);
  json finalized = p.call("GET", "/api/v1/namespaces/n").body;
  finalized["spec"]["finalizers"] = json::array();
  BOOST_TEST(p.call("PUT", "/api/v1/namespaces/n/finalize", finalized).code == 200);
  BOOST_TEST(p.call("GET", "/api/v1/namespaces/n").code == 404);
}

BOOST_AUTO_TEST_CASE(services_take_addresses_and_give_them_back) {
  plane p;
  const std::string services = "/api/v1/namespaces/default/services";
  BOOST_TEST(p.call("GET", services + "/kubernetes").body["spec"]["clusterIP"] == "10.96.0.1");
  const json wanted = {{"apiVersion", "v1"},
                       {"kind", "Service"},
                       {"metadata", {{"name", "s"}}},
                       {"spec", {{"type", "NodePort"}, {"ports", {{{"port", 80}}}}}}};
  const reply made = p.call("POST", services, wanted);
  BOOST_REQUIRE(made.code == 201);
  const std::string address = made.body["spec"]["clusterIP"];
  BOOST_TEST(made.body["spec"]["ports"][0]["nodePort"].is_number_integer());
  BOOST_TEST(
      p.call("GET", "/apis/networking.k8s.io/v1/ipaddresses/" + address).body["spec"]["parentRef"]["name"] ==
      "s");
  json thief = wanted;
  thief["metadata"]["name"] = "thief";
  thief["spec"]["clusterIP"] = address;
  BOOST_TEST(p.call("POST", services, thief).code == 422);
  BOOST_TEST(p.call("DELETE", services + "/s").code == 200);
  BOOST_TEST(p.call("GET", "/apis/networking.k8s.io/v1/ipaddresses/" + address).code == 404);
  BOOST_TEST(p.call("POST", services, thief).code == 201);
}

BOOST_AUTO_TEST_CASE(many_clients_of_one_object_lose_no_write) {
  plane p;
  BOOST_TEST(p.call("POST", maps, config_map("counter")).code == 201);
  std::vector<std::shared_ptr<recorded_exchange>> sent;
  for (int i = 0; i < 100; ++i)
    sent.push_back(p.send("PATCH", maps + "/counter", json{{"data", {{"k" + std::to_string(i), "1"}}}}.dump(),
                          "application/merge-patch+json"));
  for (const auto& exchange : sent) BOOST_TEST(exchange->wait().code == 200);
  BOOST_TEST(p.call("GET", maps + "/counter").body["data"].size() == 101U);
}

BOOST_AUTO_TEST_CASE(generated_names_are_new_names) {
  plane p;
  json nameless = config_map("x", {{"metadata", {{"name", nullptr}, {"generateName", "job-"}}}});
  const reply one = p.call("POST", maps, nameless);
  const reply two = p.call("POST", maps, nameless);
  BOOST_TEST(one.code == 201);
  BOOST_TEST(one.body["metadata"]["name"] != two.body["metadata"]["name"]);
}

BOOST_AUTO_TEST_CASE(strangers_are_turned_away) {
  plane p;
  const auto code = [&](const std::string& path, net::peer_identity peer) {
    return p.send("GET", path, {}, {}, std::move(peer))->wait().code;
  };
  BOOST_TEST(code(maps, {}) == 401);
  BOOST_TEST(code("/metrics", {}) == 401);
  BOOST_TEST(code("/healthz", {}) == 200);
  BOOST_TEST(code("/version", {}) == 200);
  BOOST_TEST(code(maps, {"mallory", {}}) == 403);
  BOOST_TEST(code("/apis", {"mallory", {}}) == 200);
  BOOST_TEST(code("/nothing", {"admin", {"system:masters"}}) == 404);
}

BOOST_AUTO_TEST_CASE(an_administrator_can_act_as_somebody_who_may_less) {
  plane p;
  const auto code = [&](net::peer_identity peer, std::vector<std::pair<std::string, std::string>> headers) {
    net::http_request request;
    request.method = "GET";
    request.path = maps;
    request.headers = std::move(headers);
    request.peer = std::move(peer);
    auto exchange = std::make_shared<recorded_exchange>();
    p.handler.handle(std::move(request), exchange);
    return exchange->wait().code;
  };
  const net::peer_identity admin{"admin", {"system:masters"}};
  BOOST_TEST(code(admin, {}) == 200);
  BOOST_TEST(code(admin, {{"impersonate-user", "bob"}}) == 403);
  BOOST_TEST(code(admin, {{"impersonate-user", "bob"}, {"impersonate-group", "system:masters"}}) == 200);
  BOOST_TEST(code(admin, {{"impersonate-group", "system:masters"}}) == 400);
  // Who may nothing may not become somebody who may everything.
  BOOST_TEST(
      code({"mallory", {}}, {{"impersonate-user", "admin"}, {"impersonate-group", "system:masters"}}) == 403);
}

BOOST_AUTO_TEST_CASE(bad_input_is_answered_and_stores_nothing) {
  plane p;
  const auto code = [&](std::string body, std::string type = "application/json") {
    return p.send("POST", maps, std::move(body), std::move(type))->wait().code;
  };
  BOOST_TEST(code("") == 400);
  BOOST_TEST(code("{") == 400);
  BOOST_TEST(code("[]") == 400);
  BOOST_TEST(code("\xff\xfe") == 400);
  BOOST_TEST(code(std::string(5000, '[')) == 400);
  BOOST_TEST(code(R"({"kind":"Secret","apiVersion":"v1","metadata":{"name":"a"}})") == 400);
  BOOST_TEST(code(R"({"metadata":{"name":"Bad_Name"}})") == 422);
  BOOST_TEST(code("a: [", "application/yaml") == 400);
  BOOST_TEST(code("x", "text/plain") == 415);
  BOOST_TEST(p.call("PUT", maps, config_map("a")).code == 405);
  BOOST_TEST(p.call("GET", maps + "?fieldSelector=metadata.name!=kube-root-ca.crt").body["items"].empty());
}

/// Writes and lets time pass until nothing is left of the history up to `at`.
void forget_history(plane& p, std::uint64_t at) {
  for (int round = 0; round < 100 && p.store->status().compacted.value <= at; ++round) {
    p.clock.advance(std::chrono::minutes(10));
    BOOST_REQUIRE(p.call("POST", maps, config_map("filler-" + std::to_string(round))).code == 201);
  }
  BOOST_REQUIRE(p.store->status().compacted.value > at);
}

BOOST_AUTO_TEST_CASE(a_list_whose_history_is_gone_goes_on_with_what_is_there) {
  plane p;
  for (const char* name : {"a", "b", "c", "d"}) p.call("POST", maps, config_map(name));
  const json first = p.call("GET", maps + "?limit=2").body;
  const std::string token = first["metadata"]["continue"];
  const std::string at = first["metadata"]["resourceVersion"];
  BOOST_TEST(p.call("GET", maps + "?limit=2&continue=" + token).body["metadata"]["resourceVersion"] == at);
  forget_history(p, std::stoull(at));

  const reply gone = p.call("GET", maps + "?limit=2&continue=" + token);
  BOOST_TEST(gone.code == 410);
  BOOST_TEST(gone.body["reason"] == "Expired");
  const std::string go_on = gone.body["metadata"]["continue"];
  const json rest = p.call("GET", maps + "?limit=2&continue=" + go_on).body;
  BOOST_TEST(rest["items"][0]["metadata"]["name"] == "c");
  BOOST_TEST(rest["items"][1]["metadata"]["name"] == "d");
  BOOST_TEST(rest["metadata"]["resourceVersion"] != at);
  BOOST_TEST(p.call("GET", maps + "?resourceVersionMatch=Exact&resourceVersion=" + at).code == 410);

  const auto watch = p.send("GET", maps + "?watch=1&resourceVersion=" + at);
  const json event = watch->wait_for_lines(1)[0];
  BOOST_TEST(event["type"] == "ERROR");
  BOOST_TEST(event["object"]["code"] == 410);
  BOOST_TEST(event["object"]["reason"] == "Expired");
}

BOOST_AUTO_TEST_CASE(a_watch_in_protobuf_frames_each_event_by_its_length) {
  plane p;
  p.call("POST", maps, config_map("a"));
  const auto watch =
      p.send("GET", maps + "?watch=1&resourceVersion=0&fieldSelector=metadata.name%3Da", {}, {},
             {"admin", {"system:masters"}}, "application/vnd.kubernetes.protobuf;stream=watch");
  const net::http_response head = watch->wait();
  const auto type = std::find_if(head.headers.begin(), head.headers.end(),
                                 [](const auto& header) { return header.first == "content-type"; });
  BOOST_REQUIRE(type != head.headers.end());
  BOOST_TEST(type->second == "application/vnd.kubernetes.protobuf;stream=watch");
  const std::string frame = watch->wait_for_bytes(64);
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(frame[index]); };
  const std::size_t length = std::size_t{byte(2)} * 256 + byte(3);
  BOOST_TEST(byte(0) + byte(1) == 0);
  BOOST_TEST(frame.substr(4, 7) == std::string("\x0a\x05") + "ADDED");
  BOOST_TEST(watch->wait_for_bytes(length + 4).size() == length + 4);
  BOOST_TEST(frame.find(std::string("k8s\0", 4)) != std::string::npos);
  watch->leave();
}

BOOST_AUTO_TEST_CASE(what_admission_says_reaches_the_client) {
  plane p;
  const std::string space = "/api/v1/namespaces/default";
  const auto pod = [](const std::string& name) {
    return json{{"apiVersion", "v1"},
                {"kind", "Pod"},
                {"metadata", {{"name", name}, {"labels", {{"app", "web"}}}}},
                {"spec", {{"containers", {{{"name", "c"}, {"image", "i"}}}}}}};
  };
  BOOST_TEST(p.call("POST", space + "/pods", pod("a")).code == 201);

  // A budget whose numbers nobody has counted yet grants nothing, and says when to come again.
  const json running = {{"status", {{"phase", "Running"}}}};
  BOOST_TEST(p.call("PATCH", space + "/pods/a/status", running, "application/merge-patch+json").code == 200);
  BOOST_TEST(p.call("POST", "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
                    {{"apiVersion", "policy/v1"},
                     {"kind", "PodDisruptionBudget"},
                     {"metadata", {{"name", "b"}}},
                     {"spec", {{"minAvailable", 1}, {"selector", {{"matchLabels", {{"app", "web"}}}}}}}})
                 .code == 201);
  const json eviction = {{"apiVersion", "policy/v1"}, {"kind", "Eviction"}, {"metadata", {{"name", "a"}}}};
  const reply later = p.call("POST", space + "/pods/a/eviction", eviction);
  BOOST_TEST(later.code == 429);
  BOOST_TEST(later.body["reason"] == "TooManyRequests");
  BOOST_TEST(later.body["details"]["retryAfterSeconds"] == 10);
  BOOST_TEST(later.body["details"]["causes"][0]["reason"] == "DisruptionBudget");
  json other = eviction;
  other["metadata"]["name"] = "b";
  BOOST_TEST(p.call("POST", space + "/pods/a/eviction", other).code == 400);
  BOOST_TEST(p.call("POST", space + "/pods/absent/eviction",
                    {{"apiVersion", "policy/v1"}, {"kind", "Eviction"}, {"metadata", {{"name", "absent"}}}})
                 .code == 404);

  const auto labelled =
      p.send("PATCH", "/api/v1/namespaces/default",
             R"({"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"restricted"}}})",
             "application/merge-patch+json");
  std::vector<std::string> warnings;
  for (const auto& [name, value] : labelled->wait().headers)
    if (name == "warning") warnings.push_back(value);
  BOOST_REQUIRE(warnings.size() == 2U);
  BOOST_TEST(warnings[0].find("existing pods in namespace") != std::string::npos);
  const reply refused = p.call("POST", space + "/pods", pod("c"));
  BOOST_TEST(refused.code == 403);
  BOOST_TEST(refused.body["reason"] == "Forbidden");
  BOOST_TEST(refused.body["details"] == json({{"name", "c"}, {"kind", "pods"}}));
}

BOOST_AUTO_TEST_CASE(a_node_gets_tokens_for_its_own_pods_only) {
  plane p;
  const std::string space = "/api/v1/namespaces/default";
  const auto pod_on = [&](const char* name, const char* node) {
    return p.call("POST", space + "/pods",
                  {{"apiVersion", "v1"},
                   {"kind", "Pod"},
                   {"metadata", {{"name", name}}},
                   {"spec", {{"nodeName", node}, {"containers", {{{"name", "c"}, {"image", "i"}}}}}}});
  };
  const reply made = pod_on("a", "n1");
  BOOST_TEST(made.code == 201);
  // The account is n2's business too, so that the authorizer lets it ask.
  BOOST_TEST(pod_on("b", "n2").code == 201);
  const json bound = {
      {"apiVersion", "authentication.k8s.io/v1"},
      {"kind", "TokenRequest"},
      {"spec",
       {{"boundObjectRef",
         {{"apiVersion", "v1"}, {"kind", "Pod"}, {"name", "a"}, {"uid", made.body["metadata"]["uid"]}}}}}};
  const auto told = [&](const std::string& user, const json& request) {
    const auto answer = p.send("POST", space + "/serviceaccounts/default/token", request.dump(),
                               "application/json", {user, {"system:nodes"}});
    return json::parse(*answer->wait().body).value("message", "");
  };
  BOOST_TEST(told("system:node:n2", bound) ==
             "serviceaccounts \"default\" is forbidden: node requested token bound to a pod scheduled on a "
             "different node");
  json unbound = bound;
  unbound.erase("spec");
  BOOST_TEST(told("system:node:n1", unbound) ==
             "serviceaccounts \"default\" is forbidden: node requested token not bound to a pod");
  // Its own pod it may ask for.
  BOOST_TEST(told("system:node:n1", bound) == "");
}

BOOST_AUTO_TEST_SUITE_END()
