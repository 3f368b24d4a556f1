#include "actors/audit/audit_trail.hpp"
#include "schema/base/json.hpp"

#include <boost/test/unit_test.hpp>
#include <mutex>
#include <sstream>

using namespace actord;
using namespace actord::actors;

namespace {

class fake_exchange final : public net::http_exchange {
public:
  void respond(net::http_response response) override { answer = std::move(response); }
  void begin(net::http_response head) override { answer = std::move(head); }
  void write(shared_bytes) override {}
  void end() override {}
  [[nodiscard]] std::size_t pending_bytes() const override { return 0; }
  void on_drained(std::function<void()>) override {}
  void on_closed(std::function<void()>) override {}
  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [each, value] : answer.headers)
      if (each == name) return value;
    return {};
  }

  net::http_response answer;
};

/// A request on its way, and the events it leaves.
struct trail {
  explicit trail(const std::string& rules = "rules: [{level: RequestResponse}]") {
    auto policy = audit_policy::parse("apiVersion: audit.k8s.io/v1\nkind: Policy\n" + rules, "/policy");
    log = std::make_shared<audit_log>(
        [this](std::string_view lines) {
          written += lines;
          return result<void>();
        },
        1U << 20U);
    audit = std::make_unique<audit_trail>(log, std::move(*policy), random, clock);
  }

  api_request begin(const std::string& method, const std::string& path, const std::string& body = {}) {
    api_request request;
    request.http.method = method;
    request.http.path = path;
    request.http.body = body;
    request.http.headers = {{"content-type", "application/json"},
                            {"x-forwarded-for", "198.51.100.7, junk!, ::1"}};
    request.http.remote_address = "192.0.2.1:4711";
    request.exchange = socket;
    request.caller = {.user = "alice", .uid = {}, .groups = {"team"}, .extra = {}};
    audit->begin(request, find_route(path), &credentials);
    return request;
  }
  /// Ends the log and reads it.
  std::vector<json> events() {
    audit.reset();
    log.reset();
    std::vector<json> all;
    std::istringstream lines(written);
    for (std::string line; std::getline(lines, line);) all.push_back(json::parse(line));
    return all;
  }

  seeded_random_source random{6};
  manual_clock_source clock{wall_time(std::chrono::seconds(1'700'000'000))};
  std::string written;
  std::shared_ptr<audit_log> log;
  std::unique_ptr<audit_trail> audit;
  std::shared_ptr<fake_exchange> socket = std::make_shared<fake_exchange>();
  caller_identity credentials{.user = "alice", .uid = {}, .groups = {"team"}, .extra = {}};
};

net::http_response answer_of(int code, const std::string& body) {
  net::http_response response;
  response.code = code;
  response.headers.emplace_back("content-type", "application/json");
  response.body = share_bytes(body);
  return response;
}

} // namespace

BOOST_AUTO_TEST_SUITE(audit_trails)

BOOST_AUTO_TEST_CASE(a_request_leaves_its_reception_and_its_answer) {
  trail one;
  {
    api_request request = one.begin("POST", "/api/v1/namespaces/shop/configmaps", R"({"data":{"k":"v"}})");
    BOOST_REQUIRE(request.audit != nullptr);
    request.audit->authorized(true, "because");
    request.exchange->respond(answer_of(201, R"({"metadata":{"name":"c"}})"));
  }
  const std::string id = one.socket->header("audit-id");
  const auto events = one.events();
  BOOST_REQUIRE(events.size() == 2);
  BOOST_TEST(events[0]["stage"] == "RequestReceived");
  BOOST_TEST(!events[0].contains("requestObject"));
  BOOST_TEST(events[1]["stage"] == "ResponseComplete");
  BOOST_TEST(events[1]["requestObject"]["data"]["k"] == "v");
  BOOST_TEST(events[1]["responseObject"]["metadata"]["name"] == "c");
  BOOST_TEST(events[1]["annotations"]["authorization.k8s.io/reason"] == "because");
  BOOST_TEST((events[1]["sourceIPs"] == json{"198.51.100.7", "::1", "192.0.2.1"}));
  BOOST_TEST(!events[1].contains("impersonatedUser"));
  for (const json& event : events) BOOST_TEST(event["auditID"] == id);
}

BOOST_AUTO_TEST_CASE(bodies_of_secrets_are_not_even_kept) {
  trail one;
  {
    api_request request =
        one.begin("POST", "/api/v1/namespaces/shop/secrets", R"({"data":{"k":"aGlkZGVu"}})");
    BOOST_TEST(request.audit->request().body.empty());
    request.exchange->respond(answer_of(201, R"({"metadata":{"name":"s"},"data":{"k":"aGlkZGVu"}})"));
  }
  one.events();
  BOOST_TEST(one.written.find("aGlkZGVu") == std::string::npos);
  BOOST_TEST(one.written.find("\"level\":\"Metadata\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_stream_leaves_its_start_and_its_end) {
  trail one;
  {
    api_request request = one.begin("GET", "/api/v1/namespaces/shop/pods");
    request.exchange->begin(answer_of(200, ""));
    request.exchange->end();
  }
  const auto events = one.events();
  BOOST_REQUIRE(events.size() == 3);
  BOOST_TEST(events[1]["stage"] == "ResponseStarted");
  BOOST_TEST(events[2]["stage"] == "ResponseComplete");
}

BOOST_AUTO_TEST_CASE(a_request_that_nobody_answers_is_a_panic) {
  trail one;
  {
    const api_request request = one.begin("GET", "/api/v1/namespaces/shop/pods");
  }
  const auto events = one.events();
  BOOST_REQUIRE(events.size() == 2);
  BOOST_TEST(events[1]["stage"] == "Panic");
  BOOST_TEST(events[1]["responseStatus"]["code"] == 500);
}

BOOST_AUTO_TEST_CASE(who_speaks_for_another_is_shown_with_him) {
  trail one;
  one.credentials = {.user = "root", .uid = {}, .groups = {"system:masters"}, .extra = {}};
  one.begin("GET", "/healthz").exchange->respond(answer_of(200, "ok"));
  const auto events = one.events();
  BOOST_TEST(events[0]["user"]["username"] == "root");
  BOOST_TEST(events[0]["impersonatedUser"]["username"] == "alice");
  BOOST_TEST(!events[0].contains("objectRef"));
}

BOOST_AUTO_TEST_CASE(what_the_policy_does_not_want_costs_nothing) {
  trail one("rules: [{level: None}]");
  const api_request request = one.begin("GET", "/api/v1/pods");
  BOOST_TEST(request.audit == nullptr);
  BOOST_TEST((request.exchange == one.socket));
}

BOOST_AUTO_TEST_SUITE_END()
