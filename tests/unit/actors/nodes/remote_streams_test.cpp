#include "tests/unit/actors/nodes/nodes_fixture.hpp"

/// exec, attach and connections on another node.

using namespace actord;
using namespace actord::testing;

BOOST_FIXTURE_TEST_SUITE(remote_streams, a_server_and_a_node)

BOOST_AUTO_TEST_CASE(a_command_is_carried_in_both_directions) {
  begin();
  execute();
  asks.stream->resize({.columns = 80, .rows = 24});
  asks.stream->send(share_bytes("hello"));
  asks.stream->finish();
  BOOST_REQUIRE(worker.seen.wait_for("size 80x24"));
  BOOST_REQUIRE(worker.seen.wait_for("input hello"));
  BOOST_REQUIRE(worker.seen.wait_for("input ends"));
  BOOST_TEST(asks.seen.all().empty()); // not `sent` before the process took it
  worker.process.sent(5);
  BOOST_REQUIRE(asks.seen.wait_for("sent 5"));
  worker.process.received(stream_part::output, share_bytes("out"));
  worker.process.received(stream_part::error_output, share_bytes("err"));
  BOOST_REQUIRE(asks.seen.wait_for("got 0 out"));
  BOOST_REQUIRE(asks.seen.wait_for("got 1 err"));
  asks.stream->taken(stream_part::error_output, 3);
  BOOST_REQUIRE(worker.seen.wait_for("taken 1 3"));
  worker.process.finished(stream_part::error_output);
  worker.process.finished(stream_part::output);
  worker.process.ended({.exit_code = 7});
  BOOST_REQUIRE(asks.seen.wait_for("ended 7"));
  BOOST_REQUIRE(worker.seen.wait_for("left"));
  BOOST_TEST((asks.seen.all() ==
              std::vector<std::string>{"sent 5", "got 0 out", "got 1 err", "ends 1", "ends 0", "ended 7"}));
}

BOOST_AUTO_TEST_CASE(containers_are_attached_to_and_ports_dialed) {
  begin();
  asks.stream = services().streams().attach(target, {.output = true, .terminal = true}, asks.events());
  BOOST_REQUIRE(worker.seen.wait_for("attach app true"));
  asking second;
  second.stream = services().streams().dial("uid", 8080, net::pod_door::loopback, second.events());
  BOOST_REQUIRE(worker.seen.wait_for("dial uid 8080"));
  worker.process.ended({.exit_code = 0, .failure = error{error_kind::internal, "connection refused"}});
  BOOST_REQUIRE(second.seen.wait_for("failed 500 connection refused"));
  BOOST_TEST(asks.seen.all().empty());
}

BOOST_AUTO_TEST_CASE(containers_are_found_or_it_is_said_why_not) {
  begin();
  lines answers;
  const auto found = [&](const result<void>& outcome) {
    answers.add(outcome ? std::string("there")
                        : fmt::format("{} {}", http_code(outcome.error().kind), outcome.error().message));
  };
  services().streams().find(target, found);
  BOOST_REQUIRE(answers.wait_for("there"));
  BOOST_TEST(worker.seen.count("find ns/pod/uid/app") == 1U);
  worker.running = error{.kind = error_kind::not_found, .message = "container not found (\"app\")"};
  services().streams().find_pod("uid", found);
  BOOST_REQUIRE(answers.wait_for("404 container not found (\"app\")"));
  (*directory.find("elsewhere"))->streams().find_pod("uid", found);
  BOOST_REQUIRE(answers.wait_for("503 there is no connection to node elsewhere"));
  host.disconnect();
  services().streams().find(target, found);
  BOOST_REQUIRE(answers.wait_for("503 node w: this machine runs no containers now"));
}

