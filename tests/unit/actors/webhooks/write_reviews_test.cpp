#include "actors/webhooks/webhook_target.hpp"
#include "actors/webhooks/write_reviews.hpp"

#include "schema/codec/base64.hpp"

#include <boost/test/unit_test.hpp>

namespace actord::actors {
namespace {

const json everything = json::array(
    {{{"apiGroups", {"*"}}, {"apiVersions", {"*"}}, {"resources", {"*/*"}}, {"operations", {"*"}}}});

json hook(const char* name, const json& fields = json::object()) {
  json one = {{"name", name}, {"rules", everything}, {"admissionReviewVersions", {"v1"}}};
  one.update(fields);
  return one;
}

/// Webhooks that answer at once, and one write of a ConfigMap.
struct table {
  std::map<std::string, std::function<json(const json& request)>> says; ///< by name of the webhook
  std::vector<std::string> asked;
  std::vector<json> requests;
  wall_time now{};
  seeded_random_source random{1};
  std::shared_ptr<webhook_set> hooks = std::make_shared<webhook_set>();

  void add(webhook_kind kind, const json& one) {
    auto& list = kind == webhook_kind::mutating ? hooks->mutating : hooks->validating;
    for (auto& each : read_webhooks(kind, {{"metadata", {{"name", "set"}}}, {"webhooks", {one}}}))
      list.push_back(std::move(each));
  }

  write_reviews::environment environment() {
    return {.hooks = hooks,
            .space_labels = [](const std::string&) { return schema::text_map{}; },
            .now = [this] { return now; },
            .random = random};
  }

  static write_command command(write_verb verb = write_verb::create) {
    write_command made;
    made.verb = verb;
    made.key = {schema::builtin("", "configmaps").id, "here", "map"};
    made.caller = {.user = "eve", .uid = "1", .groups = {"g"}, .extra = {{"k", {"v"}}}};
    made.field_manager = "tester";
    return made;
  }

  /// Until nothing is due.
  void carry_out(write_reviews& reviews) {
    for (auto calls = reviews.due(); !calls.empty(); calls = reviews.due())
      for (const review_call& call : calls) {
        const json request = json::parse(call.text)["request"];
        asked.push_back(call.hook->name);
        requests.push_back(request);
        const auto found = says.find(call.hook->name);
        json response = found == says.end() ? json{{"allowed", true}} : found->second(request);
        if (response.is_null()) {
          reviews.take(call.number, error{.kind = error_kind::timeout, .message = "too late"});
          continue;
        }
        if (!response.contains("uid")) response["uid"] = request["uid"];
        reviews.take(
            call.number,
            json{{"apiVersion", "admission.k8s.io/v1"}, {"kind", "AdmissionReview"}, {"response", response}}
                .dump());
      }
  }

