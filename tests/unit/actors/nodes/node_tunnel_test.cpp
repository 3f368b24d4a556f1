#include "actors/api/proxy/node_tunnel.hpp"
#include "tests/unit/actors/nodes/nodes_fixture.hpp"

#include <array>
#include <future>
#include <poll.h>
#include <sys/socket.h>

/// Connections to pods of another node, for a server that is in no pods' network.

using namespace actord;
using namespace actord::testing;

namespace {

struct a_tunnel : a_server_and_a_node {
  std::shared_ptr<net::stream_loop> loop = *net::stream_loop::start();
  lines told;
  node_tunnel::opened made;

  ~a_tunnel() {
    on_loop([this] { made.tunnel.reset(); });
    loop->stop();
  }
  void open() {
    begin();
    on_loop([this] {
      auto opened = node_tunnel::open(loop, services().streams(), "uid", 8080,
                                      [this](const error& why) { told.add("failed " + why.message); });
      ALWAYS(opened.has_value());
      made = std::move(*opened);
    });
    BOOST_REQUIRE(worker.seen.wait_for("dial uid 8080 at its address"));
  }
  void on_loop(std::function<void()> job) {
    std::promise<void> done;
    loop->post([&] {
      job();
      done.set_value();
    });
    done.get_future().wait();
  }
  void write(std::string_view bytes) {
    const auto count = ::send(made.near_end.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    BOOST_REQUIRE_EQUAL(count, static_cast<ssize_t>(bytes.size()));
  }
  /// What comes next; empty at the end.
  std::string read() {
    pollfd wait{made.near_end.get(), POLLIN, 0};
    BOOST_REQUIRE_EQUAL(::poll(&wait, 1, 30'000), 1);
    std::array<char, 4096> bytes{};
    const auto count = ::recv(made.near_end.get(), bytes.data(), bytes.size(), 0);
    BOOST_REQUIRE_GE(count, 0);
    return {bytes.data(), static_cast<std::size_t>(count)};
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(tunnels, a_tunnel)

BOOST_AUTO_TEST_CASE(bytes_go_both_ways_and_are_given_back_once_they_are_taken) {
  open();
  write("GET /");
  BOOST_REQUIRE(worker.seen.wait_for("input GET /"));
  worker.process.sent(5);
  worker.process.received(stream_part::output, share_bytes("200 OK"));
  BOOST_TEST(read() == "200 OK");
  BOOST_REQUIRE(worker.seen.wait_for("taken 0 6"));
  worker.process.finished(stream_part::output);
  worker.process.ended({.exit_code = 0});
  BOOST_TEST(read().empty());
  BOOST_TEST(told.all().empty());
}

BOOST_AUTO_TEST_CASE(why_a_pod_is_not_reached_is_said) {
  open();
  worker.process.ended({.exit_code = 0, .failure = error{error_kind::unavailable, "connection refused"}});
  BOOST_REQUIRE(told.wait_for("failed connection refused"));
  BOOST_TEST(read().empty());
}

BOOST_AUTO_TEST_CASE(a_pod_that_reads_nothing_holds_the_sender_back) {
  open();
  const std::string piece(stream_window_bytes, 'x');
  std::size_t given = 0;
  std::size_t quiet = 0;
  while (quiet < 3) { // the pair of sockets takes some itself, then no more
    const auto count = ::send(made.near_end.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
    if (count > 0) {
      given += static_cast<std::size_t>(count);
      continue;
    }
    pollfd wait{made.near_end.get(), POLLOUT, 0};
    quiet = ::poll(&wait, 1, 100) == 0 ? quiet + 1 : 0;
  }
  BOOST_TEST(worker.input_bytes <= stream_window_bytes);
  BOOST_TEST(given < 8 * stream_window_bytes);
}

BOOST_AUTO_TEST_CASE(who_leaves_ends_what_is_at_the_node) {
  open();
  on_loop([this] { made.tunnel.reset(); });
  BOOST_REQUIRE(worker.seen.wait_for("left"));
}

BOOST_AUTO_TEST_SUITE_END()
