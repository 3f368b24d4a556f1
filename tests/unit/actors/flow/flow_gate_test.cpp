#include "actors/flow/flow_gate.hpp"
#include "actors/flow/metered_exchange.hpp"
#include "schema/base/json.hpp"

#include <boost/test/unit_test.hpp>
#include <future>

using namespace actord;
using namespace actord::actors;

namespace {

using verdict = flow_control::verdict;

/// One level of one seat, with one queue of one place, for everybody but administrators.
std::shared_ptr<const flow_rules> narrow_rules() {
  const json schema =
      json::parse(R"({"metadata": {"name": "all", "uid": "schema-uid"}, "spec": {"matchingPrecedence": 5,
    "priorityLevelConfiguration": {"name": "narrow"}, "rules": [{"subjects": [{"kind": "User", "user": {"name": "*"}}],
    "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": true}]}]}})");
  const json level =
      json::parse(R"({"metadata": {"name": "narrow", "uid": "level-uid"}, "spec": {"type": "Limited",
    "limited": {"nominalConcurrencyShares": 1, "limitResponse": {"type": "Queue",
    "queuing": {"queues": 1, "handSize": 1, "queueLengthLimit": 1}}}}})");
  return std::make_shared<const flow_rules>(std::vector{schema}, std::vector{level}, 1);
}

struct gate_of_one {
  gate_of_one() { gate->use(narrow_rules()); }
  ~gate_of_one() { gate->stop(); }
  gate_of_one(const gate_of_one&) = delete;
  gate_of_one& operator=(const gate_of_one&) = delete;

  verdict enter(flow_gate::flow_seat& seat) {
    return gate->enter({.user = "eve",
                        .groups = {},
                        .verb = "get",
                        .about_resource = true,
                        .group = {},
                        .resource = "pods",
                        .subresource = {},
                        .space = "shop",
                        .path = {}},
                       request_cost{}, seat, [this] {
                         return [this](flow_gate::flow_seat later, bool runs) {
                           kept = std::move(later);
                           started.set_value(runs);
                         };
                       });
  }
  [[nodiscard]] bool says(const std::string& line) const {
    return gate->metrics_text().find(line + "\n") != std::string::npos;
  }

  manual_clock_source clock{wall_time(std::chrono::seconds(1'700'000'000))};
  std::shared_ptr<flow_gate> gate = std::make_shared<flow_gate>(clock);
  std::promise<bool> started;
  flow_gate::flow_seat kept;
};

/// Remembers what it is told; the test plays the socket.
class fake_exchange final : public net::http_exchange {
public:
  void respond(net::http_response response) override { answer = std::move(response); }
  void begin(net::http_response head) override { answer = std::move(head); }
  void write(shared_bytes) override {}
  void end() override {}
  [[nodiscard]] std::size_t pending_bytes() const override { return 0; }
  void on_drained(std::function<void()> callback) override { drained = std::move(callback); }
  void on_closed(std::function<void()> callback) override { closed = std::move(callback); }

  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [each, value] : answer.headers)
      if (each == name) return value;
    return {};
  }

  net::http_response answer;
  std::function<void()> drained;
  std::function<void()> closed;
};

net::http_response answer_of(std::size_t bytes) {
  net::http_response response;
  response.body = share_bytes(std::string(bytes, 'x'));
  return response;
}

constexpr const char* in_use = "apiserver_flowcontrol_current_executing_seats{priority_level=\"narrow\"} 1";

} // namespace

BOOST_FIXTURE_TEST_SUITE(flow_gates, gate_of_one)

BOOST_AUTO_TEST_CASE(the_second_waits_for_the_first_and_the_third_is_turned_away) {
  flow_gate::flow_seat first;
  BOOST_TEST((enter(first) == verdict::run));
  flow_gate::flow_seat second;
  BOOST_TEST((enter(second) == verdict::wait));
  flow_gate::flow_seat third;
  BOOST_TEST((enter(third) == verdict::refuse));
  BOOST_TEST(says("apiserver_flowcontrol_rejected_requests_total{priority_level=\"narrow\"} 1"));
  first.leave();
  BOOST_TEST(started.get_future().get());
  BOOST_TEST(says(in_use));
  kept.leave();
  BOOST_TEST(!says(in_use));
}