  /// The create of `object` as a plan would go through it; null when it was refused.
  json create(write_reviews& reviews, json object, const std::function<void(json&)>& plugin = {}) {
    const auto plugins = [&](json& what) {
      if (plugin) plugin(what);
      return result<void>{};
    };
    while (true) {
      json planned = object;
      const auto mutated = reviews.mutate(planned, nullptr, plugins);
      if (!mutated) {
        BOOST_REQUIRE(reviews.interrupted());
        carry_out(reviews);
        if (reviews.refusal()) return {};
        continue;
      }
      reviews.validate(planned, nullptr);
      carry_out(reviews);
      return reviews.refusal() ? json() : planned;
    }
  }
};

json patch(const json& operations) {
  return {{"allowed", true}, {"patchType", "JSONPatch"}, {"patch", schema::encode_base64(operations.dump())}};
}
json set_data(const char* key) {
  return patch(json::array({{{"op", "add"}, {"path", std::string("/data/") + key}, {"value", "yes"}}}));
}

json config_map() {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", {{"name", "map"}, {"namespace", "here"}}},
          {"data", {{"a", "b"}}}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(reviews_of_writes)

BOOST_AUTO_TEST_CASE(a_write_that_nobody_asks_for_has_no_reviews) {
  table all;
  BOOST_TEST((write_reviews::of_command(all.environment(), table::command()) == nullptr));
  all.add(webhook_kind::validating, hook("pods.only", {{"rules", json::array({{{"apiGroups", {""}},
                                                                               {"apiVersions", {"v1"}},
                                                                               {"resources", {"pods"}},
                                                                               {"operations", {"*"}}}})}}));
  BOOST_TEST((write_reviews::of_command(all.environment(), table::command()) == nullptr));
  // An update may turn out to make the object.
  all.add(webhook_kind::validating,
          hook("creates", {{"rules", json::array({{{"apiGroups", {""}},
                                                   {"apiVersions", {"v1"}},
                                                   {"resources", {"configmaps"}},
                                                   {"operations", {"CREATE"}}}})}}));
  BOOST_TEST((write_reviews::of_command(all.environment(), table::command(write_verb::patch)) != nullptr));
  BOOST_TEST((write_reviews::of_command(all.environment(), table::command(write_verb::remove)) == nullptr));
  write_command own = table::command();
  own.key.resource = schema::builtin("admissionregistration.k8s.io", "mutatingwebhookconfigurations").id;
  all.add(webhook_kind::mutating, hook("all"));
  BOOST_TEST((write_reviews::of_command(all.environment(), own) == nullptr));
  // What a server needs to begin does not depend on webhooks; what is asked in its name does.
  write_command first = table::command();
  first.caller.user = "system:apiserver";
  BOOST_TEST((write_reviews::of_command(all.environment(), first) == nullptr));
  first.cause.request_id = "1";
  BOOST_TEST((write_reviews::of_command(all.environment(), first) != nullptr));
}

BOOST_AUTO_TEST_CASE(a_review_says_who_does_what) {
  table all;
  all.add(webhook_kind::mutating, hook("m"));
  all.add(webhook_kind::validating, hook("v"));
  write_command command = table::command();
  command.dry_run = true;
  const auto reviews = write_reviews::of_command(all.environment(), command);
  BOOST_TEST(!all.create(*reviews, config_map()).is_null());
  BOOST_TEST(all.asked == (std::vector<std::string>{"m", "v"}));
  const json& request = all.requests.front();
  BOOST_TEST(request["kind"] == (json{{"group", ""}, {"version", "v1"}, {"kind", "ConfigMap"}}));
  BOOST_TEST(request["resource"] == (json{{"group", ""}, {"version", "v1"}, {"resource", "configmaps"}}));
  BOOST_TEST(request["operation"] == "CREATE");
  BOOST_TEST(request["name"] == "map");
  BOOST_TEST(request["namespace"] == "here");
  BOOST_TEST(request["dryRun"] == true);
  BOOST_TEST(request["oldObject"].is_null());
  BOOST_TEST(request["object"]["data"] == (json{{"a", "b"}}));
  BOOST_TEST(!request.contains("subResource"));
  BOOST_TEST(request["userInfo"] ==
             (json{{"username", "eve"}, {"uid", "1"}, {"groups", {"g"}}, {"extra", {{"k", {"v"}}}}}));
  BOOST_TEST(request["options"]["kind"] == "CreateOptions");
  BOOST_TEST(request["options"]["fieldManager"] == "tester");
  BOOST_TEST(request["uid"] != all.requests.back()["uid"]);
}

BOOST_AUTO_TEST_CASE(mutations_come_one_after_the_other_and_plugins_again) {
  table all;
  all.add(webhook_kind::mutating, hook("one"));
  all.add(webhook_kind::mutating, hook("two"));
  all.says["one"] = [](const json&) { return set_data("one"); };
  all.says["two"] = [](const json& request) {
    return request["object"]["data"].contains("one") ? set_data("two") : json{{"allowed", true}};
  };
  int plugins = 0;
  const auto reviews = write_reviews::of_command(all.environment(), table::command());
  const json made = all.create(*reviews, config_map(), [&](json&) { ++plugins; });
  BOOST_TEST(made["data"] == (json{{"a", "b"}, {"one", "yes"}, {"two", "yes"}}));
  BOOST_TEST(plugins == 2);
  BOOST_TEST(all.asked == (std::vector<std::string>{"one", "two"}));
}

BOOST_AUTO_TEST_CASE(who_asks_for_it_sees_what_others_did_once_more) {
  table all;
  all.add(webhook_kind::mutating, hook("again", {{"reinvocationPolicy", "IfNeeded"}}));
  all.add(webhook_kind::mutating, hook("never"));
  all.add(webhook_kind::mutating, hook("last", {{"reinvocationPolicy", "IfNeeded"}}));
  all.says["never"] = [](const json&) { return set_data("never"); };
  const auto reviews = write_reviews::of_command(all.environment(), table::command());
  all.create(*reviews, config_map());
  BOOST_TEST(all.asked == (std::vector<std::string>{"again", "never", "last", "again"}));

  // What plugins change after the webhooks is news to all of them.
  all.asked.clear();
  const auto second = write_reviews::of_command(all.environment(), table::command());
  const json made = all.create(*second, config_map(), [](json& object) {
    if (object["data"].contains("never")) object["data"]["plugin"] = "yes";
  });
  BOOST_TEST(all.asked == (std::vector<std::string>{"again", "never", "last", "again", "last"}));
  BOOST_TEST(made["data"]["plugin"] == "yes");
}

BOOST_AUTO_TEST_CASE(outcomes_belong_to_the_revision_they_were_made_of) {
  table all;
  all.add(webhook_kind::mutating, hook("m"));
  all.says["m"] = [](const json&) { return set_data("m"); };
  const auto none = [](json&) { return result<void>{}; };
  const auto reviews = write_reviews::of_command(all.environment(), table::command(write_verb::update));
  json old = config_map();
  old["metadata"]["resourceVersion"] = "5";
  json planned = config_map();
  BOOST_TEST(!reviews->mutate(planned, &old, none).has_value());
  all.carry_out(*reviews);
  BOOST_TEST(all.requests.back()["operation"] == "UPDATE");
  BOOST_TEST(all.requests.back()["oldObject"]["data"]["a"] == "b");
  old["metadata"]["resourceVersion"] = "6";
  planned = config_map();
  planned["data"]["later"] = "yes";
  BOOST_TEST(!reviews->mutate(planned, &old, none).has_value());
  BOOST_TEST(reviews->interrupted());
  all.carry_out(*reviews);
  BOOST_TEST(reviews->mutate(planned, &old, none).has_value());
  BOOST_TEST(planned["data"] == (json{{"a", "b"}, {"later", "yes"}, {"m", "yes"}}));
  BOOST_TEST(all.asked.size() == 2u);
}

BOOST_AUTO_TEST_CASE(the_first_refusal_counts_whoever_is_quickest) {
  table all;
  for (const char* name : {"a", "b", "c"}) all.add(webhook_kind::validating, hook(name));
  const auto reviews = write_reviews::of_command(all.environment(), table::command());
  json object = config_map();
  BOOST_TEST(reviews->mutate(object, nullptr, [](json&) { return result<void>{}; }).has_value());
  reviews->validate(object, nullptr);
  const auto calls = reviews->due();
  BOOST_REQUIRE(calls.size() == 3u);
  const auto answer = [&](std::size_t number, const char* why) {
    json response = {{"uid", json::parse(calls[number].text)["request"]["uid"]}, {"allowed", why == nullptr}};
    if (why != nullptr) response["status"]["message"] = why;
    reviews->take(
        number,
        json{{"apiVersion", "admission.k8s.io/v1"}, {"kind", "AdmissionReview"}, {"response", response}}
            .dump());
  };
  answer(2, "c says no");
  answer(1, "b says no");
  answer(0, nullptr);
  BOOST_TEST(reviews->due().empty());
  BOOST_REQUIRE(reviews->refusal().has_value());
  BOOST_TEST(reviews->refusal()->plain.message == "admission webhook \"b\" denied the request: b says no");
}

BOOST_AUTO_TEST_CASE(refusals_keep_their_words) {
  const auto read = [](const json& status) {
    webhook denying;
    denying.name = "w";
    const review_refusal refusal = refusal_of(denying, status);
    return std::pair(refusal, json::parse(refusal.status));
  };
  auto [refusal, status] = read({{"code", 418}, {"reason", "Teapot"}, {"details", {{"kind", "pots"}}}});
  BOOST_TEST(refusal.code == 418);
  BOOST_TEST(status["code"] == 418);
  BOOST_TEST(status["reason"] == "Teapot");
  BOOST_TEST(status["details"]["kind"] == "pots");
  BOOST_TEST(status["message"] == "admission webhook \"w\" denied the request: Teapot");
  std::tie(refusal, status) = read({{"code", 409}, {"reason", "AlreadyExists"}, {"message", "no"}});
  BOOST_TEST((refusal.plain.kind == error_kind::already_exists));
  // A refusal is never a success.
  std::tie(refusal, status) = read({{"code", 200}, {"status", "Success"}});
  BOOST_TEST(status["code"] == 400);
  BOOST_TEST(status["status"] == "Failure");
  std::tie(refusal, status) = read(nullptr);
  BOOST_TEST(status["message"] == "admission webhook \"w\" denied the request without explanation");
  BOOST_TEST(!status.contains("reason"));
}

BOOST_AUTO_TEST_CASE(failures_close_or_open) {
  for (const bool open : {false, true}) {
    table all;
    const json fields = {{"failurePolicy", open ? "Ignore" : "Fail"}};
    all.add(webhook_kind::mutating, hook("m", fields));
    all.add(webhook_kind::validating, hook("v", fields));
    all.says["m"] = all.says["v"] = [](const json&) { return json(); };
    const auto reviews = write_reviews::of_command(all.environment(), table::command());
    const json made = all.create(*reviews, config_map());
    BOOST_TEST(made.is_null() == !open);
    if (open) {
      BOOST_TEST(reviews->audit_notes().at("failed-open.mutation.webhook.admission.k8s.io/round_0_index_0") ==
                 "m");
      BOOST_TEST(reviews->audit_notes().at(
                     "failed-open.validation.webhook.admission.k8s.io/round_0_index_0") == "v");
      continue;
    }
    BOOST_TEST(reviews->refusal()->plain.message ==
               "Internal error occurred: failed calling webhook \"m\": failed to "
               "call webhook: too late");
    BOOST_TEST(all.asked.size() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(answers_that_are_none) {
  webhook hook_v1;
  hook_v1.name = "w";
  const auto why = [&](const webhook& of, const json& answer) {
    const auto read = read_review(of, "u", answer.is_string() ? answer.get<std::string>() : answer.dump());
    return read ? std::string("good") : read.error().message;
  };
  const json good = {{"kind", "AdmissionReview"},
                     {"apiVersion", "admission.k8s.io/v1"},
                     {"response", {{"uid", "u"}, {"allowed", true}}}};
  const auto with = [&](const char* path, const json& value) {
    json changed = good;
    changed[json::json_pointer(path)] = value;
    return changed;
  };
  BOOST_TEST(why(hook_v1, good) == "good");
  BOOST_TEST(why(hook_v1, "<html>") != "good");
  BOOST_TEST(why(hook_v1, with("/response", nullptr)) == "webhook response was absent");
  BOOST_TEST(why(hook_v1, with("/response/uid", "x")) == "expected response.uid=\"u\", got \"x\"");
  BOOST_TEST(why(hook_v1, with("/apiVersion", "v2")) ==
             "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /v2, "
             "Kind=AdmissionReview");
  BOOST_TEST(why(hook_v1, with("/response/patch", "W10=")) ==
             "webhook returned response.patch but not response.patchType");
  BOOST_TEST(why(hook_v1, with("/response/patchType", "JSONPatch")) ==
             "webhook returned response.patchType but not response.patch");
  json typed = with("/response/patch", "W10=");
  typed["response"]["patchType"] = "Merge";
  BOOST_TEST(why(hook_v1, typed) == "unsupported patch type \"Merge\"");
  typed["response"]["patchType"] = "JSONPatch";
  BOOST_TEST(why(hook_v1, typed) == "good");
  typed["response"]["patch"] = "e30="; // {}
  BOOST_TEST(why(hook_v1, typed) == "Internal error occurred: a JSON patch must be a list");
  // The old version did not have to say what it is, nor of what.
  webhook older = hook_v1;
  older.review_version = "v1beta1";
  BOOST_TEST(why(older, json{{"response", {{"allowed", true}}}}) == "good");
  BOOST_TEST(why(older, good) != "good");
  // Who validates changes nothing, whatever it says.
  webhook validating = hook_v1;
  validating.kind = webhook_kind::validating;
  BOOST_TEST(why(validating, with("/response/patch", "W10=")) == "good");
}

BOOST_AUTO_TEST_CASE(patches_that_do_not_fit) {
  const auto refusal = [](const json& operations) {
    table all;
    all.add(webhook_kind::mutating, hook("m"));
    all.says["m"] = [&](const json&) { return patch(operations); };
    const auto reviews = write_reviews::of_command(all.environment(), table::command());
    return all.create(*reviews, config_map()).is_null() ? reviews->refusal()->plain.message
                                                        : std::string("fits");
  };
  const auto replace = [](const char* path, const json& value) {
    return json::array({{{"op", "replace"}, {"path", path}, {"value", value}}});
  };
  BOOST_TEST(refusal(json::array()) == "fits");
  BOOST_TEST(refusal(replace("/data/a", "c")) == "fits");
  BOOST_TEST(refusal(replace("/data/a", 1)) != "fits");
  BOOST_TEST(refusal(replace("/none/such", 1)) != "fits");
  BOOST_TEST(refusal(replace("/metadata/namespace", "elsewhere")) != "fits");
  BOOST_TEST(refusal(replace("", json::array())) != "fits");
}

BOOST_AUTO_TEST_CASE(deletions_show_what_goes_and_cannot_be_changed) {
  table all;
  all.add(webhook_kind::mutating, hook("m"));
  all.add(webhook_kind::validating, hook("v"));
  const auto reviews = write_reviews::of_command(all.environment(), table::command(write_verb::remove));
  reviews->remove(config_map());
  all.carry_out(*reviews);
  BOOST_TEST(!reviews->refusal().has_value());
  BOOST_TEST(all.asked == (std::vector<std::string>{"m", "v"}));
  BOOST_TEST(all.requests[1]["operation"] == "DELETE");
  BOOST_TEST(all.requests[1]["object"].is_null());
  BOOST_TEST(all.requests[1]["oldObject"]["data"]["a"] == "b");
  BOOST_TEST(all.requests[1]["options"]["kind"] == "DeleteOptions");

  all.says["m"] = [](const json&) { return set_data("m"); };
  const auto second = write_reviews::of_command(all.environment(), table::command(write_verb::remove));
  second->remove(config_map());
  all.carry_out(*second);
  BOOST_TEST(second->refusal()->plain.message ==
             "Internal error occurred: admission webhook \"m\" attempted to modify the object, which is not "
             "supported for this operation");
}

BOOST_AUTO_TEST_CASE(conditions_decide_before_anybody_is_asked) {
  const auto with = [](const json& expressions, const char* policy, table& all) {
    json conditions = json::array();
    for (const json& each : expressions) conditions.push_back({{"name", "c"}, {"expression", each}});
    all.add(webhook_kind::mutating, hook("m", {{"matchConditions", conditions}, {"failurePolicy", policy}}));
    const auto reviews = write_reviews::of_command(all.environment(), table::command());
    json object = config_map();
    const auto mutated = reviews->mutate(object, nullptr, [](json&) { return result<void>{}; });
    all.carry_out(*reviews);
    return mutated              ? std::string("passed over")
           : reviews->refusal() ? reviews->refusal()->plain.message
                                : "asked";
  };
  const auto verdict = [&](const json& expressions, const char* policy = "Fail") {
    table all;
    return with(expressions, policy, all);
  };
  BOOST_TEST(verdict({"object.metadata.name != 'skip-me'"}) == "asked");
  BOOST_TEST(verdict({"object.metadata.name != 'map'"}) == "passed over");
  BOOST_TEST(verdict({"oldObject == null", "request.operation == 'CREATE'",
                      "request.userInfo.username == 'eve'"}) == "asked");
  BOOST_TEST(verdict({"request.operation == 'CREATE'", "request.namespace == 'there'"}) == "passed over");
  const std::string told = verdict({"object.data.none == 'x'"});
  BOOST_TEST(told.starts_with(
                 "configmaps \"map\" is forbidden: expression 'object.data.none == 'x'' resulted in error"),
             told);
  BOOST_TEST(verdict({"object.data.none == 'x'"}, "Ignore") == "passed over");
  // What is false decides, whatever else cannot be told.
  BOOST_TEST(verdict({"object.data.none == 'x'", "false"}) == "passed over");
  // Nobody may anything here.
  BOOST_TEST(verdict({"authorizer.requestResource.check('breakglass').allowed()"}) == "passed over");
}

BOOST_AUTO_TEST_CASE(patience_is_shared) {
  table all;
  all.add(webhook_kind::mutating, hook("m", {{"timeoutSeconds", 30}}));
  all.add(webhook_kind::mutating, hook("n", {{"timeoutSeconds", 30}}));
  const auto reviews = write_reviews::of_command(all.environment(), table::command());
  json object = config_map();
  BOOST_TEST(!reviews->mutate(object, nullptr, [](json&) { return result<void>{}; }).has_value());
  auto calls = reviews->due();
  BOOST_TEST((calls.at(0).timeout == std::chrono::seconds(30)));
  all.now += std::chrono::seconds(50);
  reviews->take(0,
                json{{"apiVersion", "admission.k8s.io/v1"},
                     {"kind", "AdmissionReview"},
                     {"response", {{"uid", json::parse(calls[0].text)["request"]["uid"]}, {"allowed", true}}}}
                    .dump());
  calls = reviews->due();
  BOOST_TEST((calls.at(0).timeout == std::chrono::seconds(10)));
}

BOOST_AUTO_TEST_CASE(services_are_called_at_a_ready_endpoint) {
  seeded_random_source random(1);
  const webhook_service wanted{.space = "s", .name = "hooks", .path = "/p", .port = 8443};
  schema::service_view service;
  schema::endpoint_slice_view slice;
  const auto address = [&](bool there = true) {
    const auto found =
        service_address(wanted, there ? std::optional(service) : std::nullopt, {slice}, random);
    return found ? *found : found.error().message;
  };
  BOOST_TEST(address(false) == "service \"hooks\" not found");
  BOOST_TEST(address() == "no service port 8443 found for service \"hooks\"");
  service.ports.push_back({.name = "https",
                           .protocol = "TCP",
                           .port = 8443,
                           .target_port = {},
                           .node_port = 0,
                           .app_protocol = {}});
  BOOST_TEST(address() == "no endpoints available for service \"hooks\"");
  slice.ports.push_back({.name = "https", .protocol = "TCP", .port = 9443, .app_protocol = {}});
  schema::endpoint_view endpoint;
  endpoint.addresses = {"10.0.0.7"};
  endpoint.ready = false;
  slice.endpoints = {endpoint};
  BOOST_TEST(address() == "no endpoints available for service \"hooks\"");
  slice.endpoints[0].ready = true;
  BOOST_TEST(address() == "10.0.0.7:9443");
  slice.endpoints[0].addresses = {"127.0.0.1"};
  BOOST_TEST(address() == "no endpoints available for service \"hooks\"");
  slice.endpoints[0].addresses = {"fd00::7"};
  BOOST_TEST(address() == "[fd00::7]:9443");
  service.type = "ExternalName";
  service.external_name = "hooks.example.com";
  BOOST_TEST(address() == "hooks.example.com:8443");

  webhook hook_at;
  hook_at.service = wanted;
  BOOST_TEST(call_url(hook_at) == "https://hooks.s.svc:8443/p?timeout=10s");
  hook_at.service.reset();
  hook_at.url = "https://h/x";
  BOOST_TEST(call_url(hook_at) == "https://h/x?timeout=10s");
  BOOST_TEST(*body_of({200, "x"}) == "x");
  for (const int code : {302, 404, 400, 500}) BOOST_TEST(!body_of({code, "x"}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace actord::actors
