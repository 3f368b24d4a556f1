#include "tests/support/peer_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

/// Workers and servers: who may connect, who may ask what, and who hears of it.

using namespace actord;
using namespace actord::net;
using namespace actord::testing;
using namespace std::chrono_literals;

namespace {

peer_handler echo() {
  return [](const peer_caller& from, std::string payload, const peer_answer& answer) {
    answer(std::to_string(from.member) + " " + from.node_name + " " + payload);
  };
}

struct servers_and_a_worker : peer_cluster {
  peer_member& one = add(1);
  peer_member worker;

  void begin() { begin(options(1)); }
  void begin(peer_options with) {
    ALWAYS(one.start(std::move(with)).has_value());
    ALWAYS(worker.start(worker_options("w")).has_value());
    worker.network->set_address(1, one.at());
    BOOST_REQUIRE(worker.seen.wait_for("connected 1"));
    BOOST_REQUIRE(one.seen.wait_for("node w"));
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(workers, servers_and_a_worker)

BOOST_AUTO_TEST_CASE(both_ends_ask_over_the_connection_that_the_worker_dialed) {
  one.network->serve("status", echo(), callers::nodes);
  worker.network->serve("exec", echo());
  begin();
  BOOST_TEST(*worker.ask(1, "status", "s") == "0 w s");
  BOOST_TEST(*one.ask_node("w", "exec", "e") == "1 n1 e");
  BOOST_TEST((one.ask_node("w", "other", "").error().kind == error_kind::method_not_allowed));
  const auto nobody = one.ask_node("v", "exec", "");
  BOOST_TEST((nobody.error().kind == error_kind::unavailable));
  BOOST_TEST(nobody.error().message == "there is no connection to node v");
  const auto nodes = one.network->nodes();
  BOOST_REQUIRE(nodes.size() == 1U);
  BOOST_TEST(nodes[0].node == "w");
  BOOST_TEST(nodes[0].address.starts_with("127.0.0.1:"));
  BOOST_TEST((nodes[0].last_heard > steady_time{}));
  BOOST_TEST(nodes[0].calls_under_way == 0U);
  BOOST_TEST(worker.network->port() == 0U);
  BOOST_TEST(worker.network->nodes().empty());
  BOOST_TEST((worker.status_of(1).link == peer_link::connected));
  BOOST_TEST(one.network->peers().empty());
}

BOOST_AUTO_TEST_CASE(a_method_is_for_members_unless_it_says_otherwise) {
  one.network->serve("for members", echo());
  one.network->serve("for nodes", echo(), callers::nodes);
  one.network->serve("for all", echo(), callers::everyone);
  peer_member& two = add(2);
  begin();
  ALWAYS(two.start(options(2)).has_value());
  BOOST_REQUIRE(connect(2, 1));
  BOOST_TEST(*two.ask(1, "for members", "") == "2 n2 ");
  BOOST_TEST(*two.ask(1, "for all", "") == "2 n2 ");
  BOOST_TEST(*worker.ask(1, "for nodes", "") == "0 w ");
  BOOST_TEST(*worker.ask(1, "for all", "") == "0 w ");
  const auto forbidden = worker.ask(1, "for members", "");
  BOOST_TEST((forbidden.error().kind == error_kind::forbidden));
  BOOST_TEST(forbidden.error().message == "worker w may not call \"for members\": it is for servers only");
  BOOST_TEST(two.ask(1, "for nodes", "").error().message ==
             "member 2 (n2) may not call \"for nodes\": it is for workers only");
}

BOOST_AUTO_TEST_CASE(a_node_that_is_a_server_is_called_by_its_name) {
  peer_member& two = add(2);
  two.network->serve("exec", echo());
  begin();
  ALWAYS(two.start(options(2)).has_value());
  BOOST_REQUIRE(connect(1, 2));
  BOOST_TEST(*one.ask_node("n2", "exec", "e") == "1 n1 e");
  BOOST_TEST(one.seen.count("node n2") == 0U);
}

BOOST_AUTO_TEST_CASE(consensus_is_not_for_workers) {
  begin();
  worker.network->transport()->send(1, "vote for me");
  BOOST_TEST(log.wait_for("refused: worker w sent a consensus message"), log.text());
  BOOST_REQUIRE(one.seen.wait_for("node gone w: "));
  BOOST_TEST(one.seen.count("raft") == 0U);
  BOOST_REQUIRE(one.seen.wait_for("node w", 2)); // it dials again
}

BOOST_AUTO_TEST_CASE(a_worker_that_was_removed_is_refused) {
  std::atomic<bool> belongs{true};
  one.admits_node = [&](const std::string& node) { return belongs || node != "w"; };
  begin();
  belongs = false;
  one.network->forget_node("w");
  BOOST_REQUIRE(one.seen.wait_for("node gone w: it no longer belongs to the cluster"));
  BOOST_TEST(log.wait_for("refused: worker w does not belong to the cluster"), log.text());
  while (worker.status_of(1).link != peer_link::refused) std::this_thread::yield();
  BOOST_TEST(worker.status_of(1).why == "it refused: worker w does not belong to the cluster");
  BOOST_TEST(one.network->nodes().empty());
  belongs = true;
  BOOST_REQUIRE(one.seen.wait_for("node w", 2));
}

BOOST_AUTO_TEST_CASE(a_worker_is_noticed_gone_and_dials_again) {
  one.network->serve("status", echo(), callers::nodes);
  begin();
  const std::uint16_t port = one.network->port();
  worker.network->stop();
  BOOST_REQUIRE(one.seen.wait_for("node gone w: closed"));
  BOOST_TEST(one.network->nodes().empty());

  peer_member again;
  ALWAYS(again.start(worker_options("w")).has_value());
  again.network->set_address(1, one.at());
  BOOST_REQUIRE(one.seen.wait_for("node w", 2));
  members[1].reset();
  BOOST_REQUIRE(again.seen.wait_for("gone 1"));
  auto same = options(1);
  same.port = port;
  peer_member& next = start(1, same);
  BOOST_REQUIRE(next.seen.wait_for("node w"));
  BOOST_REQUIRE(again.seen.wait_for("connected 1", 2));
}

BOOST_AUTO_TEST_CASE(a_newer_connection_takes_the_place_of_the_older) {
  begin();
  peer_member twin;
  twin.network->serve("exec", echo());
  ALWAYS(twin.start(worker_options("w")).has_value());
  twin.network->set_address(1, one.at());
  BOOST_REQUIRE(one.seen.wait_for("node w", 2));
  worker.network->stop();
  const auto all = one.seen.all();
  BOOST_REQUIRE(all.size() >= 3U);
  BOOST_TEST(all[0] == "node w");
  BOOST_TEST(all[1] == "node gone w: replaced by a newer connection");
  BOOST_TEST(all[2] == "node w");
  twin.network->stop();
}

BOOST_AUTO_TEST_CASE(a_worker_must_be_of_this_cluster_and_use_its_own_certificate) {
  begin();
  auto wrong = worker_options("v");
  wrong.credentials = authority.credentials({"c1", "u", 0});
  peer_member stranger;
  BOOST_TEST(stranger.start(wrong).error().message ==
             "the certificate is of worker u of cluster c1, this is worker v of cluster c1");
  wrong = worker_options("v");
  wrong.cluster_id = "c2";
  wrong.credentials = authority.credentials({"c2", "v", 0});
  BOOST_REQUIRE(stranger.start(wrong));
  stranger.network->set_address(1, one.at());
  BOOST_TEST(log.wait_for("member 1 at " + one.at() +
                          " refused: member 1 (n1) is of cluster c1, this is cluster c2"),
             log.text());
  // A worker dials servers only: another worker's certificate is not the one it meant.
  peer_member mistaken;
  auto newer = worker_options("x");
  newer.versions = {3, 4};
  BOOST_REQUIRE(mistaken.start(newer));
  mistaken.network->set_address(2, one.at());
  BOOST_TEST(log.wait_for("the certificate of member 1 (n1) where member 2 is expected"), log.text());
  mistaken.network->set_address(1, one.at());
  BOOST_TEST(log.wait_for("worker x speaks versions 3 to 4 of the protocol, this member version 1"),
             log.text());
  BOOST_TEST(one.seen.count("node v") == 0U);
  BOOST_TEST(one.seen.count("node x") == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
