#include "tests/support/peer_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>

/// Streams between a server and a worker.

using namespace actord;
using namespace actord::net;
using namespace actord::testing;
using namespace std::chrono_literals;

namespace {

/// One end of a stream as its user: what happened is in `seen`, what came in `bytes`.
struct user {
  std::shared_ptr<peer_stream> stream;
  lines seen;
  std::atomic<std::size_t> bytes{0};
  std::mutex mutex;
  std::string text;
  intake how = intake::taken;

  stream_events events() {
    return {.piece =
                [this](std::string piece) {
                  bytes += piece.size();
                  {
                    const std::scoped_lock hold(mutex);
                    text += piece;
                  }
                  seen.add("piece " + std::to_string(piece.size()));
                  return how;
                },
            .ended = [this] { seen.add("ended"); },
            .drained = [this] { seen.add("drained"); },
            .closed =
                [this](const std::optional<error>& why) {
                  seen.add(why ? "closed: " + why->message : std::string("closed well"));
                }};
  }
  std::string all() {
    const std::scoped_lock hold(mutex);
    return text;
  }
};

struct a_server_and_a_worker : peer_cluster {
  peer_member& one = add(1);
  peer_member worker;
  user at_server;
  user at_worker;

  /// The worker serves "pipe" for the server, the server for the worker.
  void serve() {
    worker.network->serve_stream("pipe", taker(at_worker));
    one.network->serve_stream("pipe", taker(at_server), callers::nodes);
  }
  static peer_stream_handler taker(user& by) {
    return [&by](const peer_caller& from, std::string payload,
                 std::shared_ptr<peer_stream> stream) -> result<stream_events> {
      by.stream = std::move(stream);
      by.seen.add("open " + std::to_string(from.member) + " " + from.node_name + " " + payload);
      return by.events();
    };
  }
  void begin() {
    ALWAYS(one.start(options(1)).has_value());
    ALWAYS(worker.start(worker_options("w")).has_value());
    worker.network->set_address(1, one.at());
    BOOST_REQUIRE(worker.seen.wait_for("connected 1"));
    BOOST_REQUIRE(one.seen.wait_for("node w"));
  }
  void open_from_server() {
    at_server.stream = one.network->open_node_stream("w", "pipe", "p", at_server.events());
    BOOST_REQUIRE(at_worker.seen.wait_for("open 1 n1 p"));
  }
  ~a_server_and_a_worker() {
    worker.network->stop();
    one.network->stop();
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(peer_streams, a_server_and_a_worker)

BOOST_AUTO_TEST_CASE(bytes_go_both_ways_and_ends_end_apart) {
  serve();
  begin();
  open_from_server();
  BOOST_TEST(at_server.stream->write("hello"));
  BOOST_REQUIRE(at_worker.seen.wait_for("piece 5"));
  at_server.stream->end();
  BOOST_TEST(!at_server.stream->write("more"));
  BOOST_REQUIRE(at_worker.seen.wait_for("ended"));
  BOOST_TEST(at_worker.stream->write("one"));
  BOOST_TEST(at_worker.stream->write("three"));
  at_worker.stream->end();
  BOOST_REQUIRE(at_server.seen.wait_for("closed"));
  BOOST_REQUIRE(at_worker.seen.wait_for("closed"));
  BOOST_TEST(at_server.all() == "onethree");
  BOOST_TEST(
      (at_server.seen.all() == std::vector<std::string>{"piece 3", "piece 5", "ended", "closed well"}));
  BOOST_TEST(
      (at_worker.seen.all() == std::vector<std::string>{"open 1 n1 p", "piece 5", "ended", "closed well"}));
}

BOOST_AUTO_TEST_CASE(the_worker_opens_too) {
  serve();
  begin();
  at_worker.stream = worker.network->open_stream(1, "pipe", "q", at_worker.events());
  at_worker.stream->write(std::string(200'000, 'x')); // beyond the first window, in pieces
  BOOST_REQUIRE(at_server.seen.wait_for("open 0 w q"));
  at_worker.stream->end();
  BOOST_REQUIRE(at_server.seen.wait_for("ended"));
  BOOST_TEST(at_server.all() == std::string(200'000, 'x'));
  BOOST_TEST(at_server.seen.count("piece 65536") == 3U);
  at_server.stream->end();
  BOOST_REQUIRE(at_worker.seen.wait_for("closed well"));
}

BOOST_AUTO_TEST_CASE(either_end_fails_a_stream_with_a_reason) {
  serve();
  begin();
  open_from_server();
  at_worker.stream->fail({.kind = error_kind::not_found, .message = "no such container"});
  BOOST_REQUIRE(at_server.seen.wait_for("closed: no such container"));
  BOOST_REQUIRE(at_worker.seen.wait_for("closed: no such container"));
  BOOST_TEST(!at_server.stream->write("x"));
  at_server.stream = one.network->open_node_stream("w", "pipe", "again", at_server.events());
  BOOST_REQUIRE(at_worker.seen.wait_for("again"));
  at_worker.stream = nullptr; // given up without an end
  BOOST_REQUIRE(at_server.seen.wait_for("closed: the other end of the stream has gone away"));
}

BOOST_AUTO_TEST_CASE(streams_that_nobody_takes_are_refused) {
  worker.network->serve_stream("busy", [](const peer_caller&, std::string, std::shared_ptr<peer_stream>) {
    return result<stream_events>(error{.kind = error_kind::too_many_requests, .message = "busy"});
  });
  one.network->serve_stream("members", taker(at_server));
  begin();
  user opener;
  const auto refused = [&](std::shared_ptr<peer_stream> stream, const std::string& why) {
    BOOST_TEST(opener.seen.wait_for("closed: " + why), opener.seen.text());
    BOOST_TEST(!stream->write("x"));
  };
  refused(one.network->open_node_stream("w", "busy", "", opener.events()), "busy");
  refused(one.network->open_node_stream("w", "none", "", opener.events()), "no method \"none\" here");
  refused(one.network->open_node_stream("v", "busy", "", opener.events()),
          "there is no connection to node v");
  refused(one.network->open_stream(2, "busy", "", opener.events()), "there is no connection to member 2");
  refused(one.network->open_node_stream("w", "busy", std::string(300U << 10U, 'x'), opener.events()),
          "the request is too large for a stream");
  refused(worker.network->open_stream(1, "members", "", opener.events()),
          "worker w may not call \"members\": it is for servers only");
  worker.network->stop();
  refused(worker.network->open_stream(1, "members", "", opener.events()),
          "there is no connection to member 1");
}

BOOST_AUTO_TEST_CASE(a_connection_that_breaks_closes_its_streams) {
  serve();
  begin();
  open_from_server();
  worker.network->stop();
  BOOST_REQUIRE(at_worker.seen.wait_for("closed: the connection of the stream broke"));
  BOOST_REQUIRE(at_server.seen.wait_for("closed: the connection of the stream broke"));
}

BOOST_AUTO_TEST_SUITE_END()
