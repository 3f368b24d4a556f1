#include "schema/base/timestamp.hpp"
#include "schema/value/api_time.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::schema;
using namespace std::chrono_literals;

namespace {

std::string time_text(std::string_view in) {
  const auto when = read_time(in);
  return when ? format_time(*when) : when.error().message;
}

std::string micro_text(std::string_view in) {
  const auto when = read_micro_time(in);
  return when ? format_micro_time(*when) : when.error().message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(api_times)

BOOST_AUTO_TEST_CASE(times_are_rfc_3339_in_utc) {
  BOOST_TEST(time_text("2026-01-02T03:04:05Z") == "2026-01-02T03:04:05Z");
  BOOST_TEST(time_text("2026-01-02T03:04:05.999+01:30") == "2026-01-02T01:34:05Z");
  BOOST_TEST(micro_text("2026-01-02T03:04:05.000001Z") == "2026-01-02T03:04:05.000001Z");
}

BOOST_AUTO_TEST_CASE(a_wrong_time_says_where_in_the_words_of_go) {
  const std::string as = R"( as "2006-01-02T15:04:05Z07:00": cannot parse )";
  BOOST_TEST(time_text("x") == R"(parsing time "x")" + as + R"("x" as "2006")");
  BOOST_TEST(time_text("") == R"(parsing time "")" + as + R"("" as "2006")");
  BOOST_TEST(time_text("2026-01-02") == R"(parsing time "2026-01-02")" + as + R"("" as "T")");
  BOOST_TEST(time_text("2026-01-02 03:04:05Z") ==
             R"(parsing time "2026-01-02 03:04:05Z")" + as + R"(" 03:04:05Z" as "T")");
  BOOST_TEST(time_text("2026-01-02T03:04:05") ==
             R"(parsing time "2026-01-02T03:04:05")" + as + R"("" as "Z07:00")");
  BOOST_TEST(time_text("2026-13-02T03:04:05Z") ==
             R"(parsing time "2026-13-02T03:04:05Z": month out of range)");
  BOOST_TEST(time_text("2026-02-30T03:04:05Z") == R"(parsing time "2026-02-30T03:04:05Z": day out of range)");
  BOOST_TEST(time_text("2026-01-02T03:04:05Zx") ==
             R"(parsing time "2026-01-02T03:04:05Zx": extra text: "x")");
  BOOST_TEST(
      micro_text("2026-01-02T03:04:05Z") ==
      R"(parsing time "2026-01-02T03:04:05Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000")");
}

BOOST_AUTO_TEST_CASE(ages_are_as_kubectl_prints_them) {
  BOOST_TEST(human_duration(-5s) == "<invalid>");
  BOOST_TEST(human_duration(5s) == "5s");
  BOOST_TEST(human_duration(119s) == "119s");
  BOOST_TEST(human_duration(3min + 12s) == "3m12s");
  BOOST_TEST(human_duration(5min) == "5m");
  BOOST_TEST(human_duration(10min + 30s) == "10m");
  BOOST_TEST(human_duration(179min) == "179m");
  BOOST_TEST(human_duration(4h) == "4h");
  BOOST_TEST(human_duration(4h + 5min) == "4h5m");
  BOOST_TEST(human_duration(30h) == "30h");
  BOOST_TEST(human_duration(51h) == "2d3h");
  BOOST_TEST(human_duration(24h * 45) == "45d");
  BOOST_TEST(human_duration(24h * 365 * 3) == "3y");
  BOOST_TEST(human_duration(24h * 365 * 3 + 24h * 4) == "3y4d");
  BOOST_TEST(human_duration(24h * 365 * 9) == "9y");
}

BOOST_AUTO_TEST_SUITE_END()
