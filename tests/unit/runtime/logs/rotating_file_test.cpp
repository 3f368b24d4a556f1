#include "runtime/files/file_tools.hpp"
#include "runtime/logs/rotating_file.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>

using namespace actord;
using namespace actord::runtime;

namespace {

struct log_directory {
  std::string read(const std::string& name) { return read_file(path(name))->value_or("(none)"); }
  std::string path(const std::string& name) {
    return (std::filesystem::path(directory.path()) / name).string();
  }
  rotating_file open(rotation_limits limits) {
    auto opened = rotating_file::open(path("audit.log"), limits, clock);
    BOOST_REQUIRE(opened.has_value());
    return std::move(*opened);
  }
  std::vector<std::string> names() { return directory_entries(directory.path()); }

  test_support::temporary_directory directory;
  manual_clock_source clock{wall_time(std::chrono::seconds(1'700'000'000))};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(rotating_files, log_directory)

BOOST_AUTO_TEST_CASE(lines_are_appended_to_what_is_there) {
  BOOST_REQUIRE(open({}).append("one\n").has_value());
  BOOST_REQUIRE(open({}).append("two\n").has_value());
  BOOST_TEST(read("audit.log") == "one\ntwo\n");
  BOOST_TEST((std::filesystem::status(path("audit.log")).permissions() ==
              (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)));
}

BOOST_AUTO_TEST_CASE(a_full_file_is_closed_between_lines) {
  rotating_file file = open({.file_bytes = 10, .backups = 0, .age = {}});
  BOOST_REQUIRE(file.append("1234\n5678\nabcd\n").has_value());
  BOOST_TEST(read("audit.log") == "abcd\n");
  BOOST_TEST(read("audit-2023-11-14T22-13-20.000.log") == "1234\n5678\n");
  BOOST_REQUIRE(file.append("longer than any file\nz\n").has_value());
  BOOST_TEST(read("audit-2023-11-14T22-13-20.001.log") == "abcd\n");
  BOOST_TEST(read("audit-2023-11-14T22-13-20.002.log") == "longer than any file\n");
  BOOST_TEST(read("audit.log") == "z\n");
}

BOOST_AUTO_TEST_CASE(closed_files_are_kept_by_number_and_age_and_strangers_are_left_alone) {
  BOOST_REQUIRE(write_file_atomic(path("audit-other.log"), "x").has_value());
  {
    rotating_file file = open({.file_bytes = 2, .backups = 2, .age = {}});
    for (const char* line : {"a\n", "b\n", "c\n", "d\n", "e\n"}) {
      BOOST_REQUIRE(file.append(line).has_value());
      clock.advance(std::chrono::hours(1));
    }
  }
  BOOST_TEST(names().size() == 4);
  BOOST_TEST(read("audit.log") == "e\n");
  clock.advance(std::chrono::hours(3));
  rotating_file file = open({.file_bytes = 2, .backups = 0, .age = std::chrono::hours(4)});
  BOOST_TEST(names().size() == 3);
}

BOOST_AUTO_TEST_CASE(a_directory_that_is_not_there_is_an_error_that_names_the_file) {
  const auto opened = rotating_file::open("/nonexistent/audit.log", {}, clock);
  BOOST_REQUIRE(!opened.has_value());
  BOOST_TEST(opened.error().message.find("/nonexistent/audit.log") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
