#include "actors/api/forwarding/answer_collector.hpp"
#include "actors/api/forwarding/leader_wait.hpp"
#include "actors/api/forwarding/write_forwarder.hpp"
#include "actors/cluster/leader_link.hpp"
#include "actors/objects/first_outcome.hpp"
#include "api_plane.hpp"
#include "storage/leader_errors.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>

using namespace actord;
using namespace actord::testing;

namespace {

constexpr storage::member_id leader_id = 1;
constexpr storage::member_id follower_id = 2;

/// The leader's store as another member sees it: it does not lead, may know no leader, and may lag.
class follower_view final : public storage::store {
public:
  explicit follower_view(storage::store& inner) : inner_(inner) {}

  std::atomic<storage::member_id> leader{leader_id};
  std::atomic<bool> lags{false};
  std::atomic<bool> damaged{false};

  /// Applies what it lagged behind.
  void catch_up() {
    lags = false;
    std::function<void(result<void>)> ready;
    {
      const std::lock_guard lock(mutex_);
      std::swap(ready, waiting_);
    }
    if (ready) ready({});
  }
  [[nodiscard]] bool is_waited_for() {
    const std::lock_guard lock(mutex_);
    return waiting_ != nullptr;
  }

  void propose(storage::transaction what, std::function<void(storage::outcome)> done) override {
    inner_.propose(std::move(what), std::move(done));
  }
  [[nodiscard]] std::unique_ptr<storage::snapshot> read() const override { return inner_.read(); }
  void confirm_reads(std::function<void(result<void>)> ready) override {
    if (leader == 0) return ready(error{error_kind::unavailable, "nobody leads"});
    inner_.confirm_reads(std::move(ready));
  }
  void wait_for(revision at, std::chrono::milliseconds wait,
                std::function<void(result<void>)> ready) override {
    if (damaged) return ready(error{error_kind::timeout, "nothing may be shown"});
    if (!lags) return inner_.wait_for(at, wait, std::move(ready));
    const std::lock_guard lock(mutex_);
    waiting_ = std::move(ready);
  }
  [[nodiscard]] std::string head(const object_key& key) const override { return inner_.head(key); }
  result<std::unique_ptr<storage::watch_cursor>> watch(storage::watch_scope scope, revision after,
                                                       std::function<void()> wake) override {
    return inner_.watch(std::move(scope), after, std::move(wake));
  }
  [[nodiscard]] wall_time now() const override { return inner_.now(); }
  [[nodiscard]] storage::store_status status() const override {
    storage::store_status status = inner_.status();
    status.leading = false;
    status.self = follower_id;
    status.leader = leader;
    if (lags) status.last = revision{0};
    return status;
  }
  [[nodiscard]] std::string cluster_id() const override { return inner_.cluster_id(); }
  void receive(storage::member_id, std::string) override {}
  [[nodiscard]] std::vector<storage::cluster_member> members() const override { return {}; }
  [[nodiscard]] std::shared_ptr<void> on_leadership(storage::leadership_listener) override { return {}; }
  void add_learner(storage::member_id, std::string, storage::membership_answer) override {}
  void promote(storage::member_id, std::chrono::milliseconds, storage::membership_answer) override {}
  void remove_member(storage::member_id, storage::membership_answer) override {}
  void transfer_leadership(storage::member_id, storage::membership_answer) override {}

private:
  storage::store& inner_;
  std::mutex mutex_;
  std::function<void(result<void>)> waiting_;
};

/// Leads from the follower to the leader, with the faults a test asks for.
class faulty_link final : public actors::leader_link {
public:
  explicit faulty_link(actors::api_frontend& leader) : leader_(leader) {}

  std::atomic<int> calls{0};
  std::atomic<int> batches{0}; ///< of nodes, among them
  std::atomic<int> lose{0};    ///< answers: the request is served, its answer is lost
  std::atomic<int> refuse{0};  ///< calls: the server asked says that it does not lead
  std::atomic<bool> others{true};

