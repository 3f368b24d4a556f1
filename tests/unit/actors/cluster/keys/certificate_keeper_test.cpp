#include "actors/cluster/keys/certificate_keeper.hpp"
#include "actors/console/actor_registry.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <future>

using namespace actord;
using namespace actord::actors;
using namespace std::chrono_literals;

namespace {

const wall_time start{std::chrono::seconds(1'790'000'000)};

} // namespace

BOOST_AUTO_TEST_SUITE(certificate_keepers)

BOOST_AUTO_TEST_CASE(how_long_to_wait) {
  BOOST_TEST((renewal_wait(start, start + 10s) == 10s));
  BOOST_TEST((renewal_wait(start, start + 24h) == 1h)); // clocks are set
  BOOST_TEST((renewal_wait(start, start - 24h) == 1s));
  BOOST_TEST((renewal_wait(start, start + 1ns) == 1s));
  BOOST_TEST((renewal_wait(start, wall_time::max()) == 1h));
  BOOST_TEST((retry_wait(start, start + 24h) == 1min));
  BOOST_TEST((retry_wait(start, start + 5s) == 5s));
  BOOST_TEST((retry_wait(start, start - 5s) == 1s));
}

BOOST_AUTO_TEST_CASE(looks_when_told_and_goes_on_after_a_failure) {
  caf::actor_system_config config;
  caf::actor_system system(config);
  actor_registry registry;
  manual_clock_source clock(start);
  std::promise<void> first;
  std::promise<void> second;
  int calls = 0;
  certificate_keeper keeper({system, registry, clock}, start + 24h, [&]() -> result<wall_time> {
    ++calls;
    if (calls == 1) {
      first.set_value();
      return error{.kind = error_kind::internal, .message = "the disk is full"};
    }
    if (calls == 2) second.set_value();
    return start + 48h;
  });
  keeper.look_now();
  first.get_future().wait();
  keeper.look_now();
  second.get_future().wait();
  keeper.look_now();
}

BOOST_AUTO_TEST_CASE(a_certificate_that_is_due_is_renewed_without_being_told) {
  caf::actor_system_config config;
  caf::actor_system system(config);
  actor_registry registry;
  manual_clock_source clock(start);
  std::promise<void> renewed;
  certificate_keeper keeper({system, registry, clock}, start - 1s, [&]() -> result<wall_time> {
    renewed.set_value();
    return start + 24h;
  });
  renewed.get_future().wait();
}

BOOST_AUTO_TEST_SUITE_END()
