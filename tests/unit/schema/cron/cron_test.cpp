#include "schema/base/timestamp.hpp"
#include "schema/cron/cron_schedule.hpp"
#include "schema/cron/cron_times.hpp"
#include "schema/cron/go_duration.hpp"
#include "schema/cron/time_zone.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstdlib>
#include <ctime>
#include <random>
#include <set>

using namespace actord;
using namespace actord::schema;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

sys_seconds at(const char* text) { return std::chrono::floor<seconds>(parse_time(text).value()); }
std::string text(const std::optional<sys_seconds>& when) { return when ? format_time(*when) : "never"; }

cron_schedule schedule(std::string_view words) {
  auto out = parse_schedule(words);
  BOOST_REQUIRE_MESSAGE(out.has_value(), words);
  return std::move(out).value();
}
std::string complaint(std::string_view words) {
  const auto out = parse_schedule(words);
  return out ? "" : out.error().message;
}
time_zone zone(const char* name) {
  const auto out = time_zone::find(name);
  BOOST_REQUIRE_MESSAGE(out.has_value(), name << " is not in this machine's database (package tzdata)");
  return *out;
}

/// The first times after one, as UTC.
std::vector<std::string> times(std::string_view words, const char* zone_name, const char* after, int count) {
  std::vector<std::string> out;
  auto from = at(after);
  for (int i = 0; i < count; ++i) {
    const auto next = next_time(schedule(words), zone(zone_name), from);
    out.push_back(text(next));
    if (!next) break;
    from = *next;
  }
  return out;
}
using list = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_SUITE(schedules)

BOOST_AUTO_TEST_CASE(fields_are_read) {
  const cron_schedule office = schedule("*/20 8-18/5 1,15 JAN-mar,12 Mon-fri");
  BOOST_TEST(office.minutes == (1ull | 1ull << 20 | 1ull << 40));
  BOOST_TEST(office.hours == (1ull << 8 | 1ull << 13 | 1ull << 18));
  BOOST_TEST(office.days == (1ull << 1 | 1ull << 15));
  BOOST_TEST(office.months == (1ull << 1 | 1ull << 2 | 1ull << 3 | 1ull << 12));
  BOOST_TEST(office.weekdays == 0b0111110u);
  BOOST_TEST(!office.any_day);
  BOOST_TEST(schedule("50/4 * * * *").minutes == (1ull << 50 | 1ull << 54 | 1ull << 58));
  BOOST_TEST(schedule("+5 *-20/1 ? * *").any_day);
  BOOST_TEST(!schedule("* * */2 * *").any_day);
  BOOST_TEST(schedule("* * */1 * *").any_day);
  BOOST_TEST((schedule("  0\t0 *  * 0 ") == schedule("@weekly")));
  BOOST_TEST((schedule("@annually") == schedule("0 0 1 1 *")));
  BOOST_TEST((schedule("@midnight") == schedule("@daily")));
  BOOST_TEST(schedule("@every 1h30m").every->count() == 5400);
  BOOST_TEST(schedule("@every 1.9s").every->count() == 1);
  BOOST_TEST(schedule("@every -5m").every->count() == 1);
  BOOST_TEST(schedule("TZ=Europe/Berlin @hourly").zone == "Europe/Berlin");
  BOOST_TEST(schedule("CRON_TZ=Asia/Tokyo  0 4 * * *").hours == 16u);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said) {
  BOOST_TEST(complaint("* * * *") == "expected exactly 5 fields, found 4: [* * * *]");
  BOOST_TEST(complaint("60 * * * *") == "end of range (60) above maximum (59): 60");
  BOOST_TEST(complaint("* * 0 * *") == "beginning of range (0) below minimum (1): 0");
  BOOST_TEST(complaint("5-3 * * * *") == "beginning of range (5) beyond end of range (3): 5-3");
  BOOST_TEST(complaint("1-2-3 * * * *") == "too many hyphens: 1-2-3");
  BOOST_TEST(complaint("1/2/3 * * * *") == "too many slashes: 1/2/3");
  BOOST_TEST(complaint("*/0 * * * *") == "step of range should be a positive number: */0");
  BOOST_TEST(complaint("* * * foo *") ==
             "failed to parse int from foo: strconv.Atoi: parsing \"foo\": invalid syntax");
  BOOST_TEST(complaint("-1 * * * *") ==
             "failed to parse int from : strconv.Atoi: parsing \"\": invalid syntax");
  BOOST_TEST(complaint("* * * * 7") == "end of range (7) above maximum (6): 7");
  BOOST_TEST(complaint("99999999999 * * * *").ends_with("value out of range"));
  BOOST_TEST(complaint("@fortnightly") == "unrecognized descriptor: @fortnightly");
  BOOST_TEST(complaint("@every 5") ==
             "failed to parse duration @every 5: time: missing unit in duration \"5\"");
  BOOST_TEST(complaint("@every 5x").ends_with("time: unknown unit \"x\" in duration \"5x\""));
  BOOST_TEST(complaint("@every .").ends_with("time: invalid duration \".\""));
  BOOST_TEST(complaint("@every 9999999h").ends_with("time: invalid duration \"9999999h\""));
  BOOST_TEST(complaint("TZ=Europe/Berlim * * * * *") ==
             "provided bad location Europe/Berlim: unknown time zone Europe/Berlim");
  BOOST_TEST(complaint("TZ=UTC").starts_with("runtime error"));
}