  [[nodiscard]] bool has_others() const override { return others; }
  void call(storage::member_id member, std::string_view method, std::string payload,
            std::chrono::milliseconds, std::function<void(result<std::string>)> done) override {
    ++calls;
    BOOST_REQUIRE(member == leader_id);
    if (method == actors::node_batch_method) {
      ++batches;
      return leader_.serve_node_batch(payload, std::move(done));
    }
    BOOST_REQUIRE(method == net::forward_method);
    if (refuse > 0) {
      --refuse;
      return done(net::encode_forwarded({net::forwarded_answer::not_leading{}}));
    }
    const bool loses = lose > 0;
    if (loses) --lose;
    leader_.serve_forwarded(payload, [done, loses](result<std::string> answer) {
      if (loses) return done(error{error_kind::timeout, "the connection broke"});
      done(std::move(answer));
    });
  }

private:
  actors::api_frontend& leader_;
};

/// A leader and a follower of it in one process; requests go to the follower.
struct two_servers : plane {
  follower_view view{*store};
  faulty_link link{frontend};
  std::unique_ptr<actors::object_router> closed_router =
      std::make_unique<actors::object_router>(actors::object_router::collaborators{
          system, view, admission, registry, random, network, "CERTIFICATE", &roles, true});
  actors::api_frontend follower{{.system = system,
                                 .store = view,
                                 .router = *closed_router,
                                 .registry = registry,
                                 .random = random,
                                 .authentication = actors::authenticator({}, {tokens, bootstrap}, clock),
                                 .authorization = authorization,
                                 .tokens = *tokens,
                                 .advertised_address = "192.0.2.3:6443",
                                 .readiness = nullptr,
                                 .link = &link}};

