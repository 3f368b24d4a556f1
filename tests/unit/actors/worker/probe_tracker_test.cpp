#include "actors/worker/probe_tracker.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(probe_tracker_suite)

BOOST_AUTO_TEST_CASE(liveness_demands_a_restart_only_after_failures_in_a_row) {
  probe_tracker probe(probe_kind::liveness, {0s, 10s, 1, 3}, steady_time{});
  probe.record(false, steady_time{});
  probe.record(false, steady_time{});
  probe.record(true, steady_time{});
  probe.record(false, steady_time{});
  probe.record(false, steady_time{});
  BOOST_TEST(!probe.demands_restart());
  probe.record(false, steady_time{});
  BOOST_TEST(probe.demands_restart());
}

BOOST_AUTO_TEST_CASE(readiness_starts_failing_and_never_restarts) {
  probe_tracker probe(probe_kind::readiness, {0s, 10s, 2, 1}, steady_time{});
  BOOST_TEST(!probe.passing());
  probe.record(true, steady_time{});
  BOOST_TEST(!probe.passing());
  probe.record(true, steady_time{});
  BOOST_TEST(probe.passing());
  probe.record(false, steady_time{});
  BOOST_TEST(!probe.passing());
  BOOST_TEST(!probe.demands_restart());
}

BOOST_AUTO_TEST_CASE(a_first_readiness_retry_comes_before_the_period_ends) {
  probe_tracker probe(probe_kind::readiness, {0s, 10s, 1, 3}, steady_time{});
  probe.record(false, steady_time{1s});
  BOOST_TEST((probe.next_run() == steady_time{1s + 50ms}));
  for (int i = 0; i < 20; ++i) probe.record(false, steady_time{1s});
  BOOST_TEST((probe.next_run() == steady_time{11s}));
  probe.record(true, steady_time{20s});
  BOOST_TEST((probe.next_run() == steady_time{30s}));
}

BOOST_AUTO_TEST_CASE(the_first_run_honours_the_initial_delay) {
  const probe_tracker probe(probe_kind::liveness, {7s, 10s, 1, 3}, steady_time{100s});
  BOOST_TEST((probe.next_run() == steady_time{107s}));
}

BOOST_AUTO_TEST_SUITE_END()
