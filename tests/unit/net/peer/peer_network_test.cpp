#include "tests/support/peer_fixture.hpp"
#include "tests/support/relay.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <optional>
#include <thread>

using namespace actord;
using namespace actord::net;
using namespace actord::testing;
using namespace std::chrono_literals;

namespace {

struct two_members : peer_cluster {
  peer_member& one = start(1);
  peer_member& two = add(2);

  void begin() {
    BOOST_REQUIRE(two.start(options(2)));
    BOOST_REQUIRE(connect(1, 2));
  }
};

std::string pattern(std::size_t size, std::size_t seed) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + i / 977 + seed);
  return text;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(peer_networks, two_members)

BOOST_AUTO_TEST_CASE(messages_arrive_whole_and_in_order) {
  lines arrived;
  std::vector<std::string> got;
  two.on_raft = [&](storage::member_id from, std::string bytes) {
    BOOST_TEST(from == 1U);
    got.push_back(std::move(bytes));
    arrived.add("one");
  };
  begin();
  const auto wire = one.network->transport();
  std::vector<std::string> sent;
  std::size_t in_flight = 0;
  for (std::size_t i = 0; i < 3000; ++i) {
    sent.push_back(pattern(i % 500 == 499 ? storage::max_message_bytes / 16 : i % 700, i));
    wire->send(2, sent.back());
    in_flight += sent.back().size();
    if (in_flight > (16U << 20U)) {
      BOOST_REQUIRE(arrived.wait_for("one", sent.size()));
      in_flight = 0;
    }
    if (i % 1000 == 999) BOOST_REQUIRE(arrived.wait_for("one", sent.size()));
  }
  BOOST_REQUIRE(arrived.wait_for("one", sent.size()));
  BOOST_TEST((got == sent));
  const auto status = one.status_of(2);
  BOOST_TEST(status.raft_sent == sent.size());
  BOOST_TEST(status.raft_dropped == 0U);
  BOOST_TEST((status.link == peer_link::connected));
  BOOST_TEST(status.node_name == "n2");
  BOOST_TEST(status.why == "");
}

BOOST_AUTO_TEST_CASE(calls_are_answered) {
  two.network->serve("turn", [](const peer_caller& from, std::string payload, const peer_answer& answer) {
    std::ranges::reverse(payload);
    answer(std::to_string(from.member) + from.node_name + payload);
  });
  two.network->serve("fail", [](const peer_caller&, std::string kind, const peer_answer& answer) {
    answer(
        error{.kind = static_cast<error_kind>(kind[0] - 'a'), .message = "so " + kind, .retry_after_s = 7});
  });
  two.network->serve("forget", [](const peer_caller&, std::string, const peer_answer&) {});
  two.network->serve("large", [](const peer_caller&, std::string, const peer_answer& answer) {
    answer(std::string((8U << 20U) + 1, 'x'));
  });
  begin();
  BOOST_TEST(*one.ask(2, "turn", "abc") == "1n1cba");
  BOOST_TEST(*one.ask(2, "turn", "") == "1n1");
  const std::string most(8U << 20U, 'q');
  const auto back = one.ask(2, "turn", most);
  BOOST_TEST((back.error().kind == error_kind::too_large)); // by four bytes
  BOOST_TEST(one.ask(2, "turn", most.substr(3))->size() == most.size());
  BOOST_TEST((one.ask(2, "turn", most + "q").error().kind == error_kind::too_large));
  BOOST_TEST((one.ask(2, "large", "").error().kind == error_kind::too_large));
  for (int kind = 0; kind <= static_cast<int>(error_kind::timeout); ++kind) {
    const std::string text(1, static_cast<char>('a' + kind));
    const auto failed = one.ask(2, "fail", text);
    BOOST_REQUIRE(!failed);
    BOOST_TEST((failed.error() ==
                error{.kind = static_cast<error_kind>(kind), .message = "so " + text, .retry_after_s = 7}));
  }
  BOOST_TEST((one.ask(2, "forget", "").error().kind == error_kind::unavailable));
  BOOST_TEST((one.ask(2, "nothing", "").error().kind == error_kind::method_not_allowed));
  BOOST_TEST((one.ask(3, "turn", "").error().kind == error_kind::unavailable));
  BOOST_TEST(one.status_of(2).calls_under_way == 0U);
}

