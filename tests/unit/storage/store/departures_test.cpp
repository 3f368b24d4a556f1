#include "tests/unit/storage/store/cluster_fixture.hpp"

/// What a store does when the network says that another member's process is gone, and when it says so
/// wrongly.

using namespace actord;
using namespace actord::storage;
using namespace actord::storage::test;

namespace {

/// Shorter than any election timeout.
constexpr auto soon = 250ms;

struct with_departures : store_cluster {
  with_departures() : store_cluster({1, 2, 3}) {}
  explicit with_departures(const std::vector<member_id>& founders) : store_cluster(founders) {}

  [[nodiscard]] std::vector<member_id> others(member_id than) const {
    std::vector<member_id> out;
    for (const auto& [id, one] : stores)
      if (id != than) out.push_back(id);
    return out;
  }
  void kill(member_id id) {
    stop(id);
    for (const member_id other : others(id)) stores[other]->gone(id);
  }
  [[nodiscard]] member_id leading_now() const {
    for (const auto& [id, one] : stores)
      if (one->status().leading) return id;
    return 0;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(departures, with_departures)

BOOST_AUTO_TEST_CASE(a_leader_that_is_gone_is_followed_at_once) {
  const member_id first = leader();
  propose(first, create(thing("a")));
  deliver();
  kill(first);
  BOOST_TEST(leading_now() == 0U);
  run_for(soon);
  const member_id next = leading_now();
  BOOST_REQUIRE(next != 0U);
  propose(next, create(thing("b")));
  deliver();
  for (const member_id one : others(first)) {
    BOOST_TEST(text(one, "a") == "x");
    BOOST_TEST(text(one, "b") == "x");
  }
}

BOOST_AUTO_TEST_CASE(of_a_leader_that_is_only_silent_nobody_takes_the_place_so_soon) {
  stop(leader());
  run_for(soon);
  BOOST_TEST(leading_now() == 0U);
}

BOOST_AUTO_TEST_CASE(whoever_has_the_longest_log_follows) {
  const member_id first = leader();
  const std::vector<member_id> left = others(first);
  // The one that would be the first to stand has not got the newest entry.
  network.cut(first, left.front(), true);
  const auto written = propose(first, create(thing("a")));
  deliver();
  BOOST_REQUIRE(is_committed(written));
  kill(first);
  run_for(soon);
  BOOST_TEST(leading_now() == left.back());
  deliver();
  BOOST_TEST(text(left.front(), "a") == "x");
}

BOOST_AUTO_TEST_CASE(who_was_refused_because_the_other_had_not_heard_yet_tries_again) {
  const member_id first = leader();
  const std::vector<member_id> left = others(first);
  stop(first);
  stores[left.front()]->gone(first);
  run_for(50ms);
  BOOST_TEST(leading_now() == 0U);
  stores[left.back()]->gone(first);
  run_for(soon);
  BOOST_TEST(leading_now() != 0U);
}

BOOST_AUTO_TEST_CASE(one_that_is_told_wrongly_disturbs_nobody) {
  const member_id first = leader();
  const member_id wrong = others(first).front();
  const raft_term term = stores[first]->status().term;
  for (int i = 0; i < 20; ++i) {
    stores[wrong]->gone(first);
    run_for(100ms);
  }
  run_for(1s);
  BOOST_TEST(leading_now() == first);
  BOOST_TEST((stores[first]->status().term == term));
  BOOST_TEST(stores[wrong]->status().leader == first);
}

BOOST_AUTO_TEST_CASE(that_another_follower_is_gone_changes_nothing) {
  const member_id first = leader();
  const std::vector<member_id> left = others(first);
  const raft_term term = stores[first]->status().term;
  kill(left.front());
  run_for(2s);
  BOOST_TEST(leading_now() == first);
  BOOST_TEST((stores[first]->status().term == term));
}

BOOST_AUTO_TEST_CASE(all_told_wrongly_hold_an_election_and_lose_nothing) {
  const member_id first = leader();
  const auto written = propose(first, create(thing("a")));
  deliver();
  BOOST_REQUIRE(is_committed(written));
  for (const member_id other : others(first)) stores[other]->gone(first);
  run_for(2s);
  const member_id next = leader();
  const auto more = propose(next, create(thing("b")));
  deliver();
  BOOST_TEST(is_committed(more));
  run_for(200ms);
  for (const member_id one : {1, 2, 3}) {
    BOOST_TEST(text(one, "a") == "x");
    BOOST_TEST(text(one, "b") == "x");
  }
}

BOOST_AUTO_TEST_CASE(five_members_lose_two_leaders_in_a_row) {
  with_departures five({1, 2, 3, 4, 5});
  for (int i = 0; i < 2; ++i) {
    const member_id first = five.leader();
    five.kill(first);
    five.run_for(soon);
    BOOST_TEST(five.leading_now() != 0U);
  }
}

BOOST_AUTO_TEST_CASE(the_last_of_two_waits) {
  with_departures two({1, 2});
  const member_id first = two.leader();
  two.kill(first);
  two.run_for(5s);
  BOOST_TEST(two.leading_now() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
