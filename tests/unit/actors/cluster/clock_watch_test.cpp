#include "actors/cluster/clock_watch.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/timex.h>

#include <condition_variable>
#include <mutex>

using namespace actord::actors;

BOOST_AUTO_TEST_SUITE(clock_watch_is)

BOOST_AUTO_TEST_CASE(told_when_the_clock_is_set) {
  std::mutex mutex;
  std::condition_variable changed;
  int told = 0;
  const clock_watch watch([&] {
    const std::scoped_lock hold(mutex);
    ++told;
    changed.notify_all();
  });
  for (int time = 1; time <= 2; ++time) {
    timex by_a_nanosecond{};
    by_a_nanosecond.modes = ADJ_SETOFFSET | ADJ_NANO;
    by_a_nanosecond.time.tv_usec = 1;
    if (adjtimex(&by_a_nanosecond) < 0) {
      BOOST_TEST_MESSAGE("this machine's clock cannot be set by this user");
      return;
    }
    std::unique_lock hold(mutex);
    BOOST_REQUIRE(changed.wait_for(hold, std::chrono::seconds(20), [&] { return told >= time; }));
  }
}

BOOST_AUTO_TEST_SUITE_END()
