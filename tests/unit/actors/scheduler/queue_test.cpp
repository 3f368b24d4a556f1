#include "actors/scheduler/scheduling_queue.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

std::shared_ptr<const scheduling_pod> pod(const std::string& uid, std::int64_t priority = 0) {
  auto out = std::make_shared<scheduling_pod>();
  out->uid = uid;
  out->priority = priority;
  return out;
}

std::string next(scheduling_queue& queue) {
  const auto item = queue.next();
  return item ? item->pod->uid : "-";
}

steady_time at(int seconds) { return steady_time(std::chrono::seconds(seconds)); }

} // namespace

BOOST_AUTO_TEST_SUITE(queue)

BOOST_AUTO_TEST_CASE(important_pods_go_first_then_the_longest_waiting) {
  scheduling_queue queue;
  for (const auto& [uid, priority] : {std::pair{"a", 0}, {"b", 5}, {"c", 0}, {"d", 5}})
    queue.put(pod(uid, priority), revision(1));
  queue.remove("c");
  for (const char* uid : {"b", "d", "a", "-"}) BOOST_TEST(next(queue) == uid);
}

BOOST_AUTO_TEST_CASE(unplaced_pods_wait_for_something_to_help_and_for_their_time) {
  scheduling_queue queue;
  queue.put(pod("a"), revision(1));
  queue.set_aside(*queue.next(), at(0));
  BOOST_TEST(queue.waiting() == 1U);
  BOOST_TEST(!queue.tick(at(100)).has_value()); // nothing happened
  BOOST_TEST(next(queue) == "-");
  queue.retry_all();
  queue.tick(at(100));
  auto item = queue.next();
  BOOST_REQUIRE(item.has_value());
  queue.set_aside(*item, at(100));
  queue.retry_all();
  BOOST_TEST((queue.tick(at(101)) == at(102))); // the second time it waits two seconds
  BOOST_TEST(next(queue) == "-");
  BOOST_TEST(!queue.tick(at(102)).has_value());
  BOOST_TEST(next(queue) == "a");
}

BOOST_AUTO_TEST_CASE(a_changed_pod_is_tried_at_once) {
  scheduling_queue queue;
  queue.put(pod("a"), revision(1));
  queue.set_aside(*queue.next(), at(0));
  queue.put(pod("a", 3), revision(2));
  BOOST_TEST(queue.waiting() == 0U);
  const auto item = queue.next();
  BOOST_REQUIRE(item.has_value());
  BOOST_TEST(item->pod->priority == 3);
  BOOST_TEST(item->attempts == 1);
}

BOOST_AUTO_TEST_CASE(a_held_pod_waits_and_misses_nothing) {
  scheduling_queue queue;
  queue.put(pod("a"), revision(1));
  queue.set_aside(*queue.next(), at(0));
  queue.hold("a");
  queue.release("a");
  queue.tick(at(100));
  BOOST_TEST(next(queue) == "-"); // nothing happened meanwhile
  queue.hold("a");
  queue.retry_all();
  BOOST_TEST(!queue.tick(at(100)).has_value());
  queue.hurry("a");
  queue.tick(at(100));
  BOOST_TEST(next(queue) == "-");
  queue.release("a");
  queue.tick(at(100));
  BOOST_TEST(next(queue) == "a");
}

BOOST_AUTO_TEST_CASE(what_a_pod_waited_for_ends_its_back_off) {
  scheduling_queue queue;
  queue.put(pod("a"), revision(1));
  queue.set_aside(*queue.next(), at(0));
  queue.hurry("a");
  queue.hurry("unknown");
  const auto item = queue.next();
  BOOST_REQUIRE(item.has_value());
  BOOST_TEST(item->attempts == 1);
}

BOOST_AUTO_TEST_CASE(it_knows_whether_some_wait_to_spread) {
  scheduling_queue queue;
  auto picky = std::make_shared<scheduling_pod>(*pod("a"));
  picky->spread.emplace_back();
  queue.put(picky, revision(1));
  BOOST_TEST(!queue.some_wait_to_spread());
  queue.set_aside(*queue.next(), at(0));
  BOOST_TEST(queue.some_wait_to_spread());
  queue.hurry("a");
  BOOST_TEST(!queue.some_wait_to_spread());
  queue.set_aside(*queue.next(), at(0));
  queue.remove("a");
  BOOST_TEST(!queue.some_wait_to_spread());
}

BOOST_AUTO_TEST_SUITE_END()
