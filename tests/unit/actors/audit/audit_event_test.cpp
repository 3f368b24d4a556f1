#include "actors/audit/audit_event.hpp"
#include "actors/audit/audit_log.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <mutex>

using namespace actord;
using namespace actord::actors;

namespace {

const wall_time received{std::chrono::milliseconds(1'700'000'000'123)};

audit_request request_for(const schema::resource_type& type, audit_level level) {
  audit_request request;
  request.id = "id-1";
  request.uri = "/api/v1/namespaces/shop/" + std::string(type.plural) + "?x=y";
  request.verb = "create";
  request.user = {.user = "alice", .uid = "7", .groups = {"team"}, .extra = {{"k", {"v"}}}};
  request.source_addresses = {"192.0.2.1"};
  request.user_agent = "kubectl/v1.33";
  request.type = schema::builtin_handle(type);
  request.space = "shop";
  request.body = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","managedFields":[{}]}})";
  request.content_type = "application/json";
  request.received = received;
  request.decision.level = level;
  return request;
}

json line(audit_request request, audit_stage stage, int code, const std::string& body) {
  audit_moment moment;
  moment.request = std::make_shared<const audit_request>(std::move(request));
  moment.stage = stage;
  moment.at = received + std::chrono::milliseconds(5);
  moment.code = code;
  moment.body = share_bytes(body);
  moment.content_type = "application/json";
  moment.annotations = {"allow", "because", {{"x.example/note", "what admission said"}}};
  const std::string text = audit_line(moment);
  BOOST_REQUIRE(text.ends_with("}\n"));
  BOOST_TEST(text.find('\n') == text.size() - 1);
  return json::parse(text);
}

const schema::resource_type& config_maps() { return schema::builtin("", "configmaps"); }

} // namespace

BOOST_AUTO_TEST_SUITE(audit_events)

BOOST_AUTO_TEST_CASE(metadata_says_who_did_what_and_shows_no_object) {
  const json event = line(request_for(config_maps(), audit_level::metadata), audit_stage::response_complete,
                          201, R"({"metadata":{"name":"c"}})");
  BOOST_TEST(event == json::parse(R"({
    "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": "id-1", "stage": "ResponseComplete",
    "requestURI": "/api/v1/namespaces/shop/configmaps?x=y", "verb": "create",
    "user": {"username": "alice", "uid": "7", "groups": ["team"], "extra": {"k": ["v"]}},
    "sourceIPs": ["192.0.2.1"], "userAgent": "kubectl/v1.33",
    "objectRef": {"resource": "configmaps", "namespace": "shop", "name": "c", "apiVersion": "v1"},
    "responseStatus": {"metadata": {}, "code": 201},
    "requestReceivedTimestamp": "2023-11-14T22:13:20.123000Z", "stageTimestamp": "2023-11-14T22:13:20.128000Z",
    "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "because",
                    "x.example/note": "what admission said"}})"));
}

BOOST_AUTO_TEST_CASE(objects_appear_at_their_levels) {
  const std::string answer = R"({"kind":"ConfigMap","metadata":{"name":"c","managedFields":[{}]}})";
  json event =
      line(request_for(config_maps(), audit_level::request), audit_stage::response_complete, 201, answer);
  BOOST_TEST(event["requestObject"]["metadata"]["name"] == "c");
  BOOST_TEST(!event.contains("responseObject"));
  event = line(request_for(config_maps(), audit_level::request_response), audit_stage::response_complete, 201,
               answer);
  BOOST_TEST(event["responseObject"]["metadata"].contains("managedFields"));
  event =
      line(request_for(config_maps(), audit_level::request_response), audit_stage::request_received, 0, "");
  BOOST_TEST(!event.contains("requestObject"));
  audit_request lean = request_for(config_maps(), audit_level::request_response);
  lean.decision.omit_managed_fields = true;
  event = line(lean, audit_stage::response_complete, 201, answer);
  BOOST_TEST(!event["requestObject"]["metadata"].contains("managedFields"));
  BOOST_TEST(!event["responseObject"]["metadata"].contains("managedFields"));
}

BOOST_AUTO_TEST_CASE(yaml_and_broken_bodies_are_no_obstacle) {
  audit_request request = request_for(config_maps(), audit_level::request);
  request.body = "kind: ConfigMap\nmetadata: {name: y}\n";
  request.content_type = "application/yaml";
  BOOST_TEST(line(request, audit_stage::response_complete, 201, "{}")["requestObject"]["metadata"]["name"] ==
             "y");
  request.content_type = "application/json";
  BOOST_TEST(!line(request, audit_stage::response_complete, 400, "not json").contains("requestObject"));
  request.uri = "/\xff";
  BOOST_TEST(line(request, audit_stage::response_complete, 400, "{}")["requestURI"] == "/\xef\xbf\xbd");
}

BOOST_AUTO_TEST_CASE(a_failure_says_why) {
  const json event = line(
      request_for(config_maps(), audit_level::metadata), audit_stage::response_complete, 403,
      R"({"kind":"Status","status":"Failure","message":"no","reason":"Forbidden","details":{"name":"c"},"code":403})");
  BOOST_TEST(event["responseStatus"] ==
             json::parse(R"({"metadata":{},"status":"Failure","message":"no","reason":"Forbidden","code":403,
                             "details":{"name":"c"}})"));
}

BOOST_AUTO_TEST_CASE(an_object_that_is_too_much_is_left_out) {
  audit_request request = request_for(config_maps(), audit_level::request);
  request.body = R"({"data":{"k":")" + std::string(300 * 1024, 'x') + R"("}})";
  const json event = line(request, audit_stage::response_complete, 201, "{}");
  BOOST_TEST(!event.contains("requestObject"));
  BOOST_TEST(event["annotations"]["audit.k8s.io/truncated"] == "true");
}

BOOST_AUTO_TEST_CASE(some_bodies_are_never_shown) {
  BOOST_TEST(holds_secrets(schema::builtin("", "secrets"), ""));
  BOOST_TEST(holds_secrets(schema::builtin("", "serviceaccounts"), "token"));
  BOOST_TEST(holds_secrets(schema::builtin("authentication.k8s.io", "tokenreviews"), ""));
  BOOST_TEST(!holds_secrets(schema::builtin("", "serviceaccounts"), ""));
  BOOST_TEST(!holds_secrets(config_maps(), ""));
}

BOOST_AUTO_TEST_CASE(the_log_writes_in_order_and_drops_what_does_not_fit) {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  std::string written;
  {
    audit_log log(
        [&](std::string_view lines) {
          std::unique_lock lock(mutex);
          changed.wait(lock, [&] { return open; });
          written += lines;
          return result<void>();
        },
        20'000);
    const auto add = [&](const std::string& id) {
      audit_request request = request_for(config_maps(), audit_level::metadata);
      request.id = id;
      audit_moment moment;
      moment.request = std::make_shared<const audit_request>(std::move(request));
      moment.at = received;
      log.add(std::move(moment));
    };
    // The writer is stuck: beside what it has taken, the queue takes 20,000 bytes and no more.
    for (int i = 0; i < 200; ++i) add("n" + std::to_string(i));
    BOOST_TEST(log.lost() > 100);
    {
      const std::lock_guard lock(mutex);
      open = true;
    }
    changed.notify_all();
  }
  BOOST_TEST(written.find("\"n0\"") != std::string::npos);
  BOOST_TEST(written.find("\"n0\"") < written.find("\"n1\""));
  BOOST_TEST(written.find("\"n199\"") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