  two_servers() { handler = follower.handler(); }
  ~two_servers() { handler = {}; }
  /// How many ConfigMaps of the test's there are.
  std::size_t stored(const std::string& prefix) {
    std::size_t count = 0;
    const reply all = call("GET", maps);
    for (const json& item : all.body["items"])
      if (item["metadata"]["name"].get<std::string>().starts_with(prefix)) ++count;
    return count;
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(forwarding)

BOOST_FIXTURE_TEST_CASE(writes_are_done_by_the_leader, two_servers) {
  const reply made = call("POST", maps, config_map("a"));
  BOOST_TEST(made.code == 201);
  BOOST_TEST(call("GET", maps + "/a").body == made.body);
  BOOST_TEST(call("PATCH", maps + "/a", {{"data", {{"k", "w"}}}}, "application/merge-patch+json").code ==
             200);
  BOOST_TEST(call("POST", maps, config_map("a")).code == 409);
  BOOST_TEST(call("DELETE", maps + "/a").code == 200);
  BOOST_TEST(call("DELETE", maps + "?labelSelector=none").code == 200);
  BOOST_TEST(link.calls == 5);
}

BOOST_FIXTURE_TEST_CASE(the_leader_authorizes, two_servers) {
  const reply refused = call_as({"jane", {}}, "POST", maps, config_map("a"));
  BOOST_TEST(refused.code == 403);
  BOOST_TEST(refused.body["message"].get<std::string>().find("User \"jane\" cannot create") !=
             std::string::npos);
  // Who shows nothing is asked to, here.
  BOOST_TEST(call_as({}, "POST", maps, config_map("a")).code == 401);
  BOOST_TEST(link.calls == 1);
}

/// As a worker sends it: what it says of itself is not believed.
std::string asked_by_a_node(const char* id, const char* method, const std::string& path, const json& body,
                            bool quiet) {
  net::forwarded_request what;
  what.request_id = id;
  what.user = "kubernetes-admin";
  what.groups = {"system:masters"};
  what.quiet = quiet;
  what.http.method = method;
  what.http.path = path;
  what.http.headers = {{"content-type", "application/json"}, {"accept", "application/json"}};
  what.http.body = body.dump();
  return net::encode_forwarded(what);
}

BOOST_FIXTURE_TEST_CASE(what_a_node_asks_at_once_goes_in_one_call_and_ends_one_by_one, two_servers) {
  const auto node = [](const char* name) {
    return json{{"apiVersion", "v1"}, {"kind", "Node"}, {"metadata", {{"name", name}}}};
  };
  const net::forwarded_batch batch{"",
                                   {asked_by_a_node("1", "POST", "/api/v1/nodes", node("n1"), true),
                                    asked_by_a_node("2", "POST", "/api/v1/nodes", node("n2"), true),
                                    asked_by_a_node("3", "POST", "/api/v1/nodes", node("n1"), true),
                                    asked_by_a_node("4", "GET", "/api/v1/nodes/n1", nullptr, false)}};
  std::promise<result<std::string>> told;
  follower.serve_node("n1", net::encode_forwarded(batch),
                      [&](result<std::string> answer) { told.set_value(std::move(answer)); });
  const auto answer = told.get_future().get();
  BOOST_REQUIRE(answer.has_value());
  const auto answers = net::decode_forwarded_answers(*answer, 4);
  BOOST_REQUIRE(answers.has_value());
  std::vector<int> codes;
  for (const std::string& each : *answers) {
    const auto read = net::decode_forwarded_answer(each);
    BOOST_REQUIRE(read.has_value());
    const auto& one = std::get<net::forwarded_answer::answered>(read->what);
    codes.push_back(one.response.code);
    // Who succeeds quietly is told no more than that.
    if (one.response.code == 201) BOOST_TEST(one.response.body == nullptr);
  }
  std::sort(codes.begin(), codes.begin() + 3); // they are under way together
  BOOST_TEST((codes[0] == 201 && codes[1] == 403 && codes[2] == 409),
             std::to_string(codes[0]) + " " + std::to_string(codes[1]) + " " + std::to_string(codes[2]));
  BOOST_TEST((codes[3] == 200 || codes[3] == 404));
  BOOST_TEST(link.batches == 1);
  BOOST_TEST(link.calls == 1);
}

BOOST_FIXTURE_TEST_CASE(the_client_reads_its_own_writes, two_servers) {
  view.lags = true;
  const auto exchange = send("POST", maps, config_map("a").dump());
  while (!view.is_waited_for()) std::this_thread::yield();
  view.catch_up();
  BOOST_TEST(exchange->wait().code == 201);
}

BOOST_FIXTURE_TEST_CASE(a_watch_begins_with_a_state_as_new_as_it_asks_for, two_servers) {
  BOOST_TEST(call("POST", maps, config_map("a")).code == 201);
  const std::string from = "?watch=1&resourceVersion=" + std::to_string(view.status().last.value);
  view.lags = true;
  const auto state = send("GET", maps + from + "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
  while (!view.is_waited_for()) std::this_thread::yield();
  const auto events = send("GET", maps + from);
  BOOST_TEST(events->wait().code == 200);
  events->leave();
  view.catch_up();
  BOOST_TEST(state->wait().code == 200);
  state->leave();
}

BOOST_FIXTURE_TEST_CASE(requests_wait_for_a_leader, two_servers) {
  view.leader = 0;
  const auto write = send("POST", maps, config_map("a").dump());
  const auto read = send("GET", maps + "/kube-root-ca.crt");
  const auto any = send("GET", maps + "/kube-root-ca.crt?resourceVersion=0");
  const auto watch = send("GET", maps + "?watch=1");
  BOOST_TEST(link.calls == 0);
  view.leader = leader_id;
  follower.leader_changed();
  BOOST_TEST(write->wait().code == 201);
  BOOST_TEST(read->wait().code != 503);
  BOOST_TEST(any->wait().code != 503);
  BOOST_TEST(watch->wait().code == 200);
  watch->leave();
}

BOOST_FIXTURE_TEST_CASE(a_server_whose_state_is_damaged_shows_nothing_of_any_version, two_servers) {
  BOOST_TEST(call("POST", maps, config_map("a")).code == 201);
  const std::string known = "resourceVersion=" + std::to_string(view.status().last.value);
  const std::string one = maps + "/a?" + known;
  BOOST_TEST(send("GET", one)->wait().code == 200);
  view.damaged = true;
  BOOST_TEST(send("GET", one)->wait().code == 503);
  BOOST_TEST(send("GET", maps + "?" + known)->wait().code == 503);
  BOOST_TEST(send("GET", maps + "?watch=1&" + known)->wait().code == 503);
  BOOST_TEST(send("GET", maps + "?watch=1&resourceVersion=1")->wait().code == 503);
  view.damaged = false;
  const auto watch = send("GET", maps + "?watch=1&" + known);
  BOOST_TEST(watch->wait().code == 200);
  watch->leave();
}

BOOST_FIXTURE_TEST_CASE(who_does_not_lead_is_not_asked_twice_in_vain, two_servers) {
  link.refuse = 2;
  BOOST_TEST(call("POST", maps, config_map("a")).code == 201);
  BOOST_TEST(link.calls == 3);
}

BOOST_FIXTURE_TEST_CASE(a_server_that_has_not_looked_for_the_others_forwards_all_the_same, two_servers) {
  link.others = false;
  BOOST_TEST(call("POST", maps, config_map("a")).body["data"] == config_map("a")["data"]);
  BOOST_TEST(call("DELETE", maps + "/a").code == 200);
  BOOST_TEST(link.calls == 2);
}

/// Leadership ends between the look at the door and the door: were the request to travel on under another id,
/// the one who gave it its id would try it again beside that.
BOOST_FIXTURE_TEST_CASE(a_request_with_an_id_travels_under_that_id_only, two_servers) {
  int travelled = 0;
  actors::object_router door(actors::object_router::collaborators{
      system, view, admission, registry, random, network, "CERTIFICATE", &roles, true,
      [&travelled](const actors::write_command&) { ++travelled; }});
  std::optional<error_kind> answered;
  actors::write_command command;
  command.request_id = "an id";
  command.done = [&answered](const result<actors::write_answer>& what) {
    BOOST_REQUIRE(!what.has_value());
    BOOST_TEST(storage::is_not_leading(what.error()));
    answered = what.error().kind;
  };
  door.submit(std::move(command));
  BOOST_TEST(travelled == 0);
  BOOST_TEST((answered == error_kind::unavailable));
  door.submit(actors::write_command{});
  BOOST_TEST(travelled == 1);
}

/// A server that is alone gives requests no id to travel under: their answers are shown all the same.
BOOST_FIXTURE_TEST_CASE(what_a_client_asked_for_does_not_travel_as_the_nodes_own, two_servers) {
  int travelled = 0;
  actors::object_router door(actors::object_router::collaborators{
      system, view, admission, registry, random, network, "CERTIFICATE", &roles, true,
      [&travelled](const actors::write_command&) { ++travelled; }});
  bool refused = false;
  actors::write_command command;
  command.cause.request_id = "of a client";
  command.done = [&refused](const result<actors::write_answer>& what) {
    refused = !what && storage::is_not_leading(what.error());
  };
  door.submit(std::move(command));
  BOOST_TEST(travelled == 0);
  BOOST_TEST(refused);
}

BOOST_AUTO_TEST_CASE(only_a_failed_precondition_says_that_there_was_no_earlier_try) {
  const auto says = [](error_kind kind) { return actors::is_no_earlier_try({0, error{kind, "why"}}); };
  BOOST_TEST(says(error_kind::conflict));
  BOOST_TEST(says(error_kind::not_found));
  // The disk is full, the queue is full: nobody has looked.
  BOOST_TEST(!says(error_kind::unavailable));
  BOOST_TEST(!says(error_kind::too_many_requests));
}

BOOST_FIXTURE_TEST_CASE(what_waits_for_a_leader_ends_with_the_waiting, two_servers) {
  actors::leader_wait waiting(system, registry);
  const auto held = std::make_shared<int>(0);
  waiting.park([held] { ++*held; });
  waiting.stop();
  const int ran = *held;
  BOOST_TEST(held.use_count() == 1);
  waiting.wake();
  waiting.park([held] { ++*held; });
  BOOST_TEST(held.use_count() == 1);
  BOOST_TEST(*held == ran);
}

/// As a forwarder does that nobody needs any more once the last of its requests is answered.
BOOST_FIXTURE_TEST_CASE(what_waited_may_be_the_last_that_needs_the_waiting, two_servers) {
  auto waiting = std::make_shared<actors::leader_wait>(system, registry);
  std::promise<void> mine_is_gone;
  std::promise<void> ran;
  waiting->park([waiting, gone = mine_is_gone.get_future().share(), &ran] {
    gone.wait();
    ran.set_value();
  });
  waiting.reset();
  mine_is_gone.set_value();
  const auto outcome = ran.get_future().wait_for(std::chrono::seconds(30));
  BOOST_TEST((outcome == std::future_status::ready));
  // Its actor ends with it: the plane's end waits for that.
}

/// The answer is lost, the write is not: the second try is answered with what the first one did.
BOOST_FIXTURE_TEST_CASE(a_second_try_gets_the_first_outcome, two_servers) {
  link.lose = 1;
  const reply made = call("POST", maps, config_map("a"));
  BOOST_TEST(made.code == 201);
  BOOST_TEST(link.calls == 2);
  BOOST_TEST(call("GET", maps + "/a").body == made.body);

  link.lose = 2;
  json named = config_map("");
  named["metadata"] = {{"generateName", "many-"}};
  const reply generated = call("POST", maps, named);
  BOOST_TEST(generated.code == 201);
  BOOST_TEST(stored("many-") == 1U);
  BOOST_TEST(call("GET", maps + "/" + generated.body["metadata"]["name"].get<std::string>()).body ==
             generated.body);

  // An update that would conflict with itself.
  link.lose = 1;
  json changed = made.body;
  changed["data"]["k"] = "w";
  const reply updated = call("PUT", maps + "/a", changed);
  BOOST_TEST(updated.code == 200);
  BOOST_TEST(updated.body["data"]["k"] == "w");

  link.lose = 1;
  const reply removed = call("DELETE", maps + "/a");
  BOOST_TEST(removed.code == 200);
  BOOST_TEST(removed.body["status"] == "Success");
  BOOST_TEST(call("GET", maps + "/a").code == 404);

  // One that was refused is refused again.
  link.lose = 1;
  BOOST_TEST(call("DELETE", maps + "/a").code == 404);
}

BOOST_FIXTURE_TEST_CASE(reviews_are_answered_here, two_servers) {
  const json review = {{"apiVersion", "authorization.k8s.io/v1"},
                       {"kind", "SelfSubjectAccessReview"},
                       {"spec", {{"resourceAttributes", {{"verb", "get"}, {"resource", "pods"}}}}}};
  BOOST_TEST(call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review).code == 201);
  BOOST_TEST(link.calls == 0);
}

/// By the forwarder's own clock, for five seconds are long in a test.
BOOST_FIXTURE_TEST_CASE(patience_ends, two_servers) {
  view.leader = 0;
  const auto waiting = std::make_shared<actors::leader_wait>(system, registry);
  const auto forwarder = std::make_shared<actors::write_forwarder>(actors::write_forwarder::collaborators{
      .store = view,
      .link = link,
      .waiting = waiting,
      .clock = clock,
      .deadline = [](const net::http_request&) { return std::chrono::seconds(15); },
      .leads = [] { return false; },
      .serve = [](net::forwarded_request, const net::exchange_handle&,
                  steady_time) { BOOST_FAIL("this server does not lead"); }});
  const auto fresh = std::make_shared<recorded_exchange>();
  const auto tried = std::make_shared<recorded_exchange>();
  net::forwarded_request again;
  again.again = true;
  const steady_time until = clock.steady_now() + std::chrono::seconds(5);
  forwarder->forward({}, fresh, until);
  forwarder->forward(again, tried, until);
  clock.advance(std::chrono::seconds(5));
  waiting->wake();
  const net::http_response refused = fresh->wait();
  BOOST_TEST(refused.code == 503);
  BOOST_TEST((std::find(refused.headers.begin(), refused.headers.end(),
                        std::pair<std::string, std::string>("retry-after", "1")) != refused.headers.end()));
  BOOST_TEST(tried->wait().code == 504);
}

BOOST_AUTO_TEST_SUITE_END()
