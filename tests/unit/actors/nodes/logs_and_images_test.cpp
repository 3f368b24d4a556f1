#include "tests/unit/actors/nodes/nodes_fixture.hpp"

/// Logs of, and images for, another node.

using namespace actord;
using namespace actord::testing;

namespace {

/// Whoever reads a log: may be told to wait, or to leave.
struct reading {
  lines seen;
  std::mutex mutex;
  std::condition_variable changed;
  bool held = false;
  std::atomic<bool> leaves{false};
  std::atomic<std::size_t> bytes{0};
  std::string text;

  stream_receiver receiver() {
    return {.more =
                [this](std::string_view piece) {
                  std::unique_lock lock(mutex);
                  seen.add(fmt::format("piece {}", piece.size()));
                  changed.wait(lock, [this] { return !held; });
                  if (leaves) return false;
                  bytes += piece.size();
                  text += piece;
                  return true;
                },
            .done =
                [this](const result<void>& outcome) {
                  seen.add(outcome ? std::string("done")
                                   : fmt::format("failed {} {}", http_code(outcome.error().kind),
                                                 outcome.error().message));
                }};
  }
  void hold() {
    const std::scoped_lock lock(mutex);
    held = true;
  }
  void release() {
    const std::scoped_lock lock(mutex);
    held = false;
    changed.notify_all();
  }
};

struct a_log_and_a_disk : a_server_and_a_node {
  reading reads;
  lines answers;

