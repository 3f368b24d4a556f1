#include "runtime/logs/log_reader.hpp"
#include "tests/support/failure_text.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <fstream>
#include <mutex>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace actord;
using namespace actord::runtime;
using namespace std::chrono_literals;
using test_support::failure_text;

struct fixture {
  test_support::temporary_directory scratch;
  std::string path = scratch / "0.log";

  void append(const std::string& text) const { std::ofstream(path, std::ios::app) << text; }
  void line(int second, const std::string& text, const std::string& stream = "stdout",
            const std::string& tag = "F") const {
    append("2026-01-02T15:04:0" + std::to_string(second) + ".5+00:00 " + stream + " " + tag + " " + text +
           "\n");
  }
  std::string read(const log_options& options = {}) const {
    std::string text;
    const auto done =
        read_log(path, options,
                 {.more = [&](std::string_view piece) { return text.append(piece), true; }, .running = {}});
    BOOST_TEST(done.has_value(), failure_text(done));
    return text;
  }
};

BOOST_FIXTURE_TEST_SUITE(logs, fixture)

BOOST_AUTO_TEST_CASE(lines_lose_their_frame) {
  line(1, "one");
  line(2, "two words  two blanks", "stderr");
  line(3, "");
  line(4, "par", "stdout", "P");
  line(5, "tial");
  append("broken\n2026 nonsense F x\n\n");
  BOOST_TEST(read() == "one\ntwo words  two blanks\n\npartial\n");
  BOOST_TEST(read({.which = log_options::stream::standard_error}) == "two words  two blanks\n");
  BOOST_TEST(read({.timestamps = true}).starts_with("2026-01-02T15:04:01.5+00:00 one\n"));
  BOOST_TEST(read({.timestamps = true}).ends_with("2026-01-02T15:04:04.5+00:00 partial\n"));
}

BOOST_AUTO_TEST_CASE(the_end_is_found_in_files_of_any_length) {
  for (int number = 0; number < 20'000; ++number) line(number % 10, "line " + std::to_string(number));
  BOOST_TEST(read({.tail_lines = 2}) == "line 19998\nline 19999\n");
  BOOST_TEST(read({.tail_lines = 0}).empty());
  BOOST_TEST(read({.tail_lines = 1'000'000}).starts_with("line 0\n"));
  const std::string many = read({.tail_lines = 15'000});
  BOOST_TEST(many.starts_with("line 5000\n"));
  BOOST_TEST(read({.tail_lines = 20'000}) == read());
  append("2026-01-02T15:04:05Z stdout F unfinished");
  BOOST_TEST(read({.tail_lines = 1}) == "unfinished\n");
}

BOOST_AUTO_TEST_CASE(time_and_size_limit_what_is_read) {
  for (int second = 0; second < 5; ++second) line(second, "at " + std::to_string(second));
  const wall_time third = wall_time(1'767'366'243s);
  BOOST_TEST(read({.since = third}) == "at 3\nat 4\n");
  BOOST_TEST(read({.limit_bytes = 7}) == "at 0\nat");
  BOOST_TEST(read({.limit_bytes = 0}).empty());
  BOOST_TEST(read({.tail_lines = 2, .limit_bytes = 5}) == "at 3\n");
}

BOOST_AUTO_TEST_CASE(only_regular_files_are_read) {
  BOOST_REQUIRE(::symlink("/etc/passwd", path.c_str()) == 0);
  const log_sink sink{.more = [](std::string_view) { return true; }, .running = {}};
  const auto through_link = read_log(path, {}, sink);
  BOOST_REQUIRE(!through_link);
  BOOST_TEST((through_link.error().kind == error_kind::forbidden));
  BOOST_REQUIRE(::unlink(path.c_str()) == 0);
  BOOST_TEST((read_log(path, {}, sink).error().kind == error_kind::not_found));
  BOOST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  BOOST_TEST(!read_log(path, {}, sink));
}

BOOST_AUTO_TEST_CASE(a_reader_that_has_enough_is_not_read_for) {
  for (int number = 0; number < 50'000; ++number) line(1, "line " + std::to_string(number));
  int pieces = 0;
  BOOST_TEST(read_log(path, {}, {.more = [&](std::string_view) { return ++pieces < 3; }, .running = {}})
                 .has_value());
  BOOST_TEST(pieces == 3); // that there is a log, and two of its pieces
}

BOOST_AUTO_TEST_CASE(a_follower_sees_what_is_added_also_in_a_new_file) {
  line(1, "first");
  std::mutex mutex;
  std::string text;
  std::atomic<bool> running = true;
  const auto seen = [&](const std::string& wanted) {
    for (int attempt = 0; attempt < 2000; ++attempt) {
      {
        const std::lock_guard lock(mutex);
        if (text == wanted) return true;
      }
      std::this_thread::sleep_for(5ms);
    }
    return false;
  };
  std::jthread follower([&] {
    const auto done = read_log(path, {.follow = true},
                               {.more =
                                    [&](std::string_view piece) {
                                      const std::lock_guard lock(mutex);
                                      text.append(piece);
                                      return true;
                                    },
                                .running = [&] { return running.load(); }});
    BOOST_TEST(done.has_value(), failure_text(done));
  });
  BOOST_TEST(seen("first\n"));
  append("2026-01-02T15:04:05Z stdout F sec");
  append("ond\n");
  BOOST_TEST(seen("first\nsecond\n"));
  const std::string fresh = path + ".new";
  std::ofstream(fresh) << "2026-01-02T15:04:05Z stdout F third\n";
  line(3, "last of the old");
  BOOST_REQUIRE(::rename(fresh.c_str(), path.c_str()) == 0);
  BOOST_TEST(seen("first\nsecond\nlast of the old\nthird\n"));
  line(4, "end");
  running = false;
  follower.join();
  BOOST_TEST(text.ends_with("third\nend\n"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
