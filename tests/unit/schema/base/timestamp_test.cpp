#include "schema/base/timestamp.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;

BOOST_AUTO_TEST_SUITE(timestamp)

BOOST_AUTO_TEST_CASE(formats_and_parses_the_same_second) {
  const wall_time when{std::chrono::seconds(1'767'366'245)};
  BOOST_TEST(schema::format_time(when) == "2026-01-02T15:04:05Z");
  BOOST_TEST((schema::parse_time("2026-01-02T15:04:05Z") == when));
  BOOST_TEST((schema::parse_time("2026-01-02T17:34:05+02:30") == when));
  BOOST_TEST((schema::parse_time("2026-01-02T15:04:05.25Z") == when + std::chrono::milliseconds(250)));
  BOOST_TEST(schema::format_micro_time(when + std::chrono::microseconds(42)) ==
             "2026-01-02T15:04:05.000042Z");
  BOOST_TEST(schema::format_micro_time(when) == "2026-01-02T15:04:05.000000Z");
  BOOST_TEST(schema::format_time(*schema::parse_time("1700-10-20T00:00:59Z")) == "1700-10-20T00:00:59Z");
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_time) {
  for (const char* text :
       {"", "2026", "2026-01-02", "2026-01-02T15:04:05", "2026-13-02T15:04:05Z", "2026-02-30T15:04:05Z",
        "2026-01-02T24:04:05Z", "2026-01-02T15:04:05.Z", "2026-01-02T15:04:05Zx", "0001-01-01T00:00:00Z"})
    BOOST_TEST(!schema::parse_time(text).has_value(), text);
}

BOOST_AUTO_TEST_SUITE_END()
