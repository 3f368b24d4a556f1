#include "actors/nodes/node_writer.hpp"

#include "actors/cluster/actor_config.hpp"
#include "actors/console/actor_registry.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <condition_variable>
#include <fmt/format.h>
#include <future>
#include <mutex>

using namespace actord;
using namespace actord::actors;
using namespace std::chrono_literals;

namespace {

/// One server, which answers when the test says what.
class fake_server final : public server_contact {
public:
  struct asked {
    net::forwarded_batch batch;
    std::function<void(result<std::string>)> done;
  };

  [[nodiscard]] std::vector<storage::member_id> servers() const override { return {1}; }
  void call(storage::member_id, std::string_view method, std::string payload, std::chrono::milliseconds,
            std::function<void(result<std::string>)> done) override {
    BOOST_REQUIRE(method == node_write_method);
    auto batch = net::decode_forwarded_batch(payload);
    BOOST_REQUIRE(batch.has_value());
    const std::scoped_lock hold(mutex_);
    calls_.push_back({std::move(*batch), std::move(done)});
    changed_.notify_all();
  }
  std::shared_ptr<net::peer_stream> open_stream(storage::member_id, std::string_view, std::string,
                                                net::stream_events) override {
    return nullptr;
  }

  asked next() {
    std::unique_lock hold(mutex_);
    BOOST_REQUIRE(changed_.wait_for(hold, 20s, [&] { return !calls_.empty(); }));
    asked first = std::move(calls_.front());
    calls_.erase(calls_.begin());
    return first;
  }
  [[nodiscard]] std::size_t waiting() {
    const std::scoped_lock hold(mutex_);
    return calls_.size();
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<asked> calls_;
};

std::string answer_of(int code) {
  return net::encode_forwarded({net::forwarded_answer::answered{{code, {}, nullptr}, revision{1}}});
}

net::forwarded_request request_at(const fake_server::asked& call, std::size_t at) {
  return net::decode_forwarded_request(call.batch.requests.at(at)).value();
}

void answer_all(const fake_server::asked& call, int code = 200) {
  call.done(
      net::encode_forwarded_answers(std::vector<std::string>(call.batch.requests.size(), answer_of(code))));
}

struct fixture {
  actor_config config;
  caf::actor_system system{config};
  actor_registry registry;
  fake_server server;
  node_writer writer{{system, registry, server, system_clock_source(), system_random_source()}};

  std::future<result<write_answer>> write(const std::string& pod) {
    auto told = std::make_shared<std::promise<result<write_answer>>>();
    write_command command;
    command.verb = write_verb::patch;
    command.key = {schema::builtin("", "pods").id, "shop", pod};
    command.subresource = "status";
    command.patch = schema::patch_format::strategic_merge_patch;
    command.only_uid = "u-" + pod;
    command.body = "{}";
    command.done = [told](result<write_answer> answer) { told->set_value(std::move(answer)); };
    writer.write(std::move(command));
    return told->get_future();
  }
  static result<write_answer> outcome(std::future<result<write_answer>>& of) {
    BOOST_REQUIRE((of.wait_for(20s) == std::future_status::ready));
    return of.get();
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(node_writes, fixture)

BOOST_AUTO_TEST_CASE(a_lone_write_goes_at_once_and_says_who_it_is_meant_for) {
  auto told = write("a");
  const auto call = server.next();
  BOOST_REQUIRE(call.batch.requests.size() == 1U);
  const net::forwarded_request request = request_at(call, 0);
  BOOST_TEST(request.http.path == "/api/v1/namespaces/shop/pods/a/status");
  BOOST_TEST(json::parse(request.http.body)["metadata"]["uid"] == "u-a");
  BOOST_TEST(request.quiet);
  answer_all(call);
  BOOST_TEST(outcome(told).has_value());
}

BOOST_AUTO_TEST_CASE(what_comes_while_two_batches_are_under_way_goes_together) {
  std::vector<std::future<result<write_answer>>> told;
  told.push_back(write("a"));
  const auto first = server.next();
  told.push_back(write("b"));
  const auto second = server.next();
  for (int each = 0; each < 100; ++each) told.push_back(write(fmt::format("p{}", each)));
  answer_all(first);
  BOOST_TEST(outcome(told[0]).has_value());
  answer_all(second);
  std::size_t requests = 0;
  std::size_t messages = 0;
  while (requests < 100) {
    const auto call = server.next();
    BOOST_TEST(call.batch.requests.size() <= net::forwarded_batch_max);
    requests += call.batch.requests.size();
    ++messages;
    answer_all(call);
  }
  for (std::size_t each = 1; each < told.size(); ++each) BOOST_TEST(outcome(told[each]).has_value());
  BOOST_TEST(server.waiting() == 0U);
  BOOST_TEST(messages < 100U);
}

BOOST_AUTO_TEST_CASE(each_write_has_an_outcome_of_its_own) {
  auto alone = write("x");
  auto other = write("y");
  const auto first = server.next();
  const auto second = server.next();
  auto good = write("good");
  auto gone = write("gone");
  auto invalid = write("invalid");
  auto unled = write("unled");
  answer_all(first);
  BOOST_TEST(outcome(alone).has_value());
  // Whatever is in one message.
  std::size_t answered = 0;
  bool retried = false;
  while (answered < 4) {
    const auto call = server.next();
    std::vector<std::string> answers;
    for (std::size_t at = 0; at < call.batch.requests.size(); ++at) {
      const std::string path = request_at(call, at).http.path;
      if (path.ends_with("/unled/status") && !std::exchange(retried, true)) {
        answers.push_back(net::encode_forwarded({net::forwarded_answer::leader_lost{}}));
        continue;
      }
      if (path.ends_with("/unled/status")) BOOST_TEST(request_at(call, at).again);
      ++answered;
      answers.push_back(answer_of(path.ends_with("/gone/status")      ? 404
                                  : path.ends_with("/invalid/status") ? 422
                                                                      : 200));
    }
    call.done(net::encode_forwarded_answers(answers));
  }
  answer_all(second);
  BOOST_TEST(outcome(other).has_value());
  BOOST_TEST(outcome(good).has_value());
  BOOST_TEST((outcome(gone).error().kind == error_kind::not_found));
  BOOST_TEST((outcome(invalid).error().kind == error_kind::invalid));
  BOOST_TEST(outcome(unled).has_value());
}

BOOST_AUTO_TEST_CASE(a_message_whose_fate_is_unknown_is_sent_again_under_the_same_ids) {
  auto told = write("a");
  const auto lost = server.next();
  lost.done(error{error_kind::timeout, "the connection broke"});
  const auto again = server.next();
  BOOST_TEST(request_at(again, 0).request_id == request_at(lost, 0).request_id);
  BOOST_TEST(request_at(again, 0).again);
  BOOST_TEST(!request_at(lost, 0).again);
  answer_all(again);
  BOOST_TEST(outcome(told).has_value());
}

BOOST_AUTO_TEST_CASE(an_answer_that_does_not_fit_the_message_fails_its_writes) {
  auto told = write("a");
  server.next().done(net::encode_forwarded_answers({answer_of(200), answer_of(200)}));
  BOOST_TEST(!outcome(told).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
