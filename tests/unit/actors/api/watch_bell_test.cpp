#include "actors/api/watch_bell.hpp"

#include <boost/test/unit_test.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

using namespace actord::actors;
using watch_messages::wake;

namespace {

/// The test plays the stream and the pacer's actor.
struct bell_fixture {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor stream{system};
  caf::scoped_actor ringer{system};
  actord::manual_clock_source clock{actord::wall_time{}};
  std::shared_ptr<watch_pacer> pacer = std::make_shared<watch_pacer>(clock);
  std::shared_ptr<watch_bell> bell;

  bell_fixture() {
    pacer->use(caf::actor_cast<caf::actor>(ringer));
    bell = std::make_shared<watch_bell>(caf::actor_cast<caf::actor>(stream), pacer);
  }
  /// One more ring has arrived.
  static void expect_ring(caf::scoped_actor& by) {
    by->receive([](wake) {});
  }
  static bool is_silent(caf::scoped_actor& by) { return by->mailbox().empty(); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(watch_bells, bell_fixture)

BOOST_AUTO_TEST_CASE(a_quiet_stream_hears_of_events_at_once_and_once) {
  bell->ring_for_events();
  bell->ring_for_events();
  expect_ring(stream);
  BOOST_TEST(is_silent(stream));
  bell->answered();
  bell->fed();
  clock.advance(watch_pacer::pace);
  bell->ring_for_events();
  expect_ring(stream);
}

BOOST_AUTO_TEST_CASE(a_stream_that_was_just_fed_hears_together_with_the_others) {
  bell->fed();
  bell->ring_for_events();
  BOOST_TEST(is_silent(stream));
  const auto other = std::make_shared<watch_bell>(caf::actor_cast<caf::actor>(stream), pacer);
  other->fed();
  other->ring_for_events();
  expect_ring(ringer); // once for both
  pacer->ring_all();
  expect_ring(stream);
  expect_ring(stream);
  BOOST_TEST(is_silent(stream));
  BOOST_TEST(is_silent(ringer));
  pacer->ring_all(); // holds nothing any more
  BOOST_TEST(is_silent(stream));
}

BOOST_AUTO_TEST_CASE(room_is_told_of_only_when_it_is_waited_for) {
  bell->ring_for_room();
  BOOST_TEST(is_silent(stream));
  bell->wait_for_room();
  bell->ring_for_room();
  expect_ring(stream);
  bell->answered();
  bell->ring_for_room();
  BOOST_TEST(is_silent(stream));
}

BOOST_AUTO_TEST_SUITE_END()
