#include "actors/cluster/memory_keeper.hpp"

#include <boost/test/unit_test.hpp>

using actord::actors::is_worth_trimming;

BOOST_AUTO_TEST_SUITE(memory_keeper)

BOOST_AUTO_TEST_CASE(only_much_idle_memory_is_worth_it) {
  constexpr std::size_t mib = 1U << 20U;
  BOOST_TEST(!is_worth_trimming({.used = 20 * mib, .idle = 0}));
  BOOST_TEST(!is_worth_trimming({.used = 1 * mib, .idle = 15 * mib}));
  BOOST_TEST(!is_worth_trimming({.used = 400 * mib, .idle = 150 * mib}));
  BOOST_TEST(is_worth_trimming({.used = 30 * mib, .idle = 17 * mib}));
  BOOST_TEST(is_worth_trimming({.used = 40 * mib, .idle = 740 * mib}));
}

BOOST_AUTO_TEST_SUITE_END()