BOOST_AUTO_TEST_CASE(who_waits_too_long_is_told_so) {
  flow_gate::flow_seat first;
  BOOST_TEST((enter(first) == verdict::run));
  flow_gate::flow_seat second;
  BOOST_TEST((enter(second) == verdict::wait));
  auto answer = started.get_future();
  gate->expire();
  BOOST_TEST((answer.wait_for(std::chrono::seconds(0)) == std::future_status::timeout));
  clock.advance(std::chrono::seconds(16));
  gate->expire();
  BOOST_TEST(!answer.get());
}

BOOST_AUTO_TEST_CASE(answers_say_what_the_request_was_taken_for) {
  flow_gate::flow_seat seat;
  BOOST_TEST((enter(seat) == verdict::run));
  const auto socket = std::make_shared<fake_exchange>();
  int code = 0;
  metered_exchange exchange(socket, std::move(seat), {.is_watch = false, .deprecation = "old"}, gate,
                            [&](int given) { code = given; });
  exchange.respond(answer_of(10));
  BOOST_TEST(socket->header("x-kubernetes-pf-flowschema-uid") == "schema-uid");
  BOOST_TEST(socket->header("x-kubernetes-pf-prioritylevel-uid") == "level-uid");
  BOOST_TEST(socket->header("warning") == "299 - \"old\"");
  BOOST_TEST(code == 200);
  BOOST_TEST(!says(in_use));
}

BOOST_AUTO_TEST_CASE(a_large_answer_keeps_its_seat_until_the_client_has_it) {
  flow_gate::flow_seat seat;
  BOOST_TEST((enter(seat) == verdict::run));
  const auto socket = std::make_shared<fake_exchange>();
  {
    metered_exchange exchange(socket, std::move(seat), {}, gate, nullptr);
    exchange.respond(answer_of(1'000'000));
  }
  BOOST_TEST(says(in_use));
  BOOST_TEST(gate->lane().held_bytes() == 1'000'000);
  socket->closed();
  BOOST_TEST(!says(in_use));
  BOOST_TEST(gate->lane().held_bytes() == 0);
}

BOOST_AUTO_TEST_CASE(a_watch_keeps_its_seat_until_its_beginning_was_taken) {
  flow_gate::flow_seat seat;
  BOOST_TEST((enter(seat) == verdict::run));
  const auto socket = std::make_shared<fake_exchange>();
  metered_exchange exchange(socket, std::move(seat), {.is_watch = true, .deprecation = {}}, gate, nullptr);
  bool woken = false;
  exchange.on_drained([&] { woken = true; });
  exchange.begin({});
  BOOST_TEST(says(in_use));
  BOOST_TEST(socket->header("x-kubernetes-pf-flowschema-uid") == "schema-uid");
  socket->drained();
  BOOST_TEST(woken);
  BOOST_TEST(!says(in_use));
}

BOOST_AUTO_TEST_CASE(a_request_without_an_answer_counts_as_failed_and_frees_its_seat) {
  flow_gate::flow_seat seat;
  BOOST_TEST((enter(seat) == verdict::run));
  int code = 0;
  {
    const metered_exchange exchange(std::make_shared<fake_exchange>(), std::move(seat), {}, gate,
                                    [&](int given) { code = given; });
  }
  BOOST_TEST(code == 500);
  BOOST_TEST(!says(in_use));
}

BOOST_AUTO_TEST_CASE(long_work_waits_while_answers_fill_the_budget) {
  heavy_lane lane(1, 100);
  auto hold = lane.hold_bytes(150);
  std::promise<void> ran;
  auto done = ran.get_future();
  lane.run([&] { ran.set_value(); });
  std::promise<void> short_ran;
  lane.run_short([&] { short_ran.set_value(); });
  short_ran.get_future().get();
  BOOST_TEST((done.wait_for(std::chrono::seconds(0)) == std::future_status::timeout));
  hold.reset();
  done.get();
}

BOOST_AUTO_TEST_SUITE_END()