BOOST_AUTO_TEST_CASE(a_call_ends_at_its_deadline_or_with_its_connection) {
  std::mutex mutex;
  std::vector<peer_answer> kept;
  lines asked;
  two.network->serve("keep", [&](const peer_caller&, std::string, peer_answer answer) {
    {
      const std::scoped_lock hold(mutex);
      kept.push_back(std::move(answer));
    }
    asked.add("kept");
  });
  begin();
  BOOST_TEST((one.ask(2, "keep", "", 1ms).error().kind != error_kind::internal));
  const auto late = one.ask(2, "keep", "", 50ms);
  BOOST_TEST((late.error().kind == error_kind::timeout));
  BOOST_TEST(late.error().message == "the member did not answer: the deadline passed");
  std::optional<result<std::string>> got;
  lines answered;
  one.network->call(2, "keep", "", patience, [&](result<std::string> answer) {
    got = std::move(answer);
    answered.add("answered");
  });
  BOOST_REQUIRE(asked.wait_for("kept", 2));
  two.network->stop();
  BOOST_REQUIRE(answered.wait_for("answered"));
  BOOST_TEST((got->error().kind == error_kind::timeout));
  for (const auto& answer : kept) answer(std::string("too late")); // the network is gone; nothing happens
}

BOOST_AUTO_TEST_CASE(calls_under_way_are_limited_and_end_with_the_network) {
  lines asked;
  std::mutex mutex;
  std::vector<peer_answer> kept;
  two.network->serve("keep", [&](const peer_caller&, std::string, peer_answer answer) {
    const std::scoped_lock hold(mutex);
    kept.push_back(std::move(answer));
    asked.add("kept");
  });
  BOOST_REQUIRE(two.start(options(2)));
  auto few = options(3);
  few.limits.calls = 5;
  peer_member& three = start(3, few);
  BOOST_REQUIRE(connect(3, 2));
  std::atomic<int> unknown{0};
  std::atomic<int> refused{0};
  for (int i = 0; i < 8; ++i) {
    three.network->call(2, "keep", "", patience, [&](const result<std::string>& answer) {
      ++(answer.error().kind == error_kind::timeout ? unknown : refused);
    });
  }
  BOOST_TEST(refused == 3);
  BOOST_REQUIRE(asked.wait_for("kept", 5));
  three.network->stop();
  BOOST_TEST(unknown == 5);
}

BOOST_AUTO_TEST_CASE(a_process_that_is_gone_is_told_from_one_that_is_silent) {
  begin();
  const std::uint16_t port = two.network->port();
  members[2].reset();
  BOOST_REQUIRE(one.seen.wait_for("gone 2"));
  BOOST_TEST((one.status_of(2).link == peer_link::unreachable));
  BOOST_TEST((one.ask(2, "x", "").error().kind == error_kind::unavailable));
  one.network->transport()->send(2, "lost");
  auto again = options(2);
  again.port = port;
  start(2, again);
  BOOST_REQUIRE(one.seen.wait_for("connected 2", 2));
  BOOST_TEST(one.status_of(2).connects == 2U);
  BOOST_TEST(one.status_of(2).raft_dropped == 1U);
  BOOST_TEST(one.seen.count("gone 2") == 1U);
}

BOOST_AUTO_TEST_CASE(a_member_that_was_removed_is_told_so) {
  std::atomic<bool> belongs{true};
  two.admits = [&](storage::member_id member) { return belongs || member != 1; };
  begin();
  belongs = false;
  two.network->forget(1);
  BOOST_REQUIRE(one.seen.wait_for("removed by 2"));
  while (one.status_of(2).link != peer_link::refused) std::this_thread::yield();
  BOOST_TEST(one.status_of(2).why == "it refused: member 1 (n1) does not belong to the cluster");
  BOOST_TEST(one.seen.count("gone") == 0U);
}

BOOST_AUTO_TEST_CASE(a_silent_peer_is_noticed_and_dialed_again) {
  BOOST_REQUIRE(two.start(options(2)));
  auto impatient = options(3);
  impatient.timing.ping = 20ms;
  impatient.timing.dead_after = 200ms;
  peer_member& three = start(3, impatient);
  relay between(two.network->port());
  three.network->set_address(2, between.at());
  BOOST_REQUIRE(three.seen.wait_for("connected 2"));
  std::optional<result<std::string>> got;
  lines answered;
  between.freeze();
  three.network->call(2, "any", "", patience, [&](result<std::string> answer) {
    got = std::move(answer);
    answered.add("answered");
  });
  BOOST_REQUIRE(log.wait_for("member 2 at " + between.at() + " is not connected: silent for 200 ms"));
  BOOST_REQUIRE(answered.wait_for("answered"));
  BOOST_TEST((got->error().kind == error_kind::timeout));
  between.thaw();
  BOOST_REQUIRE(three.seen.wait_for("connected 2", 2));
  BOOST_TEST(three.seen.count("gone") == 0U);
}

