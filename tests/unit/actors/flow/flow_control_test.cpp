#include "actors/flow/flow_control.hpp"
#include "schema/base/rng.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <numeric>
#include <set>

using namespace actord;
using namespace actord::actors;

namespace {

using verdict = flow_control::verdict;

level_settings level(std::string name, std::uint32_t nominal, std::uint32_t kept, std::uint32_t most,
                     std::uint32_t queues = 8, std::uint32_t hand = 2, std::uint32_t length = 10) {
  return {std::move(name), {}, false, queues > 0, queues, hand, length, nominal, kept, most};
}

std::vector<flow_ticket> started(flow_control& control) {
  std::vector<flow_ticket> tickets;
  control.start(tickets);
  return tickets;
}

} // namespace

BOOST_AUTO_TEST_SUITE(flow_controls)

BOOST_AUTO_TEST_CASE(a_level_takes_its_seats_then_what_others_lend_then_queues) {
  flow_control control;
  const auto number = control.configure({level("a", 4, 2, 10), level("b", 6, 3, 10)});
  // 4 of its own and 3 that b lends; b keeps 3.
  for (int i = 0; i < 7; ++i) BOOST_TEST((control.arrive(number[0], 1, 1, 0).what == verdict::run));
  BOOST_TEST((control.arrive(number[0], 1, 1, 0).what == verdict::wait));
  for (int i = 0; i < 3; ++i) BOOST_TEST((control.arrive(number[1], 1, 1, 0).what == verdict::run));
  const auto own = control.arrive(number[1], 1, 1, 0);
  BOOST_TEST((own.what == verdict::wait));
  // A lent seat that comes free goes to the level that is below its own.
  control.finish(number[0], 1);
  BOOST_TEST((started(control) == std::vector{own.ticket}));
}

BOOST_AUTO_TEST_CASE(borrowing_has_its_limit) {
  flow_control control;
  const auto number = control.configure({level("a", 4, 4, 5), level("b", 6, 0, 10)});
  for (int i = 0; i < 5; ++i) BOOST_TEST((control.arrive(number[0], 1, 1, 0).what == verdict::run));
  BOOST_TEST((control.arrive(number[0], 1, 1, 0).what == verdict::wait));
}

BOOST_AUTO_TEST_CASE(a_level_that_does_not_queue_refuses) {
  flow_control control;
  const auto number = control.configure({level("a", 1, 1, 1, 0)});
  BOOST_TEST((control.arrive(number[0], 1, 1, 0).what == verdict::run));
  BOOST_TEST((control.arrive(number[0], 1, 1, 0).what == verdict::refuse));
  control.finish(number[0], 1);
  BOOST_TEST((control.arrive(number[0], 1, 1, 0).what == verdict::run));
}

BOOST_AUTO_TEST_CASE(queues_are_bounded_and_the_other_flows_still_find_room) {
  flow_control control;
  const auto number = control.configure({level("a", 1, 1, 1, 64, 6, 5)});
  BOOST_TEST((control.arrive(number[0], 1, 1, 0).what == verdict::run));
  int waiting = 0;
  while (control.arrive(number[0], 11, 1, 0).what == verdict::wait) ++waiting;
  BOOST_TEST(waiting == 6 * 5);
  BOOST_TEST((control.arrive(number[0], 12, 1, 0).what == verdict::wait));
}

BOOST_AUTO_TEST_CASE(exempt_requests_always_run_and_take_nobodys_seats) {
  flow_control control;
  level_settings exempt = level("exempt", 0, 0, 0);
  exempt.exempt = true;
  const auto number = control.configure({exempt, level("a", 1, 1, 1)});
  for (int i = 0; i < 1000; ++i) BOOST_TEST((control.arrive(number[0], 0, 50, 0).what == verdict::run));
  BOOST_TEST((control.arrive(number[1], 0, 1, 0).what == verdict::run));
}

BOOST_AUTO_TEST_CASE(a_wide_request_waits_for_room_and_is_not_overtaken) {
  flow_control control;
  const auto number = control.configure({level("a", 10, 10, 10)});
  BOOST_TEST(control.fitting(number[0], 500) == 10);
  for (int i = 0; i < 6; ++i) BOOST_TEST((control.arrive(number[0], 1, 1, 0).what == verdict::run));
  const auto wide = control.arrive(number[0], 2, 10, 0);
  const auto narrow = control.arrive(number[0], 3, 1, 0);
  BOOST_TEST((wide.what == verdict::wait));
  BOOST_TEST((narrow.what == verdict::wait));
  for (int i = 0; i < 5; ++i) {
    control.finish(number[0], 1);
    BOOST_TEST(started(control).empty());
  }
  control.finish(number[0], 1);
  BOOST_TEST((started(control) == std::vector{wide.ticket}));
  control.finish(number[0], 10);
  BOOST_TEST((started(control) == std::vector{narrow.ticket}));
}

BOOST_AUTO_TEST_CASE(two_flows_share_evenly_however_many_requests_one_sends) {
  flow_control control;
  const auto number = control.configure({level("a", 1, 1, 1, 64, 1, 1000)});
  BOOST_TEST((control.arrive(number[0], 1, 1, 0).what == verdict::run));
  std::set<flow_ticket> mouse;
  for (int i = 0; i < 500; ++i) BOOST_TEST((control.arrive(number[0], 1001, 1, 0).what == verdict::wait));
  for (int i = 0; i < 20; ++i) mouse.insert(control.arrive(number[0], 1002, 1, 0).ticket);
  int turns = 0;
  for (; !mouse.empty(); ++turns) {
    control.finish(number[0], 1);
    for (const flow_ticket ticket : started(control)) mouse.erase(ticket);
  }
  BOOST_TEST(turns <= 41);
}

