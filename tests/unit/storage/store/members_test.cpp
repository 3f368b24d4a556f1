#include "tests/unit/storage/store/cluster_fixture.hpp"

/// Three whole stores: what a proposer does while its batches are not committed yet, and what followers do.

using namespace actord;
using namespace actord::storage;
using namespace actord::storage::test;

namespace {

struct three_stores : store_cluster {
  three_stores() : store_cluster({1, 2, 3}) {}
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(three_members, three_stores)

BOOST_AUTO_TEST_CASE(nothing_is_seen_before_it_is_committed) {
  const member_id id = leader();
  auto cursor = stores[id]->watch({}, stores[id]->status().last, [] {}).value();
  const auto first = propose(id, create(thing("a", "1")));
  BOOST_TEST(!first->has_value());
  BOOST_TEST(text(id, "a").empty());
  BOOST_TEST(test_codec::text_of(stores[id]->head(thing("a").key)) == "1");
  BOOST_TEST(cursor->next(10).value().empty());
  // Refused because of a head that may still be lost: the answer waits for it.
  const auto second = propose(id, create(thing("a", "2")));
  BOOST_TEST(!second->has_value());
  const auto third = propose(id, put(thing("a", "3"), {false, true, std::nullopt, {}}));
  BOOST_TEST(!third->has_value());
  deliver();
  BOOST_TEST(is_committed(first));
  BOOST_TEST(is_refused(second, error_kind::already_exists));
  BOOST_TEST(is_committed(third));
  BOOST_TEST(cursor->next(10).value().size() == 2U);
  for (const member_id one : {1, 2, 3}) BOOST_TEST(text(one, "a") == "3");
}

BOOST_AUTO_TEST_CASE(followers_refuse_writes_and_serve_watches) {
  const member_id id = leader();
  const member_id other = id == 1 ? 2 : 1;
  int woken = 0;
  auto cursor = stores[other]->watch({things, {}, {}}, revision{0}, [&] { ++woken; }).value();
  BOOST_TEST(is_refused(propose(other, create(thing("a"))), error_kind::unavailable));
  bool reached = false;
  stores[other]->wait_for(revision{1}, 10s, [&](const result<void>& ready) { reached = ready.has_value(); });
  propose(id, create(thing("a")));
  deliver();
  BOOST_TEST(reached);
  BOOST_TEST(woken == 1);
  BOOST_TEST(cursor->next(10).value().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_leader_cut_off_answers_unknown) {
  const member_id id = leader();
  for (const member_id other : {1, 2, 3}) {
    if (id != other) network.cut(id, other, true);
  }
  const auto lost = propose(id, create(thing("a", "old")), "request-1");
  deliver();
  run_for(3s);
  BOOST_REQUIRE(lost->has_value());
  BOOST_TEST(std::holds_alternative<unknown>(**lost));
  BOOST_TEST(stores[id]->head(thing("a").key).empty());
  for (const member_id other : {1, 2, 3}) {
    if (id != other) network.cut(id, other, false);
  }
  const member_id next = leader();
  const auto again = propose(next, create(thing("a", "new")), "request-1");
  deliver();
  BOOST_TEST(is_committed(again));
  run_for(1s);
  for (const member_id one : {1, 2, 3}) BOOST_TEST(text(one, "a") == "new");
}

BOOST_AUTO_TEST_CASE(a_retry_at_the_next_leader_gets_the_first_outcome) {
  const member_id id = leader();
  const auto first = propose(id, create(thing("a")), "request-1");
  deliver();
  BOOST_REQUIRE(is_committed(first));
  stop(id);
  const member_id next = leader();
  const auto again = propose(next, create(thing("a")), "request-1");
  BOOST_REQUIRE(is_committed(again));
  BOOST_TEST((std::get<committed>(**again).revisions == std::get<committed>(**first).revisions));
  start(id);
  run_for(1s);
  BOOST_TEST(stores[id]->status().last.value == stores[next]->status().last.value);
}

BOOST_AUTO_TEST_CASE(reads_are_confirmed_by_a_majority) {
  const member_id id = leader();
  std::optional<bool> confirmed;
  const auto note = [&](const result<void>& ready) { confirmed = ready.has_value(); };
  stores[id]->confirm_reads(note);
  BOOST_TEST(!confirmed.has_value());
  deliver();
  BOOST_TEST((confirmed == true));
  for (const member_id other : {1, 2, 3}) {
    if (id != other) network.cut(id, other, true);
  }
  confirmed.reset();
  stores[id]->confirm_reads(note);
  run_for(3s);
  BOOST_TEST((confirmed == false));
}

BOOST_AUTO_TEST_CASE(a_follower_confirms_reads_with_the_leader) {
  const member_id id = leader();
  const member_id other = id == 1 ? 2 : 1;
  const member_id third = 6 - id - other;
  // The third knows nothing of the write and does not hinder.
  cut_off(third, true);
  const auto written = propose(id, create(thing("a", "new")));
  // The follower has the entry and does not know yet that it is committed.
  int heard = 0;
  network.filter([&](member_id from, member_id to, const std::string&) {
    return from != id || to != other || ++heard == 1;
  });
  deliver();
  network.filter({});
  BOOST_TEST(is_committed(written));
  BOOST_TEST(text(other, "a").empty());
  const answer_of confirmed;
  std::string seen;
  stores[other]->confirm_reads([&](const result<void>& ready) {
    confirmed.take()(ready);
    seen = text(other, "a");
  });
  const raft_index before{stores[id]->status().log_last};
  run_for(500ms);
  BOOST_TEST(confirmed.done());
  BOOST_TEST(seen == "new");
  // Reads leave nothing in the log.
  BOOST_TEST(stores[id]->status().log_last == before.value);
}

BOOST_AUTO_TEST_CASE(a_deposed_leader_confirms_nothing) {
  const member_id id = leader();
  const member_id other = id == 1 ? 2 : 1;
  propose(id, create(thing("a", "old")));
  deliver();
  // Cut off, it still believes to lead; the others have moved on.
  cut_off(id, true);
  const auto pumped = [&](std::chrono::milliseconds time) {
    for (auto passed = 0ms; passed < time; passed += 10ms) {
      clock.advance(10ms);
      for (auto& [at, one] : stores)
        if (at != id) one->pump();
      deliver();
    }
  };
  pumped(4s);
  member_id next = 0;
  for (auto& [at, one] : stores)
    if (at != id && one->status().leading) next = at;
  BOOST_REQUIRE(next != 0);
  const auto written = propose(next, put(thing("a", "new")));
  deliver();
  BOOST_REQUIRE(is_committed(written));
  BOOST_REQUIRE(stores[id]->status().leading);
  const answer_of stale;
  stores[id]->confirm_reads(stale.take());
  deliver();
  BOOST_TEST(stale.open());
  // Back among the others it learns of the new term, and the read is confirmed by the new leader.
  cut_off(id, false);
  run_for(1s);
  BOOST_TEST(stale.done());
  BOOST_TEST(text(id, "a") == "new");
  static_cast<void>(other);
}

BOOST_AUTO_TEST_CASE(reads_share_a_round) {
  const member_id id = leader();
  const member_id other = id == 1 ? 2 : 1;
  std::size_t questions = 0;
  network.filter([&](member_id, member_id, const std::string& bytes) {
    questions += is_note(bytes) ? 1U : 0U;
    return true;
  });
  std::vector<answer_of> all(100);
  for (const answer_of& one : all) stores[other]->confirm_reads(one.take());
  deliver();
  for (const answer_of& one : all) BOOST_TEST(one.done());
  // The first alone, the others together: each a question, two of the leader's and two answers, one answer.
  BOOST_TEST(questions <= 12U);
}

BOOST_AUTO_TEST_CASE(a_read_without_a_leader_fails_in_time) {
  const member_id id = leader();
  const member_id other = id == 1 ? 2 : 1;
  cut_off(other, true);
  const answer_of cut;
  stores[other]->confirm_reads(cut.take());
  run_for(1s);
  BOOST_TEST(cut.open());
  run_for(1500ms);
  BOOST_TEST(cut.failed(error_kind::unavailable));
}

BOOST_AUTO_TEST_CASE(a_read_outlives_a_change_of_leaders) {
  const member_id id = leader();
  const member_id other = id == 1 ? 2 : 1;
  stop(id);
  const answer_of confirmed;
  stores[other]->confirm_reads(confirmed.take());
  run_for(1900ms);
  BOOST_TEST(confirmed.done());
}

BOOST_AUTO_TEST_CASE(more_than_fits_in_flight_waits_its_turn) {
  const member_id id = leader();
  std::vector<std::shared_ptr<std::optional<outcome>>> all;
  for (int i = 0; i < 50; ++i) all.push_back(propose(id, create(thing("n" + std::to_string(i)))));
  BOOST_TEST(stores[id]->status().log_last - stores[id]->status().log_first < 20U);
  deliver();
  for (const auto& one : all) BOOST_TEST(is_committed(one));
  BOOST_TEST(stores[id]->read()->count(things, "") == 50U);
}

BOOST_AUTO_TEST_SUITE_END()