BOOST_AUTO_TEST_CASE(output_goes_as_far_as_the_window_and_credit_comes_back_exactly) {
  begin();
  execute();
  constexpr std::size_t piece = 32768;
  static_assert(stream_window_bytes % piece == 0);
  for (std::size_t sent = 0; sent < stream_window_bytes; sent += piece)
    worker.process.received(stream_part::output, share_bytes(std::string(piece, 'x')));
  BOOST_REQUIRE(asks.seen.wait_for("got 0", stream_window_bytes / piece));
  BOOST_TEST(asks.bytes == stream_window_bytes);
  BOOST_TEST(worker.taken_bytes == 0U); // nobody took anything yet
  asks.stream->taken(stream_part::output, 100'000);
  BOOST_REQUIRE(worker.seen.wait_for("taken 0 100000"));
  BOOST_TEST(worker.taken_bytes == 100'000U);
  worker.process.received(stream_part::output, share_bytes(std::string(100'000, 'y')));
  BOOST_REQUIRE(asks.seen.wait_for("got 0 y"));
  // A node that goes on without credit is not believed any more.
  worker.process.received(stream_part::output, share_bytes(std::string(1, 'z')));
  BOOST_REQUIRE(asks.seen.wait_for("failed 500 node w broke the rules of the stream"));
  BOOST_REQUIRE(worker.seen.wait_for("left"));
}

BOOST_AUTO_TEST_CASE(a_process_that_reads_nothing_is_not_flooded_and_disturbs_no_other) {
  begin();
  execute();
  const auto input = share_bytes(std::string(stream_window_bytes, 'i'));
  asks.stream->send(input);
  asking second;
  second.stream = services().streams().dial("uid", 1, net::pod_door::loopback, second.events());
  BOOST_REQUIRE(worker.seen.wait_for("dial uid 1"));
  second.stream->send(share_bytes("through"));
  BOOST_REQUIRE(worker.seen.wait_for("input through"));
  BOOST_REQUIRE(worker.seen.wait_for("input iii", stream_window_bytes / net::frame_body_max_bytes + 1));
  BOOST_TEST(worker.input_bytes == stream_window_bytes + 7);
  BOOST_TEST(asks.seen.count("sent") == 0U);
}

BOOST_AUTO_TEST_CASE(who_leaves_ends_what_is_at_the_node) {
  begin();
  execute();
  asks.stream.reset();
  BOOST_REQUIRE(worker.seen.wait_for("left"));
  BOOST_TEST(asks.seen.all().empty());
}

BOOST_AUTO_TEST_CASE(a_node_that_goes_away_fails_its_streams_with_its_name) {
  begin();
  execute();
  node.network->stop();
  BOOST_REQUIRE(asks.seen.wait_for("failed 503 node w: the connection of the stream broke"));
  BOOST_REQUIRE(worker.seen.wait_for("left"));
  asking second;
  second.stream = services().streams().dial("uid", 1, net::pod_door::loopback, second.events());
  BOOST_REQUIRE(second.seen.wait_for("failed 503 there is no connection to node w"));
}

BOOST_AUTO_TEST_CASE(a_worker_that_stops_fails_its_streams) {
  begin();
  execute();
  host.disconnect();
  BOOST_TEST(worker.seen.count("left") == 1U);
  BOOST_REQUIRE(asks.seen.wait_for("failed 503 node w: the node stops"));
}

BOOST_AUTO_TEST_CASE(a_node_refuses_what_it_cannot_read) {
  begin();
  lines raw;
  const auto open = [&](std::string payload) {
    return server.network->open_node_stream(
        "w", net::node_stream_method, std::move(payload), {.closed = [&](const std::optional<error>& why) {
          raw.add(why ? fmt::format("{} {}", http_code(why->kind), why->message) : std::string("well"));
        }});
  };
  const auto refused = open("not a request");
  BOOST_REQUIRE(raw.wait_for("400 malformed message between a server and a node"));
  const auto misplaced = open(net::encode_node_request({"", "", "u", "", net::node_request::find_pod{}}));
  BOOST_REQUIRE(raw.wait_for("400 not what this method is asked for"));

  const std::string dial = net::encode_node_request({"", "", "u", "", net::node_request::dial{1}});
  const auto garbage = open(dial);
  garbage->write("garbage that is no frame");
  BOOST_REQUIRE(raw.wait_for("400 malformed frame between a server and a node"));
  BOOST_REQUIRE(worker.seen.wait_for("left", 1));
  const auto wrong = open(dial);
  wrong->write(net::encode_frame(net::frame_kind::output, "as if I were the node"));
  BOOST_REQUIRE(raw.wait_for("500 the server broke the rules of the stream", 1));
  const auto generous = open(dial);
  generous->write(net::encode_frame(net::frame_kind::taken_output, net::number_body(1)));
  BOOST_REQUIRE(raw.wait_for("500 the server broke the rules of the stream", 2));
  BOOST_REQUIRE(worker.seen.wait_for("left", 3));
  // And goes on serving.
  execute();
}

BOOST_AUTO_TEST_CASE(a_server_believes_no_broken_node) {
  std::string answer;
  at_node.serve_stream(
      std::string(net::node_stream_method),
      [&](const net::peer_caller&, const std::string&,
          const std::shared_ptr<net::peer_stream>& stream) -> result<net::stream_events> {
        stream->write(answer);
        stream->end();
        return net::stream_events{.piece = [stream](const std::string&) { return net::intake::taken; }};
      },
      net::callers::members);
  connect();
  const auto ask = [&](std::string with, const std::string& expected) {
    answer = std::move(with);
    asking one;
    one.stream = services().streams().dial("uid", 1, net::pod_door::loopback, one.events());
    BOOST_TEST(one.seen.wait_for(expected), one.seen.text());
  };
  ask("garbage that is no frame", "failed 400 node w: malformed frame between a server and a node");
  ask(net::encode_frame(net::frame_kind::input, "x"), "failed 500 node w broke the rules of the stream");
  ask(net::encode_frame(net::frame_kind::sent, net::number_body(1)),
      "failed 500 node w broke the rules of the stream");
  ask(net::encode_frame(net::frame_kind::ended, "8 bytes!"),
      "failed 500 node w broke the rules of the stream");
}

BOOST_AUTO_TEST_CASE(only_servers_may_ask) {
  node_service_host other;
  other.serve(at_server);
  ALWAYS(other.connect(worker).has_value());
  connect();
  const auto answer = node.ask(1, net::node_find_method, "");
  BOOST_REQUIRE(!answer.has_value());
  BOOST_TEST((answer.error().kind == error_kind::forbidden));
  lines raw;
  const auto stream = node.network->open_stream(1, net::node_stream_method, "",
                                                {.closed = [&](const std::optional<error>& why) {
                                                  raw.add(why ? why->message : std::string("well"));
                                                }});
  BOOST_TEST(raw.wait_for("it is for servers only"));
}

BOOST_AUTO_TEST_SUITE_END()