BOOST_AUTO_TEST_CASE(waiting_too_long_ends_the_wait) {
  flow_control control;
  const auto number = control.configure({level("a", 1, 1, 1)});
  control.arrive(number[0], 1, 1, 0);
  const auto old = control.arrive(number[0], 1, 1, 100);
  const auto young = control.arrive(number[0], 1, 1, 200);
  std::vector<flow_ticket> expired;
  control.expire(150, expired);
  BOOST_TEST((expired == std::vector{old.ticket}));
  control.finish(number[0], 1);
  BOOST_TEST((started(control) == std::vector{young.ticket}));
}

BOOST_AUTO_TEST_CASE(what_waits_in_a_level_that_is_removed_still_runs) {
  flow_control control;
  auto number = control.configure({level("a", 1, 1, 1), level("b", 4, 4, 4)});
  const std::size_t old = number[0];
  control.arrive(old, 1, 1, 0);
  const auto waits = control.arrive(old, 1, 1, 0);
  number = control.configure({level("b", 4, 0, 4)});
  BOOST_TEST((started(control) == std::vector{waits.ticket}));
  control.finish(old, 1);
  control.finish(old, 1);
  number = control.configure({level("b", 4, 4, 4), level("c", 1, 1, 1)});
  BOOST_TEST(number[1] == old); // its place is used again
}

BOOST_AUTO_TEST_CASE(hands_are_of_different_queues_and_the_same_each_time) {
  seeded_random_source random(5);
  std::map<std::uint32_t, int> dealt;
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t flow = random.next();
    const auto hand = deal_hand(flow, 64, 6);
    BOOST_TEST(hand.size() == 6);
    BOOST_TEST(std::set(hand.begin(), hand.end()).size() == 6);
    BOOST_TEST((hand == deal_hand(flow, 64, 6)));
    for (const std::uint32_t card : hand) {
      BOOST_REQUIRE(card < 64);
      ++dealt[card];
    }
  }
  BOOST_TEST(dealt.size() == 64);
  for (const auto& [card, count] : dealt) BOOST_TEST((count > 100 && count < 300));
  BOOST_TEST(deal_hand(7, 3, 9).size() == 3);
}

/// Random traffic against the invariants: seats in use never exceed what there is, what a level keeps it can
/// always have, nothing waits while nothing runs, and every request that waited runs or is turned away, once.
BOOST_AUTO_TEST_CASE(random_traffic_keeps_the_invariants) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      seeded_random_source random(seed);
      flow_control control;
      const std::vector<level_settings> levels{level("a", 10, 5, 30, 16, 3, 8),
                                               level("b", 15, 3, 20, 8, 2, 4), level("c", 5, 5, 5, 0)};
      const auto number = control.configure(levels);
      struct request {
        std::size_t level;
        std::uint32_t seats;
      };
      std::vector<request> running;
      std::map<flow_ticket, request> waiting;
      std::vector<std::uint32_t> in_use(3, 0);
      const auto begins = [&](const request& one) {
        running.push_back(one);
        in_use[one.level] += one.seats;
      };
      const auto start_waiting = [&] {
        for (const flow_ticket ticket : started(control)) {
          BOOST_REQUIRE(waiting.contains(ticket));
          begins(waiting.at(ticket));
          waiting.erase(ticket);
        }
      };
      bool queued = false;
      for (int step = 0; step < 3000; ++step) {
        const bool arrives = running.empty() || random.next() % 100 < 55;
        if (arrives) {
          const std::size_t at = random.next() % 3;
          const auto seats = control.fitting(number[at], static_cast<std::uint32_t>(1 + random.next() % 4));
          const bool kept = in_use[at] + seats <= levels[at].kept;
          const bool level_waits =
              std::ranges::any_of(waiting, [&](const auto& one) { return one.second.level == at; });
          const auto decided = control.arrive(number[at], random.next() % 9, seats, step);
          if (kept && !level_waits) BOOST_TEST((decided.what == verdict::run));
          if (decided.what == verdict::run) begins({at, seats});
          if (decided.what == verdict::wait) {
            queued = true;
            BOOST_TEST(waiting.emplace(decided.ticket, request{at, seats}).second);
          }
        } else {
          const std::size_t which = random.next() % running.size();
          const request ended = running[which];
          running.erase(running.begin() + static_cast<std::ptrdiff_t>(which));
          in_use[ended.level] -= ended.seats;
          control.finish(number[ended.level], ended.seats);
          start_waiting();
        }
        BOOST_REQUIRE(std::accumulate(in_use.begin(), in_use.end(), 0U) <= 30);
        for (std::size_t at = 0; at < 3; ++at) BOOST_REQUIRE(in_use[at] <= levels[at].most);
        BOOST_REQUIRE((waiting.empty() || !running.empty()));
        BOOST_REQUIRE(control.waiting() == waiting.size());
      }
      while (!running.empty()) {
        const request ended = running.back();
        running.pop_back();
        in_use[ended.level] -= ended.seats;
        control.finish(number[ended.level], ended.seats);
        start_waiting();
      }
      BOOST_TEST(waiting.empty());
      BOOST_TEST(queued);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