BOOST_AUTO_TEST_CASE(durations_are_those_of_go) {
  const auto ns = [](const char* words) { return parse_go_duration(words)->count(); };
  BOOST_TEST(ns("1h2m3.5s") == 3'723'500'000'000);
  BOOST_TEST(ns("-1.5h") == -5'400'000'000'000);
  BOOST_TEST(ns(".5ms") == 500'000);
  BOOST_TEST(ns("3\u00b5s") == 3'000);
  BOOST_TEST(ns("0") == 0);
  BOOST_TEST(ns("9223372036854775807ns") == 9'223'372'036'854'775'807);
  for (const char* words : {"", "-", "9223372036854775808ns", "1h 2m", "h", "1e3s"})
    BOOST_TEST(!parse_go_duration(words).has_value(), words);
}

BOOST_AUTO_TEST_CASE(zones_are_those_of_the_database) {
  BOOST_TEST(time_zone::find("Europe/Berlin").has_value());
  BOOST_TEST(time_zone::find("Etc/GMT+5").has_value());
  for (const char* name : {"", "Europe", "Europe/Berlim", "/Europe/Berlin", "../zoneinfo/UTC",
                           "Europe//Berlin", "zone.tab", "europe/berlin", "libc:localtime", "Europe/Berlin/"})
    BOOST_TEST(!time_zone::find(name).has_value(), name);
  BOOST_TEST(zone("Europe/Berlin").format(at("2026-07-01T12:00:00Z")) == "2026-07-01T14:00:00+02:00");
  BOOST_TEST(zone("Europe/London").format(at("2026-01-01T12:00:00Z")) == "2026-01-01T12:00:00Z");
  BOOST_TEST(time_zone().format(at("2026-07-01T12:00:00Z")) == "2026-07-01T12:00:00Z");
  // Rules go on where the data ends.
  BOOST_TEST(zone("America/New_York").format(at("2050-07-01T12:00:00Z")) == "2050-07-01T08:00:00-04:00");
}

BOOST_AUTO_TEST_CASE(times_that_are_due) {
  BOOST_TEST(times("*/15 * * * *", "UTC", "2026-01-01T00:01:30Z", 3) ==
             (list{"2026-01-01T00:15:00Z", "2026-01-01T00:30:00Z", "2026-01-01T00:45:00Z"}));
  BOOST_TEST(times("* * * * *", "UTC", "2026-12-31T23:59:00Z", 1) == list{"2027-01-01T00:00:00Z"});
  BOOST_TEST(times("0 9 * * mon-fri", "America/New_York", "2026-01-02T14:00:00Z", 2) ==
             (list{"2026-01-05T14:00:00Z", "2026-01-06T14:00:00Z"}));
  // The 13th or a Friday; with "*" in one of the two, the other decides.
  BOOST_TEST(times("0 0 13 * 5", "UTC", "2026-02-08T00:00:00Z", 3) ==
             (list{"2026-02-13T00:00:00Z", "2026-02-20T00:00:00Z", "2026-02-27T00:00:00Z"}));
  BOOST_TEST(times("0 0 13 * *", "UTC", "2026-02-14T00:00:00Z", 1) == list{"2026-03-13T00:00:00Z"});
  BOOST_TEST(times("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", 1) == list{"2028-02-29T00:00:00Z"});
  BOOST_TEST(times("0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", 1) == list{"2104-02-29T00:00:00Z"});
  BOOST_TEST(times("0 0 31 2 *", "UTC", "2026-01-01T00:00:00Z", 1) == list{"never"});
  BOOST_TEST(times(", * * * *", "UTC", "2026-01-01T00:00:00Z", 1) == list{"never"});
  BOOST_TEST(times("@every 90s", "Europe/Berlin", "2026-01-01T00:00:10Z", 2) ==
             (list{"2026-01-01T00:01:40Z", "2026-01-01T00:03:10Z"}));
}

BOOST_AUTO_TEST_CASE(clocks_that_are_set) {
  // Forward: what would be at 02:30 is left out; every hour stays every hour.
  BOOST_TEST(times("30 2 * * *", "Europe/Berlin", "2025-03-29T00:00:00Z", 3) ==
             (list{"2025-03-29T01:30:00Z", "2025-03-31T00:30:00Z", "2025-04-01T00:30:00Z"}));
  BOOST_TEST(times("0 * * * *", "Europe/Berlin", "2025-03-30T00:00:00Z", 2) ==
             (list{"2025-03-30T01:00:00Z", "2025-03-30T02:00:00Z"}));
  // Back: 02:30 comes twice.
  BOOST_TEST(times("30 2 * * *", "Europe/Berlin", "2025-10-25T12:00:00Z", 3) ==
             (list{"2025-10-26T00:30:00Z", "2025-10-26T01:30:00Z", "2025-10-27T01:30:00Z"}));
  // Midnight itself is left out: that day has none.
  BOOST_TEST(times("0 0 * * *", "America/Santiago", "2025-09-06T00:00:00Z", 2) ==
             (list{"2025-09-06T04:00:00Z", "2025-09-08T03:00:00Z"}));
  // Half an hour, and a whole day.
  BOOST_TEST(times("15 2 * * *", "Australia/Lord_Howe", "2025-10-04T00:00:00Z", 2) ==
             (list{"2025-10-05T15:15:00Z", "2025-10-06T15:15:00Z"}));
  BOOST_TEST(times("0 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z", 1) ==
             list{"2012-12-29T22:00:00Z"});
}

BOOST_AUTO_TEST_CASE(the_last_time) {
  const auto last = [](std::string_view words, const char* after, const char* until) {
    return text(last_time(schedule(words), zone("Europe/Berlin"), at(after), at(until)));
  };
  BOOST_TEST(last("0 3 * * *", "2020-01-01T00:00:00Z", "2026-07-02T12:00:00Z") == "2026-07-02T01:00:00Z");
  BOOST_TEST(last("0 3 * * *", "2026-07-02T01:00:00Z", "2026-07-02T12:00:00Z") == "never");
  BOOST_TEST(last("0 3 * * *", "2026-07-02T00:59:59Z", "2026-07-02T01:00:00Z") == "2026-07-02T01:00:00Z");
  BOOST_TEST(last("* * 1 1 *", "1970-01-01T00:00:00Z", "2026-12-30T00:00:00Z") == "2026-01-01T22:59:00Z");
  BOOST_TEST(last("@every 7m", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z") == "2026-01-01T00:56:00Z");
  BOOST_TEST(last("@every 7m", "2026-01-01T00:00:00Z", "2026-01-01T00:06:59Z") == "never");
  const auto more = [](std::size_t count, const char* until) {
    return has_more_than(count, schedule("0 * * * *"), time_zone(), at("2026-01-01T00:00:00Z"), at(until));
  };
  BOOST_TEST(!more(100, "2026-01-05T04:59:00Z"));
  BOOST_TEST(more(100, "2026-01-05T05:00:00Z"));
  BOOST_TEST(!more(0, "2026-01-01T00:59:59Z"));
}

namespace {

/// A field as text, and the values it means, each told by itself.
struct drawn_field {
  std::string words;
  std::set<int> values;
  bool any = false;
};

drawn_field draw_field(std::mt19937_64& random, int least, int most, const std::vector<std::string>& names) {
  const auto between = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
  const auto name = [&](int value) {
    return names.empty() || between(0, 1) == 0 ? std::to_string(value)
                                               : names[static_cast<std::size_t>(value - least)];
  };
  drawn_field out;
  const int parts = between(1, 3);
  for (int i = 0; i < parts; ++i) {
    if (i > 0) out.words += ',';
    int first = between(least, most), last = between(first, most), step = 1;
    switch (between(0, 4)) {
    case 0:
      first = least;
      last = most;
      out.words += '*';
      out.any = true;
      break;
    case 1:
      first = least;
      last = most;
      step = between(2, 40);
      out.words += "*/" + std::to_string(step);
      break;
    case 2:
      last = first;
      out.words += name(first);
      break;
    case 3:
      out.words += name(first) + '-' + name(last);
      break;
    default:
      step = between(1, 9);
      last = most;
      out.words += name(first) + '/' + std::to_string(step);
    }
    for (int value = first; value <= last; value += step) out.values.insert(value);
  }
  return out;
}

} // namespace

/// Against the C library's clock, asked for every single minute.
BOOST_AUTO_TEST_CASE(random_schedules_minute_by_minute) {
  const std::uint64_t seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  BOOST_TEST_CONTEXT("seed " << seed) {
    std::mt19937_64 random(seed);
    struct place {
      const char* zone;
      const char* about; ///< a day on which clocks are set, or any
    };
    constexpr std::array<place, 10> places{{{"Europe/Berlin", "2025-03-30T00:00:00Z"},
                                            {"Europe/Berlin", "2025-10-26T00:00:00Z"},
                                            {"America/New_York", "2026-03-08T06:00:00Z"},
                                            {"America/New_York", "2026-11-01T05:00:00Z"},
                                            {"Australia/Lord_Howe", "2025-10-04T15:00:00Z"},
                                            {"America/Santiago", "2025-09-07T04:00:00Z"},
                                            {"America/Santiago", "2026-04-05T03:00:00Z"},
                                            {"Pacific/Apia", "2011-12-30T10:00:00Z"},
                                            {"Asia/Kathmandu", "2024-02-28T12:00:00Z"},
                                            {"UTC", "2026-12-31T20:00:00Z"}}};
    for (int round = 0; round < 400; ++round) {
      const place& here = places[static_cast<std::size_t>(round) % places.size()];
      const std::array<drawn_field, 5> fields{
          draw_field(random, 0, 59, {}), draw_field(random, 0, 23, {}), draw_field(random, 1, 31, {}),
          draw_field(random, 1, 12,
                     {"jan", "feb", "MAR", "apr", "may", "jun", "jul", "Aug", "sep", "oct", "nov", "dec"}),
          draw_field(random, 0, 6, {"sun", "mon", "tue", "WED", "thu", "fri", "Sat"})};
      std::string words;
      for (const auto& field : fields) words += (words.empty() ? "" : " ") + field.words;
      setenv("TZ", here.zone, 1);
      tzset();
      const auto is_due = [&](sys_seconds when) {
        const std::time_t seconds_since = when.time_since_epoch().count();
        std::tm clock{};
        localtime_r(&seconds_since, &clock);
        const bool day = fields[2].values.contains(clock.tm_mday);
        const bool weekday = fields[4].values.contains(clock.tm_wday);
        const bool both = fields[2].any || fields[4].any;
        return clock.tm_sec == 0 && fields[0].values.contains(clock.tm_min) &&
               fields[1].values.contains(clock.tm_hour) && fields[3].values.contains(clock.tm_mon + 1) &&
               (both ? day && weekday : day || weekday);
      };
      const auto offset = seconds(std::uniform_int_distribution(-36 * 3600, 0)(random));
      const sys_seconds begin = at(here.about) + offset, end = begin + std::chrono::hours(72);
      std::vector<sys_seconds> expected, found;
      for (auto minute = std::chrono::floor<minutes>(begin) + minutes(1); minute <= end; minute += minutes(1))
        if (is_due(minute)) expected.push_back(minute);
      const cron_schedule read = schedule(words);
      const time_zone where = zone(here.zone);
      for (auto next = next_time(read, where, begin); next && *next <= end;
           next = next_time(read, where, *next))
        found.push_back(*next);
      BOOST_TEST_CONTEXT(words << " in " << here.zone << " from " << text(begin)) {
        BOOST_REQUIRE_EQUAL(found.size(), expected.size());
        for (std::size_t i = 0; i < found.size(); ++i) BOOST_REQUIRE_EQUAL(text(found[i]), text(expected[i]));
        BOOST_REQUIRE_EQUAL(
            text(last_time(read, where, begin, end)),
            text(expected.empty() ? std::nullopt : std::optional<sys_seconds>(expected.back())));
      }
    }
    unsetenv("TZ");
    tzset();
  }
}

BOOST_AUTO_TEST_SUITE_END()
