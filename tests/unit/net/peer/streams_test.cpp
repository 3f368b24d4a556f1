#include "tests/support/peer_fixture.hpp"
#include "tests/support/relay.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <deque>
#include <fstream>

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
  std::atomic<intake> how{intake::taken};

  stream_events events() {
    return {.piece =
                [this](std::string piece) {
                  bytes += piece.size();
                  {
                    const std::scoped_lock hold(mutex);
                    text += piece;
                  }
                  seen.add("piece " + std::to_string(piece.size()));
                  return how.load();
                },
            .ended = [this] { seen.add("ended"); },
            .drained = [this] { seen.add("drained"); },
            .closed =
                [this](const std::optional<error>& why) {
                  seen.add(why ? "closed: " + why->message : std::string("closed well"));
                }};
  }
  bool wait_for_bytes(std::size_t wanted) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (bytes < wanted && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    return bytes >= wanted;
  }
  std::string all() {
    const std::scoped_lock hold(mutex);
    return text;
  }
};

std::size_t resident_kb() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::size_t value = 0;
    if (word == "VmRSS:" && status >> value) return value;
  }
  return 0;
}

struct a_server_and_a_worker : peer_cluster {
  peer_member& one = add(1);
  peer_member worker;
  // What events write to lives until both networks have stopped.
  user at_server;
  user at_worker;
  user other;
  std::deque<user> writers;
  std::deque<user> readers;
  std::mutex mutex;
  lines opened;

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
  /// All that the window lets through is written, and nothing more moves.
  static std::size_t fill(user& writer) {
    const std::string piece(20'000, 'f');
    std::size_t written = piece.size();
    while (writer.stream->write(piece)) written += piece.size();
    return written;
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
  user& opener = other;
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

BOOST_AUTO_TEST_CASE(a_reader_that_takes_nothing_stops_its_own_writer_and_nobody_else) {
  serve();
  worker.network->serve_stream("other", taker(other));
  worker.network->serve("echo", [](const peer_caller&, std::string payload, const peer_answer& answer) {
    answer(std::move(payload));
  });
  begin();
  open_from_server();
  for (auto [writer, reader] : {std::pair(&at_server, &at_worker), std::pair(&at_worker, &at_server)}) {
    reader->how = intake::later;
    const std::size_t before = reader->bytes;
    const std::size_t written = fill(*writer);
    BOOST_TEST(written <= stream_window_first + 20'000U);
    // It says no again and again, and what is written all the same waits here, not there.
    for (int i = 0; i < 20; ++i) BOOST_TEST(!writer->stream->write(std::string(20'000, 'g')));
    BOOST_REQUIRE(reader->wait_for_bytes(before + stream_window_first));

    user& busy = writers.emplace_back();
    busy.stream = one.network->open_node_stream("w", "other", "", busy.events());
    const std::string piece(50'000, 'b');
    std::size_t drains = 0;
    const std::size_t passed_before = other.bytes;
    for (std::size_t sent = 0; sent < 200 * piece.size(); sent += piece.size()) {
      if (!busy.stream->write(piece)) BOOST_REQUIRE(busy.seen.wait_for("drained", ++drains));
    }
    busy.stream->end();
    BOOST_REQUIRE(other.wait_for_bytes(passed_before + 200 * piece.size()));
    BOOST_TEST(*one.ask_node("w", "echo", "still here") == "still here");
    // One window, and the piece that went beyond it.
    BOOST_TEST(reader->bytes - before <= stream_window_first + 20'000U);

    const std::size_t all = before + written + 20 * 20'000U;
    for (std::size_t taken = before; taken < all;) {
      const std::size_t now = reader->bytes;
      if (now > taken) reader->stream->taken(now - taken);
      taken = now;
      std::this_thread::yield();
    }
    BOOST_REQUIRE(writer->seen.wait_for("drained"));
    BOOST_TEST(reader->bytes == all);
  }
}

BOOST_AUTO_TEST_CASE(a_window_grows_while_the_reader_keeps_up_and_no_further_than_its_end) {
  serve();
  begin();
  open_from_server();
  const std::string piece(64U << 10U, 'w');
  std::size_t drains = 0;
  std::size_t written = 0;
  for (; written < (16U << 20U); written += piece.size()) {
    if (!at_server.stream->write(piece)) BOOST_REQUIRE(at_server.seen.wait_for("drained", ++drains));
  }
  BOOST_REQUIRE(at_worker.wait_for_bytes(written));
  at_worker.how = intake::later;
  const std::size_t before = at_worker.bytes;
  std::size_t stuck = piece.size();
  while (at_server.stream->write(piece)) stuck += piece.size();
  BOOST_TEST(stuck > stream_window_last / 2); // what was taken last may not have been reported yet
  for (int i = 0; i < 8; ++i) at_server.stream->write(piece);
  BOOST_REQUIRE(at_worker.wait_for_bytes(before + stream_window_last * 3 / 4));
  other.stream = one.network->open_node_stream("w", "pipe", "", other.events());
  BOOST_REQUIRE(at_worker.seen.wait_for("open 1 n1 ", 2)); // behind all that could be sent before
  BOOST_TEST(at_worker.bytes - before <= stream_window_last + piece.size());
}

BOOST_AUTO_TEST_CASE(a_writer_that_does_not_wait_fails_its_stream) {
  serve();
  begin();
  at_worker.how = intake::later;
  open_from_server();
  const std::string piece(60'000, 'x');
  for (std::size_t sent = 0; sent < 2 * stream_overrun_bytes; sent += piece.size()) {
    at_server.stream->write(piece);
  }
  BOOST_REQUIRE(at_server.seen.wait_for("closed: the writer did not wait for the reader"));
  BOOST_REQUIRE(at_worker.seen.wait_for("closed: the writer did not wait for the reader"));
}

BOOST_AUTO_TEST_CASE(a_connection_has_so_many_streams_and_no_more) {
  serve();
  worker.network->serve_stream("many",
                               [&](const peer_caller&, std::string, std::shared_ptr<peer_stream> stream) {
                                 user& reader = readers.emplace_back();
                                 reader.stream = std::move(stream);
                                 auto events = reader.events();
                                 if (readers.size() == peer_limits{}.streams) {
                                   events.piece = [&](std::string piece) {
                                     opened.add("piece " + std::to_string(piece.size()));
                                     return intake::taken;
                                   };
                                 }
                                 return result<stream_events>(std::move(events));
                               });
  begin();
  std::deque<user>& openers = writers;
  openers.resize(peer_limits{}.streams);
  for (user& opener : openers)
    opener.stream = one.network->open_node_stream("w", "many", "", opener.events());
  at_server.stream = one.network->open_node_stream("w", "many", "", at_server.events());
  BOOST_REQUIRE(at_server.seen.wait_for("closed: there are too many streams on this connection"));
  // Nor may the other end open one.
  openers.back().stream->write("x");
  BOOST_REQUIRE(opened.wait_for("piece 1"));
  at_worker.stream = worker.network->open_stream(1, "pipe", "", at_worker.events());
  BOOST_REQUIRE(at_worker.seen.wait_for("closed: there are too many streams on this connection"));
  openers.front().stream->fail({.kind = error_kind::gone, .message = "no more"});
  BOOST_REQUIRE(readers.front().seen.wait_for("closed: no more"));
  at_worker.stream = worker.network->open_stream(1, "pipe", "again", at_worker.events());
  BOOST_REQUIRE(at_server.seen.wait_for("open 0 w again"));
  for (user& reader : readers) reader.stream = nullptr;
  worker.network->stop();
}

BOOST_AUTO_TEST_CASE(a_thousand_stuck_streams_hold_what_their_windows_say) {
  worker.network->serve_stream(
      "many",
      [&](const peer_caller&, std::string, std::shared_ptr<peer_stream> stream) -> result<stream_events> {
        const std::scoped_lock hold(mutex);
        user& reader = readers.emplace_back();
        reader.how = intake::later;
        reader.stream = std::move(stream);
        opened.add("one");
        return reader.events();
      });
  begin();
  constexpr std::size_t count = 1000;
  writers.resize(count);
  const std::size_t before = resident_kb();
  const std::string piece(30'000, 'm');
  for (user& writer : writers) {
    writer.stream = one.network->open_node_stream("w", "many", "", writer.events());
    while (writer.stream->write(piece)) {
    }
  }
  BOOST_REQUIRE(opened.wait_for("one", count));
  for (user& reader : readers) BOOST_REQUIRE(reader.wait_for_bytes(stream_window_first));
  std::size_t held = 0;
  for (user& reader : readers) held += reader.bytes;
  BOOST_TEST(held <= count * (stream_window_first + piece.size()));
  BOOST_TEST(resident_kb() - std::min(resident_kb(), before) < 256U * 1024U);
  for (user& writer : writers) writer.stream->end();
  for (user& reader : readers) {
    reader.stream->taken(reader.bytes);
    reader.stream->end();
  }
  for (user& writer : writers) BOOST_REQUIRE(writer.seen.wait_for("closed well"));
  for (user& reader : readers) {
    BOOST_REQUIRE(reader.seen.wait_for("closed well"));
    BOOST_TEST(reader.bytes == 2 * piece.size());
  }
}

BOOST_AUTO_TEST_CASE(members_stream_to_each_other_beside_consensus) {
  peer_member& two = add(2);
  two.network->serve_stream("pipe", taker(at_worker));
  ALWAYS(one.start(options(1)).has_value());
  ALWAYS(two.start(options(2)).has_value());
  BOOST_REQUIRE(connect(1, 2));
  at_worker.how = intake::later;
  at_server.stream = one.network->open_stream(2, "pipe", "p", at_server.events());
  BOOST_REQUIRE(at_worker.seen.wait_for("open 1 n1 p"));
  fill(at_server);
  for (int i = 0; i < 60; ++i) at_server.stream->write(std::string(60'000, 'x'));
  const auto wire = one.network->transport();
  for (int i = 0; i < 100; ++i) wire->send(2, "append");
  BOOST_REQUIRE(two.seen.wait_for("raft 1 append", 100));
  at_worker.stream->write("back");
  BOOST_REQUIRE(at_server.seen.wait_for("piece 4"));
  two.network->stop();
  BOOST_REQUIRE(at_server.seen.wait_for("closed: the connection of the stream broke"));
  one.network->stop();
}

BOOST_AUTO_TEST_CASE(a_worker_that_falls_silent_is_gone_and_comes_back) {
  serve();
  auto impatient = options(1);
  impatient.timing.ping = 100ms;
  impatient.timing.dead_after = 1s;
  ALWAYS(one.start(impatient).has_value());
  auto patient = worker_options("w");
  patient.timing.dead_after = 1s;
  patient.timing.ping = 100ms;
  ALWAYS(worker.start(patient).has_value());
  relay between(one.network->port());
  worker.network->set_address(1, between.at());
  BOOST_REQUIRE(one.seen.wait_for("node w"));
  open_from_server();
  between.freeze();
  BOOST_REQUIRE(one.seen.wait_for("node gone w: silent for 1000 ms"));
  BOOST_REQUIRE(at_server.seen.wait_for("closed: the connection of the stream broke"));
  BOOST_TEST(one.network->nodes().empty());
  between.thaw();
  BOOST_REQUIRE(one.seen.wait_for("node w", 2));
  BOOST_TEST((one.ask_node("w", "none", "").error().kind == error_kind::method_not_allowed));
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
