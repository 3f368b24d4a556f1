#include "schema/base/urgent_thread.hpp"

#include <boost/test/unit_test.hpp>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

using namespace actord;

namespace {

int niceness() { return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())); }

} // namespace

BOOST_AUTO_TEST_SUITE(urgent_thread)

BOOST_AUTO_TEST_CASE(runs_before_others_where_that_is_allowed_and_leaves_them_alone) {
  const int before = niceness();
  bool allowed = false;
  int urgent = 0;
  std::thread([&] {
    allowed = ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), before - 1) == 0;
    make_thread_urgent("urgent");
    urgent = niceness();
  }).join();
  BOOST_TEST(urgent == (allowed ? -10 : before));
  BOOST_TEST(niceness() == before);
}

BOOST_AUTO_TEST_SUITE_END()
