#include "net/streams/descriptor_stream.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <future>
#include <sys/socket.h>
#include <unistd.h>

using namespace actord;
using namespace actord::net;

namespace {

/// A loop, and one end of a socket pair on it.
class carried_socket {
public:
  explicit carried_socket(int type = SOCK_STREAM, bool packets = false) {
    auto started = stream_loop::start();
    BOOST_REQUIRE(started);
    loop = std::move(*started);
    std::array<int, 2> raw{};
    BOOST_REQUIRE(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, raw.data()) == 0);
    other.reset(raw[1]);
    stream = std::make_shared<descriptor_stream>(
        loop, unique_fd(raw[0]),
        descriptor_stream::traits{.way = descriptor_stream::direction::both,
                                  .connecting = false,
                                  .piece_max_bytes = 1 << 20,
                                  .shuts_down = true,
                                  .packets = packets});
    on_loop([this] {
      stream->open({.received =
                        [this](std::string_view bytes) {
                          received += bytes;
                          notify();
                        },
                    .ended =
                        [this] {
                          ended = true;
                          notify();
                        },
                    .sent =
                        [this](std::size_t count) {
                          sent += count;
                          notify();
                        },
                    .broken =
                        [this](int) {
                          broken = true;
                          notify();
                        }});
    });
  }
  ~carried_socket() {
    on_loop([this] { stream->close(); });
    loop->stop();
  }

  /// Runs there, and waits for it.
  template <class Action>
  void on_loop(Action action) {
    std::promise<void> done;
    loop->post([&] {
      action();
      done.set_value();
    });
    done.get_future().wait();
  }
  /// Until the predicate, asked on the loop after each event, is true.
  template <class Predicate>
  bool eventually(Predicate predicate) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), predicate);
  }
  void notify() {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }

  std::shared_ptr<stream_loop> loop;
  descriptor_stream_handle stream;
  unique_fd other;
  std::string received;
  std::atomic<std::size_t> sent = 0;
  std::atomic<bool> ended = false;
  std::atomic<bool> broken = false;

private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(descriptor_streams)

BOOST_AUTO_TEST_CASE(nothing_is_read_without_credit) {
  carried_socket socket;
  BOOST_REQUIRE(::write(socket.other.get(), "hello", 5) == 5);
  socket.on_loop([] {});
  socket.on_loop([&] { BOOST_TEST(socket.received.empty()); });
  socket.on_loop([&] { socket.stream->grant(100); });
  BOOST_TEST(socket.eventually([&] { return socket.received == "hello"; }));
  socket.other.reset();
  BOOST_TEST(socket.eventually([&] { return socket.ended.load(); }));
}

BOOST_AUTO_TEST_CASE(no_more_is_read_than_was_granted) {
  carried_socket socket;
  const std::string much(100'000, 'x');
  BOOST_REQUIRE(::write(socket.other.get(), much.data(), much.size()) == static_cast<ssize_t>(much.size()));
  std::size_t granted = 0;
  for (const std::size_t more : {std::size_t{1}, std::size_t{1000}, std::size_t{65536}, std::size_t{1}}) {
    granted += more;
    socket.on_loop([&] { socket.stream->grant(more); });
    BOOST_TEST(socket.eventually([&] { return socket.received.size() >= granted; }));
    socket.on_loop([] {});
    socket.on_loop([&] { BOOST_TEST(socket.received.size() == granted); });
  }
}

BOOST_AUTO_TEST_CASE(a_packet_beyond_the_credit_counts_against_the_next) {
  carried_socket socket(SOCK_SEQPACKET, true);
  const std::string packet(1000, 'x');
  for (int each = 0; each < 3; ++each)
    BOOST_REQUIRE(::write(socket.other.get(), packet.data(), 1000) == 1000);
  const auto received_after = [&](std::size_t grant, std::size_t expected) {
    socket.on_loop([&] { socket.stream->grant(grant); });
    BOOST_TEST(socket.eventually([&] { return socket.received.size() >= expected; }));
    socket.on_loop([] {});
    socket.on_loop([&] { BOOST_TEST(socket.received.size() == expected); });
  };
  received_after(1, 1000);
  received_after(999, 1000);
  received_after(1, 2000);
}

BOOST_AUTO_TEST_CASE(what_is_sent_is_reported_as_the_other_side_takes_it) {
  carried_socket socket;
  const std::size_t total = 8 << 20; // more than a socket holds
  socket.on_loop([&] { socket.stream->send(share_bytes(std::string(total, 'x'))); });
  socket.on_loop([&] { BOOST_TEST(socket.sent.load() < total); });
  socket.on_loop([&] { socket.stream->finish(); });
  std::size_t read = 0;
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t count = ::read(socket.other.get(), buffer.data(), buffer.size());
    if (count <= 0) break; // the end comes behind the last byte
    read += static_cast<std::size_t>(count);
  }
  BOOST_TEST(read == total);
  BOOST_TEST(socket.eventually([&] { return socket.sent == total; }));
}

BOOST_AUTO_TEST_CASE(a_reader_that_goes_away_breaks_the_sending_side) {
  carried_socket socket;
  socket.other.reset();
  socket.on_loop([&] { socket.stream->send(share_bytes("lost")); });
  BOOST_TEST(socket.eventually([&] { return socket.broken.load(); }));
}

BOOST_AUTO_TEST_CASE(a_stream_may_be_closed_by_its_own_callback) {
  auto loop = *stream_loop::start();
  std::array<int, 2> raw{};
  BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, raw.data()) == 0);
  const unique_fd other(raw[1]);
  std::promise<void> closed;
  loop->post([&] {
    const auto stream =
        std::make_shared<descriptor_stream>(loop, unique_fd(raw[0]), descriptor_stream::traits{});
    // The callback is the only one to hold the stream.
    stream->open({.received =
                      [stream, &closed, text = std::string(1000, 'c')](std::string_view) {
                        stream->close();
                        BOOST_TEST(text.size() == 1000U);
                        closed.set_value();
                      },
                  .ended = {},
                  .sent = {},
                  .broken = {}});
    stream->grant(10);
  });
  BOOST_REQUIRE(::write(other.get(), "x", 1) == 1);
  closed.get_future().wait();
  std::array<char, 1> byte;
  BOOST_TEST(::read(other.get(), byte.data(), 1) == 0);
  loop->stop();
}

BOOST_AUTO_TEST_CASE(timers_run_in_order_and_a_stopped_loop_lets_go_of_everything) {
  auto loop = *stream_loop::start();
  std::promise<std::string> order;
  const auto text = std::make_shared<std::string>();
  loop->post([&] {
    loop->after(std::chrono::milliseconds(2), [&, text] {
      *text += "second";
      order.set_value(*text);
    });
    loop->after(std::chrono::milliseconds(1), [text] { *text += "first "; });
    loop->after(std::chrono::hours(1), [text] {});
  });
  BOOST_TEST(order.get_future().get() == "first second");
  loop->stop();
  BOOST_TEST(text.use_count() == 1);
  loop->post([text] {}); // dropped
  BOOST_TEST(text.use_count() == 1);
}

BOOST_AUTO_TEST_SUITE_END()