BOOST_AUTO_TEST_CASE(what_a_peer_does_not_take_in_is_bounded) {
  auto patient = options(2);
  patient.timing.dead_after = 1h;
  BOOST_REQUIRE(two.start(patient));
  patient = options(3);
  patient.timing.dead_after = 1h;
  patient.limits.queued_bytes = 4U << 20U;
  patient.limits.under_way_bytes = 2U << 20U;
  peer_member& three = start(3, patient);
  relay between(two.network->port());
  three.network->set_address(2, between.at());
  BOOST_REQUIRE(three.seen.wait_for("connected 2"));
  between.freeze();
  const auto wire = three.network->transport();
  const std::string message(256U << 10U, 'm');
  const auto is_full = [&] { // as much is under way as may be, and as much waits
    const auto now = three.status_of(2);
    return now.raft_sent * message.size() >= patient.limits.under_way_bytes &&
           now.queued_bytes + message.size() > patient.limits.queued_bytes;
  };
  std::size_t handed_over = 0;
  for (; handed_over < 400 || !is_full(); ++handed_over) wire->send(2, message);
  const auto held = three.status_of(2);
  BOOST_TEST(held.queued_bytes <= patient.limits.queued_bytes);
  BOOST_TEST(held.raft_dropped > 300U);
  const auto refused = three.ask(2, "any", message);
  BOOST_TEST((refused.error().kind == error_kind::unavailable));
  BOOST_TEST(refused.error().message == "too much waits for member 2");
  between.thaw();
  BOOST_REQUIRE(two.seen.wait_for("raft 3 " + message, handed_over - held.raft_dropped));
}

BOOST_AUTO_TEST_CASE(addresses_move_and_members_leave) {
  begin();
  peer_member& moved = start(3);
  BOOST_REQUIRE(connect(1, 3));
  auto elsewhere = options(3);
  auto second = std::make_unique<peer_member>();
  BOOST_REQUIRE(second->start(elsewhere));
  one.network->set_address(3, second->at());
  BOOST_REQUIRE(one.seen.wait_for("connected 3", 2));
  BOOST_TEST(one.status_of(3).address == second->at());
  one.network->transport()->send(3, "hello");
  BOOST_REQUIRE(second->seen.wait_for("raft 1 hello"));
  BOOST_TEST(moved.seen.count("raft") == 0U);

  BOOST_REQUIRE(connect(2, 1));
  one.network->forget(3);
  one.network->forget(2);
  BOOST_REQUIRE(
      two.seen.wait_for("connected 1", 2)); // dropped, and dials again: `admits` is what keeps it out
  while (!one.network->peers().empty()) std::this_thread::yield();
}

BOOST_AUTO_TEST_CASE(certificates_are_replaced_while_it_runs) {
  begin();
  const peer_authority next("next");
  const auto both = [&](storage::member_id id, const peer_authority& issuer) {
    auto credentials = issuer.credentials(identity(id));
    credentials.authorities_pem = authority.pem() + next.pem();
    return credentials;
  };
  // As a rotation does it: trust both, change certificates, trust the new one alone.
  std::size_t connects = 1;
  for (const peer_authority* issuer : std::initializer_list<const peer_authority*>{&authority, &next}) {
    for (const storage::member_id id : {1, 2}) {
      BOOST_REQUIRE(members[id]->network->set_credentials(both(id, *issuer)));
    }
    BOOST_REQUIRE(connect(2, 1));
    members[2]->network->forget(1); // ends both connections, and 1 dials again
    BOOST_REQUIRE(one.seen.wait_for("connected 2", ++connects));
  }
  for (const storage::member_id id : {1, 2}) {
    BOOST_REQUIRE(members[id]->network->set_credentials(next.credentials(identity(id))));
  }
  BOOST_REQUIRE(connect(2, 1));
  BOOST_TEST((one.ask(2, "nobody's", "").error().kind == error_kind::method_not_allowed));
  BOOST_TEST(one.status_of(2).connects == connects); // connections that are open stay

  const auto strange = members[2]->network->set_credentials(next.credentials(identity(1)));
  BOOST_REQUIRE(!strange);
  BOOST_TEST(strange.error().message ==
             "the certificate is of member 1 (n1) of cluster c1, this is member 2 (n2) of cluster c1");
  BOOST_TEST(!members[2]->network->set_credentials({}).has_value());
}

BOOST_AUTO_TEST_CASE(what_cannot_start_says_why) {
  peer_member three;
  auto wrong = options(3);
  wrong.credentials = authority.credentials(identity(2));
  BOOST_TEST(three.start(wrong).error().message ==
             "the certificate is of member 2 (n2) of cluster c1, this is member 3 (n3) of cluster c1");
  wrong = options(3);
  wrong.credentials.own = authority.issue({.subject = {"kubernetes-admin", {"system:masters"}}});
  BOOST_TEST(three.start(wrong).error().message == "the certificate of \"kubernetes-admin\" is not a node's");
  wrong = options(3);
  wrong.credentials.own.key_pem = authority.credentials(identity(3)).own.key_pem;
  BOOST_TEST(!three.start(wrong).has_value());
  wrong = options(3);
  wrong.port = one.network->port();
  BOOST_TEST(three.start(wrong).error().message.find("Address already in use") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