  void read(log_request request = {}) {
    request.space = "ns";
    request.pod = "pod";
    request.pod_uid = "uid";
    request.container = "app";
    services().read_log(std::move(request), reads.receiver());
  }
  std::function<void(result<std::vector<std::string>>)> answer() {
    return [this](const result<std::vector<std::string>>& names) {
      answers.add(names ? fmt::format("{} names, {}", names->size(), names->front())
                        : fmt::format("failed {} {}", http_code(names.error().kind), names.error().message));
    };
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(logs_and_images, a_log_and_a_disk)

BOOST_AUTO_TEST_CASE(a_log_arrives_in_order) {
  std::string expected;
  worker.log = [&](const log_request& request, const stream_receiver& receiver) {
    worker.seen.add(fmt::format("log {}/{}/{}/{} {} {}", request.space, request.pod, request.pod_uid,
                                request.container, request.follow, request.tail_lines.value_or(-1)));
    receiver.more({});
    for (int i = 0; i < 20'000; ++i) {
      const std::string line = fmt::format("line {}\n", i);
      expected += line;
      if (!receiver.more(line)) break;
    }
    receiver.done({});
  };
  begin();
  log_request request;
  request.follow = true;
  request.tail_lines = 100'000;
  read(std::move(request));
  BOOST_REQUIRE(reads.seen.wait_for("done"));
  BOOST_TEST(worker.seen.count("log ns/pod/uid/app true 100000") == 1U);
  BOOST_TEST(reads.seen.all().front() == "piece 0");
  BOOST_TEST((reads.text == expected));
}

BOOST_AUTO_TEST_CASE(a_log_that_cannot_be_read_says_why) {
  worker.log = [](const log_request& request, const stream_receiver& receiver) {
    receiver.done(
        error{.kind = error_kind::bad_request, .message = "waiting to start: " + request.waiting_reason});
  };
  begin();
  log_request request;
  request.waiting_reason = "ErrImagePull";
  read(std::move(request));
  BOOST_REQUIRE(reads.seen.wait_for("failed 400 waiting to start: ErrImagePull"));
}

BOOST_AUTO_TEST_CASE(a_slow_reader_holds_the_log_back) {
  std::atomic<std::size_t> read_bytes{0};
  std::atomic<bool> held_back{false};
  constexpr std::size_t piece = 50'000;
  constexpr std::size_t total = 200 * piece;
  worker.log = [&](const log_request&, const stream_receiver& receiver) {
    const std::string text(piece, 'x');
    for (std::size_t at = 0; at < total; at += piece) {
      if (!receiver.more(text)) break;
      read_bytes += piece;
      if (at == 0) worker.seen.add("begun");
    }
    receiver.done({});
  };
  begin();
  reads.hold();
  read();
  BOOST_REQUIRE(reads.seen.wait_for("piece 50000"));
  // Another log is read to its end meanwhile, through the same connection.
  reading second;
  services().read_log({}, second.receiver());
  BOOST_REQUIRE(second.seen.wait_for("done"));
  BOOST_TEST(second.bytes == total);
  BOOST_TEST(read_bytes - total <= net::stream_window_last + 2 * net::stream_piece_bytes);
  reads.release();
  BOOST_REQUIRE(reads.seen.wait_for("done"));
  BOOST_TEST(reads.bytes == total);
}

BOOST_AUTO_TEST_CASE(a_reader_that_leaves_stops_the_log) {
  worker.log = [](const log_request&, const stream_receiver& receiver) {
    while (receiver.more("again\n")) {
    }
    receiver.done({});
  };
  begin();
  reads.leaves = true;
  read();
  BOOST_REQUIRE(worker.seen.wait_for("log read"));
  BOOST_REQUIRE(reads.seen.wait_for("done"));
  BOOST_TEST(reads.seen.count("piece") == 1U);
}

BOOST_AUTO_TEST_CASE(a_node_that_goes_away_fails_its_logs_after_what_arrived) {
  lines go;
  worker.log = [&](const log_request&, const stream_receiver& receiver) {
    receiver.more("first\n");
    go.wait_for("on");
    while (receiver.more("more\n")) {
    }
  };
  begin();
  read();
  BOOST_REQUIRE(reads.seen.wait_for("piece 6"));
  node.network->stop();
  go.add("on");
  BOOST_REQUIRE(reads.seen.wait_for("failed 503 node w: the connection of the stream broke"));
  BOOST_REQUIRE(worker.seen.wait_for("log read"));
  BOOST_TEST(reads.text.starts_with("first\n"));
}

BOOST_AUTO_TEST_CASE(a_worker_that_stops_gets_its_readers_back) {
  worker.log = [&](const log_request&, const stream_receiver& receiver) {
    while (receiver.more(std::string(10'000, 'x'))) {
    }
  };
  begin();
  reads.hold();
  read();
  BOOST_REQUIRE(reads.seen.wait_for("piece"));
  host.disconnect();
  BOOST_REQUIRE(worker.seen.wait_for("log read"));
  reads.release();
  BOOST_REQUIRE(reads.seen.wait_for("failed 503 node w: the node stops"));
}

BOOST_AUTO_TEST_CASE(an_image_arrives_whole) {
  std::string disk;
  worker.disk = [&](std::string_view piece) {
    disk += piece;
    return result<void>();
  };
  begin();
  std::string archive;
  for (int i = 0; archive.size() < 5'000'000; ++i) archive += std::to_string(i);
  auto upload = services().begin_image_load();
  BOOST_REQUIRE(upload.has_value());
  for (std::size_t at = 0; at < archive.size(); at += 70'000)
    BOOST_REQUIRE((*upload)->write(std::string_view(archive).substr(at, 70'000)).has_value());
  (*upload)->finish(answer());
  upload->reset();
  BOOST_REQUIRE(answers.wait_for("2 names, app:1"));
  BOOST_TEST((disk == archive));
}

BOOST_AUTO_TEST_CASE(a_full_disk_fails_the_upload) {
  worker.disk = [](std::string_view) -> result<void> {
    return error{.kind = error_kind::internal, .message = "no space left on device"};
  };
  begin();
  auto upload = services().begin_image_load();
  result<void> written;
  while (written) written = (*upload)->write(std::string(100'000, 'x'));
  BOOST_TEST(written.error().message == "no space left on device");
  BOOST_REQUIRE(worker.seen.wait_for("image dropped"));
}

BOOST_AUTO_TEST_CASE(a_slow_disk_holds_the_upload_back) {
  lines go;
  worker.disk = [&](std::string_view) {
    go.wait_for("on");
    return result<void>();
  };
  begin();
  auto upload = services().begin_image_load();
  std::atomic<std::size_t> written{0};
  constexpr std::size_t total = 8'000'000;
  std::thread sender([&] {
    while (written < total && (*upload)->write(std::string(50'000, 'x'))) written += 50'000;
  });
  BOOST_REQUIRE(worker.seen.wait_for("image"));
  // Whatever else goes over the connection goes on.
  for (int i = 0; i < 20; ++i) BOOST_REQUIRE(!server.ask_node("w", net::node_find_method, "").has_value());
  BOOST_TEST(written <= net::stream_window_last + 2 * net::stream_piece_bytes);
  go.add("on");
  sender.join();
  BOOST_TEST(written == total);
  (*upload)->finish(answer());
  BOOST_REQUIRE(answers.wait_for("2 names"));
  BOOST_TEST(worker.input_bytes == total);
}

BOOST_AUTO_TEST_CASE(an_upload_that_is_given_up_is_dropped_at_the_node) {
  begin();
  auto upload = services().begin_image_load();
  BOOST_REQUIRE((*upload)->write("begin").has_value());
  BOOST_REQUIRE(worker.seen.wait_for("image"));
  upload->reset();
  BOOST_REQUIRE(worker.seen.wait_for("image dropped"));
  BOOST_TEST(worker.seen.count("image finished") == 0U);
}

BOOST_AUTO_TEST_CASE(a_node_that_goes_away_fails_the_upload) {
  begin();
  auto upload = services().begin_image_load();
  BOOST_REQUIRE((*upload)->write("begin").has_value());
  BOOST_REQUIRE(worker.seen.wait_for("image"));
  node.network->stop();
  (*upload)->finish(answer());
  BOOST_REQUIRE(answers.wait_for("failed 503 node w: the connection of the stream broke"));
  auto next = services().begin_image_load();
  result<void> written;
  while (written) written = (*next)->write("x");
  BOOST_TEST(written.error().message == "there is no connection to node w");
}

BOOST_AUTO_TEST_CASE(nodes_are_found_by_name_and_images_have_one) {
  BOOST_TEST(directory.find("n1").error().message == "node n1 is not connected to this server");
  BOOST_TEST((directory.find("n1").error().kind == error_kind::unavailable));
  BOOST_TEST(directory.find_for_image("", {"a", "b"}).error().message ==
             "say which node the image is for (node=NAME): a, b");
  BOOST_TEST((directory.find_for_image("", {"a", "b"}).error().kind == error_kind::bad_request));
  BOOST_TEST(directory.find_for_image("c", {"a", "b"}).error().message ==
             "there is no node c: the nodes are a, b");
  BOOST_TEST((directory.find_for_image("", {}).error().kind == error_kind::unavailable));
  BOOST_TEST(*directory.find_for_image("", {"a"}) == *directory.find("a"));
  BOOST_TEST(*directory.find_for_image("b", {"a", "b"}) == *directory.find("b"));
  directory.connect_own(&worker);
  BOOST_TEST(*directory.find("n1") == &worker);
  BOOST_TEST(*directory.find_for_image("", {"a", "b", "n1"}) == &worker);
  BOOST_TEST(*directory.find_for_image("a", {"a", "n1"}) == *directory.find("a"));
  node_directory alone("n1", nullptr);
  BOOST_TEST(alone.find("a").error().message == "node a is not connected to this server");
}

BOOST_AUTO_TEST_SUITE_END()
