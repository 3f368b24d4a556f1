#include "tests/unit/storage/store/cluster_fixture.hpp"

#include <algorithm>

/// Members come, are promoted, leave, and hand leadership to each other.

using namespace actord;
using namespace actord::storage;
using namespace actord::storage::test;

namespace {

struct growing : store_cluster {
  growing() : store_cluster({1}) {}

  void write(member_id at, const std::string& name, const std::string& text) {
    const auto got = propose(at, put(thing(name, text)));
    deliver();
    BOOST_TEST(is_committed(got));
  }
  void add(member_id id) {
    const member_id at = leader();
    const answer_of added;
    stores[at]->add_learner(id, "10.0.0." + std::to_string(id) + ":7443", added.take());
    run_for(1s);
    BOOST_REQUIRE(added.done());
  }
  void promote(member_id id) {
    const member_id at = leader();
    const answer_of promoted;
    stores[at]->promote(id, 10s, promoted.take());
    run_for(2s);
    BOOST_REQUIRE(promoted.done());
  }
  void grow_to(member_id last) {
    for (member_id id = 2; id <= last; ++id) {
      join(id);
      add(id);
      promote(id);
    }
  }
  member_id other_than(member_id id) { return id == 1 ? 2 : 1; }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(membership_of_a_store, growing)

BOOST_AUTO_TEST_CASE(one_member_becomes_three) {
  write(1, "a", "1");
  join(2);
  BOOST_TEST(stores[2]->members().empty());
  add(2);
  BOOST_TEST(
      (stores[1]->members() == std::vector<cluster_member>{{1, true, {}}, {2, false, "10.0.0.2:7443"}}));
  BOOST_TEST((stores[2]->members() == stores[1]->members()));
  BOOST_TEST(text(2, "a") == "1");
  // A learner decides nothing: the only voter commits without it.
  cut_off(2, true);
  write(1, "b", "2");
  cut_off(2, false);
  run_for(1s);
  BOOST_TEST(text(2, "b") == "2");
  promote(2);
  // A voter is needed.
  cut_off(2, true);
  const auto stuck = propose(1, create(thing("c")));
  deliver();
  BOOST_TEST(!stuck->has_value());
  cut_off(2, false);
  run_for(3s);
  join(3);
  add(3);
  promote(3);
  const member_id id = leader();
  stop(id);
  const member_id next = leader();
  BOOST_TEST(next != id);
  write(next, "d", "4");
  start(id);
  run_for(1s);
  BOOST_TEST(text(id, "d") == "4");
}

BOOST_AUTO_TEST_CASE(a_learner_is_promoted_only_once_it_has_caught_up) {
  join(2);
  cut_off(2, true);
  add(2);
  const answer_of late;
  stores[1]->promote(2, 2s, late.take());
  run_for(1s);
  BOOST_TEST(late.open());
  run_for(2s);
  BOOST_TEST(late.failed(error_kind::timeout));
  // It was never asked to vote: the only voter still writes alone.
  write(1, "a", "1");
  const answer_of promoted;
  stores[1]->promote(2, 10s, promoted.take());
  run_for(1s);
  BOOST_TEST(promoted.open());
  cut_off(2, false);
  run_for(1s);
  BOOST_TEST(promoted.done());
}

/// The entry that makes a voter of a member is in nobody's log but its leader's, which then needs that vote.
BOOST_AUTO_TEST_CASE(who_does_not_know_that_it_votes_gives_its_vote) {
  join(2);
  add(2);
  write(1, "a", "1");
  run_for(1s);
  network.cut(1, 2, true);
  const answer_of promoted;
  stores[1]->promote(2, 10s, promoted.take());
  run_for(100ms);
  BOOST_TEST(promoted.open());
  stop(1);
  network.cut(1, 2, false);
  // It knows no leader any more, and leads nobody itself: it is a learner still.
  run_for(2s);
  BOOST_TEST(stores[2]->status().leader == 0U);
  BOOST_TEST(!stores[2]->members()[1].voter);
  start(1);
  BOOST_TEST(leader() == 1U);
  run_for(1s);
  BOOST_TEST(stores[2]->members()[1].voter);
  write(1, "b", "2");
  run_for(1s);
  BOOST_TEST(text(2, "b") == "2");
}

/// As every member: once a term, for nobody who knows less, and not while it hears a leader.
BOOST_AUTO_TEST_CASE(a_learner_gives_its_vote_by_the_rules) {
  join(2);
  add(2);
  write(1, "a", "1");
  run_for(1s);
  std::vector<vote_result_message> said;
  network.attach(7, [&said](member_id, const std::string& bytes) {
    const auto message = decode_message(2, bytes);
    if (!message) return;
    if (const auto* vote = std::get_if<vote_result_message>(&message->body)) said.push_back(*vote);
  });
  const raft_index last{stores[2]->status().log_last};
  const raft_term term = stores[2]->status().term;
  const auto ask = [&](member_id who, raft_term in, raft_index has) {
    said.clear();
    stores[2]->receive(who, encode_message({2, in, vote_message{has, term, false, false}}));
    deliver();
    return said.size() == 1 && said[0].granted;
  };
  const raft_term next{term.value + 1};
  BOOST_TEST(!ask(7, next, last)); // it hears the leader
  BOOST_TEST((stores[2]->status().term == term));
  stop(1);
  run_for(2s);
  BOOST_TEST(!ask(7, next, raft_index{last.value - 1}));
  BOOST_TEST(ask(7, next, last));
  BOOST_TEST(ask(7, next, last)); // the same vote again
  stop(2);
  start(2);
  said.clear();
  network.attach(8, [&said](member_id, const std::string& bytes) {
    const auto message = decode_message(2, bytes);
    if (message && std::holds_alternative<vote_result_message>(message->body))
      said.push_back(std::get<vote_result_message>(message->body));
  });
  BOOST_TEST(!ask(8, next, last)); // given away, also after a crash
  BOOST_TEST(ask(7, next, last));
}

BOOST_AUTO_TEST_CASE(what_makes_no_sense_is_refused) {
  grow_to(3);
  const member_id id = leader();
  const answer_of unknown_member, zero, again, removed, itself, elsewhere;
  stores[id]->promote(9, 1s, unknown_member.take());
  stores[id]->add_learner(0, {}, zero.take());
  stores[id]->promote(other_than(id), 1s, again.take());
  stores[id]->remove_member(9, removed.take());
  stores[id]->transfer_leadership(id, itself.take());
  stores[other_than(id)]->remove_member(3, elsewhere.take());
  run_for(1s);
  BOOST_TEST(unknown_member.failed(error_kind::not_found));
  BOOST_TEST(zero.failed(error_kind::bad_request));
  BOOST_TEST(again.done());
  BOOST_TEST(removed.failed(error_kind::not_found));
  BOOST_TEST(itself.failed(error_kind::bad_request));
  BOOST_TEST(elsewhere.failed(error_kind::unavailable));
}

BOOST_AUTO_TEST_CASE(a_removed_member_no_longer_counts) {
  grow_to(3);
  const member_id id = leader();
  const member_id gone = id == 3 ? 2 : 3;
  const member_id stays = 6 - id - gone;
  cut_off(gone, true);
  const answer_of removed;
  stores[id]->remove_member(gone, removed.take());
  run_for(1s);
  BOOST_TEST(removed.done());
  BOOST_TEST(stores[id]->members().size() == 2U);
  write(id, "a", "1");
  // What it may still send disturbs nobody.
  cut_off(gone, false);
  const raft_term before = stores[id]->status().term;
  run_for(5s);
  BOOST_TEST(stores[id]->status().term.value == before.value);
  BOOST_TEST(text(stays, "a") == "1");
  // And a replacement takes its place.
  join(4);
  add(4);
  promote(4);
  BOOST_TEST(text(4, "a") == "1");
}

BOOST_AUTO_TEST_CASE(who_is_told_that_it_was_removed_asks_for_no_votes) {
  grow_to(3);
  const member_id id = leader();
  const member_id gone = id == 3 ? 2 : 3;
  cut_off(gone, true);
  const answer_of removed;
  stores[id]->remove_member(gone, removed.take());
  run_for(1s);
  BOOST_REQUIRE(removed.done());
  cut_off(gone, false);
  std::size_t asked = 0;
  network.filter([&](member_id from, member_id, const std::string&) {
    asked += from == gone ? 1U : 0U;
    return true;
  });
  // It has not heard of it by itself, and asks for the votes of those who will not elect it.
  run_for(3s);
  BOOST_TEST(asked > 0U);
  stores[gone]->removed();
  run_for(10ms);
  asked = 0;
  run_for(5s);
  BOOST_TEST(asked == 0U);
  BOOST_TEST(stores[gone]->status().leader == 0U);
  // Nobody who leads believes such a thing.
  stores[id]->removed();
  run_for(1s);
  BOOST_TEST(stores[id]->status().leading);
}

BOOST_AUTO_TEST_CASE(the_last_voter_stays) {
  const answer_of last;
  stores[1]->remove_member(1, last.take());
  run_for(1s);
  BOOST_TEST(last.failed(error_kind::conflict));
  join(2);
  add(2);
  const answer_of still_last, learner;
  stores[1]->remove_member(1, still_last.take());
  stores[1]->remove_member(2, learner.take());
  run_for(1s);
  BOOST_TEST(still_last.failed(error_kind::conflict));
  BOOST_TEST(learner.done());
  // Alone again, at the speed of one.
  const auto got = propose(1, create(thing("a")));
  BOOST_TEST(is_committed(got));
}

BOOST_AUTO_TEST_CASE(a_leader_that_removes_itself_leaves_the_other_in_a_term_of_its_own) {
  grow_to(2);
  const member_id id = leader();
  const member_id other = other_than(id);
  write(id, "a", "1");
  const raft_term old = stores[id]->status().term;
  const answer_of removed;
  stores[id]->remove_member(id, removed.take());
  run_for(3s);
  BOOST_TEST(removed.done());
  BOOST_TEST(!stores[id]->status().leading);
  BOOST_TEST(leader() == other);
  BOOST_TEST(stores[other]->status().term.value > old.value);
  write(other, "b", "2");
}

BOOST_AUTO_TEST_CASE(leadership_moves_where_it_is_sent) {
  grow_to(3);
  const member_id id = leader();
  const member_id to = other_than(id);
  const answer_of moved;
  stores[id]->transfer_leadership(to, moved.take());
  // Proposals wait for the outcome instead of failing with it.
  const auto waiting = propose(id, create(thing("a")));
  BOOST_TEST(!waiting->has_value());
  run_for(100ms);
  BOOST_TEST(moved.done());
  BOOST_TEST(stores[to]->status().leading);
  BOOST_TEST(is_refused(waiting, error_kind::unavailable));
  write(leader(), "b", "2");
}

BOOST_AUTO_TEST_CASE(leadership_stays_when_the_other_does_not_take_it) {
  grow_to(3);
  const member_id id = leader();
  const member_id to = other_than(id);
  const auto before = propose(id, create(thing("before")));
  cut_off(to, true);
  const answer_of moved;
  stores[id]->transfer_leadership(to, moved.take());
  const auto waiting = propose(id, create(thing("a")));
  run_for(1s);
  BOOST_TEST(moved.failed(error_kind::timeout));
  BOOST_TEST(stores[id]->status().leading);
  BOOST_TEST(is_committed(before));
  BOOST_TEST(is_committed(waiting));
}

BOOST_AUTO_TEST_CASE(who_wants_to_know_is_told_who_leads) {
  grow_to(3);
  const member_id id = leader();
  const member_id to = other_than(id);
  std::map<member_id, std::vector<leadership>> told;
  std::vector<std::shared_ptr<void>> handles;
  for (auto& [at, one] : stores)
    handles.push_back(
        one->on_leadership([&told, at = at](const leadership& news) { told[at].push_back(news); }));
  for (const member_id at : {1, 2, 3}) {
    BOOST_REQUIRE(told[at].size() == 1U);
    BOOST_TEST(told[at].front().leader == id);
    BOOST_TEST(told[at].front().leading == (at == id));
  }
  const answer_of moved;
  stores[id]->transfer_leadership(to, moved.take());
  run_for(1s);
  for (const member_id at : {1, 2, 3}) {
    BOOST_TEST(told[at].back().leader == to);
    BOOST_TEST(told[at].back().leading == (at == to));
    BOOST_TEST(told[at].back().term.value > told[at].front().term.value);
  }
  const std::size_t heard = told[to].size();
  handles.clear();
  const answer_of back;
  stores[to]->transfer_leadership(id, back.take());
  run_for(1s);
  BOOST_TEST(back.done());
  BOOST_TEST(told[to].size() == heard);
}

BOOST_AUTO_TEST_CASE(members_are_remembered_across_restarts) {
  grow_to(3);
  const auto members = stores[1]->members();
  for (const member_id id : {1, 2, 3}) stop(id);
  for (const member_id id : {1, 2, 3}) start(id);
  BOOST_TEST((stores[1]->members() == members));
  write(leader(), "a", "1");
}

BOOST_AUTO_TEST_CASE(a_new_address_is_told_to_all) {
  grow_to(2);
  const member_id id = leader();
  const answer_of moved;
  stores[id]->add_learner(2, "10.0.0.99:7443", moved.take());
  run_for(1s);
  BOOST_TEST(moved.done());
  for (const member_id at : {1, 2}) {
    BOOST_REQUIRE(stores[at]->members().size() == 2U);
    BOOST_TEST(stores[at]->members()[1].address == "10.0.0.99:7443");
    BOOST_TEST(stores[at]->members()[1].voter);
  }
}

BOOST_AUTO_TEST_SUITE_END()
