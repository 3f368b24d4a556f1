#include "storage/snapshot/snapshot_rows.hpp"
#include "tests/unit/storage/store/cluster_fixture.hpp"

/// Members that lack what the log no longer holds are sent the state of one moment.

using namespace actord;
using namespace actord::storage;
using namespace actord::storage::test;

namespace {

struct forgetful : store_cluster {
  explicit forgetful(const std::vector<member_id>& founders = {1, 2, 3}) : store_cluster(founders) {
    limits.history_age = 1s;
    limits.history_bytes = 1U << 16U;
    for (const member_id id : founders) {
      stop(id);
      start(id);
    }
  }

  void write(member_id at, const std::string& name, const std::string& text = "x") {
    const auto got = propose(at, put(thing(name, text)));
    deliver();
    BOOST_REQUIRE(is_committed(got));
  }
  /// Until the log no longer reaches back to where it began.
  void outrun(member_id at) {
    const std::uint64_t before = stores[at]->status().log_last;
    for (int i = 0; i < 400 && stores[at]->status().log_first <= before; ++i) {
      write(at, "n" + std::to_string(i % 40), std::string(4000, static_cast<char>('a' + i % 26)));
      run_for(200ms);
    }
    BOOST_REQUIRE(stores[at]->status().log_first > before);
  }
  /// Eight megabytes, and then until the log no longer holds their beginning.
  void fill(member_id at) {
    for (int i = 0; i < 40; ++i) write(at, "big" + std::to_string(i), std::string(200'000, 'x'));
    outrun(at);
  }
  void must_be_equal(member_id one, member_id other) {
    BOOST_TEST(stores[one]->status().last.value == stores[other]->status().last.value);
    const auto rows = [this](member_id of) {
      return copy_rows(*kv::open_memory(disks[of])->read(), {}, std::size_t{1} << 30U)->rows;
    };
    BOOST_TEST((rows(one) == rows(other)));
    const auto state = [this](member_id of) { return load_state(*kv::open_memory(disks[of])->read()); };
    BOOST_TEST(state(one).hash == state(other).hash);
    BOOST_TEST(state(one).hash == compute_hash(*kv::open_memory(disks[one])->read()));
  }
};

/// Three members; one goes down, and comes back when the log no longer holds what it lacks.
struct left_behind : forgetful {
  member_id id = leader();
  member_id behind = id == 1 ? 2 : 1;
  std::size_t parts = 0; ///< of snapshots, sent since count_parts

  void leave() {
    stop(behind);
    outrun(id);
  }
  /// For long: what it lacks then is sent in many parts.
  void leave_for_long() {
    stop(behind);
    fill(id);
  }
  /// From now on a part passes when `passes` says so of its number, 1 for the first.
  void count_parts(std::function<bool(std::size_t)> passes) {
    parts = 0;
    network.filter([this, passes = std::move(passes)](member_id, member_id, const std::string& bytes) {
      return !is_note(bytes) || bytes.size() < 100'000 || passes(++parts);
    });
  }
  void come_back(std::chrono::milliseconds and_run = 2s) {
    start(behind);
    run_for(and_run);
  }
  void hand_over() {
    const answer_of moved;
    stores[id]->transfer_leadership(behind, moved.take());
    run_for(1s);
    BOOST_REQUIRE(moved.done());
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(snapshots_of_a_store)

BOOST_AUTO_TEST_CASE(a_member_that_was_down_is_sent_what_the_log_no_longer_holds) {
  left_behind three;
  const auto [id, behind] = std::pair(three.id, three.behind);
  three.write(id, "old");
  const revision seen = three.stores[behind]->status().last;
  three.leave();
  three.start(behind);
  auto cursor = three.stores[behind]->watch({}, seen, [] {}).value();
  three.run_for(2s);
  three.must_be_equal(id, behind);
  // Who watched there learns that history has a gap; who asks for what is before it, too.
  const auto gone = cursor->next(10);
  BOOST_REQUIRE(!gone.has_value());
  BOOST_TEST((gone.error().kind == error_kind::expired));
  const auto before = three.stores[behind]->read()->get_at(thing("old").key, seen);
  BOOST_TEST(!before.has_value());
  // From there on it has a history of its own.
  const revision now = three.stores[behind]->status().last;
  auto next = three.stores[behind]->watch({}, now, [] {}).value();
  three.write(id, "old", "new");
  BOOST_TEST(next->next(10).value().size() == 1U);
  const auto old = three.stores[behind]->read()->get_at(thing("old").key, now);
  BOOST_REQUIRE(old.has_value());
  BOOST_TEST(test_codec::text_of(*old) == "x");
  // And it comes back with all of it.
  three.stop(behind);
  three.start(behind);
  three.run_for(1s);
  three.must_be_equal(id, behind);
}

BOOST_AUTO_TEST_CASE(a_member_from_a_snapshot_leads_and_compacts_like_any_other) {
  left_behind three;
  three.leave();
  three.come_back();
  three.hand_over();
  three.outrun(three.behind);
  three.outrun(three.behind);
  three.run_for(1s);
  for (const member_id one : {1, 2, 3}) three.must_be_equal(three.behind, one);
}

BOOST_AUTO_TEST_CASE(a_new_member_begins_with_a_snapshot) {
  forgetful one({1});
  one.outrun(1);
  one.join(2);
  const answer_of added, promoted;
  one.stores[1]->add_learner(2, {}, added.take());
  one.run_for(2s);
  BOOST_REQUIRE(added.done());
  one.must_be_equal(1, 2);
  one.stores[1]->promote(2, 5s, promoted.take());
  one.run_for(1s);
  BOOST_TEST(promoted.done());
  one.write(one.leader(), "a");
  BOOST_TEST(one.stores[2]->members().size() == 2U);
}

BOOST_AUTO_TEST_CASE(requests_are_remembered_through_a_snapshot) {
  left_behind three;
  three.stop(three.behind);
  const auto first = three.propose(three.id, create(thing("a")), "request-1");
  three.deliver();
  BOOST_REQUIRE(is_committed(first));
  three.outrun(three.id);
  three.come_back();
  three.hand_over();
  const auto again = three.propose(three.behind, create(thing("a")), "request-1");
  three.deliver();
  BOOST_REQUIRE(is_committed(again));
  BOOST_TEST((std::get<committed>(**again).revisions == std::get<committed>(**first).revisions));
}

BOOST_AUTO_TEST_CASE(lost_parts_are_asked_for_again_and_nothing_twice) {
  left_behind three;
  three.leave_for_long();
  three.count_parts([](std::size_t number) { return number % 3 != 0; });
  three.come_back(10s);
  const std::size_t lost = three.parts / 3;
  BOOST_TEST(lost > 1U);
  BOOST_TEST(three.parts - lost < 14U); // 8 MB in parts of about one
  three.must_be_equal(three.id, three.behind);
}

BOOST_AUTO_TEST_CASE(after_a_crash_it_goes_on_where_it_was) {
  left_behind three;
  three.leave_for_long();
  three.count_parts([](std::size_t number) { return number <= 4; });
  three.come_back(500ms);
  three.stop(three.behind);
  three.count_parts([](std::size_t) { return true; });
  three.come_back();
  BOOST_TEST(three.parts > 0U);
  BOOST_TEST(three.parts < 7U);
  three.must_be_equal(three.id, three.behind);
}

BOOST_AUTO_TEST_CASE(a_snapshot_whose_moment_is_gone_begins_anew) {
  left_behind three;
  three.leave_for_long();
  three.count_parts([](std::size_t number) { return number <= 4; });
  three.come_back(500ms);
  three.stop(three.behind);
  three.network.filter({});
  three.write(three.id, "between");
  three.run_for(40s);
  three.come_back(3s);
  three.must_be_equal(three.id, three.behind);
}

/// A late copy of the only part of an earlier snapshot is taken for the first of the one that was asked for:
/// it is whole, and too old.
BOOST_AUTO_TEST_CASE(a_late_part_of_an_earlier_snapshot_is_not_gone_on_with) {
  left_behind three;
  three.leave();
  std::string late;
  three.network.filter([&](member_id, member_id to, const std::string& bytes) {
    const auto note = decode_note(bytes);
    if (note && std::holds_alternative<snapshot_part>(*note) && to == three.behind) late = bytes;
    return true;
  });
  three.come_back();
  BOOST_REQUIRE(!late.empty());
  three.leave();
  // It asks, and what it hears first is the copy.
  three.network.filter([](member_id, member_id, const std::string& bytes) {
    const auto note = decode_note(bytes);
    return !note || !std::holds_alternative<snapshot_question>(*note);
  });
  three.come_back(1s);
  three.stores[three.behind]->receive(three.id, late);
  three.network.filter({});
  three.run_for(3s);
  three.must_be_equal(three.id, three.behind);
}

/// The power fails at each commit of the way in turn, before it is durable or after.
BOOST_AUTO_TEST_CASE(a_crash_at_any_moment_is_safe) {
  using fault = kv::memory_disk::fault;
  for (const fault what : {fault::power_dropped, fault::power_torn}) {
    for (std::uint64_t at = 0; at < 12; ++at) {
      left_behind three;
      const auto [id, behind] = std::pair(three.id, three.behind);
      const std::uint64_t own = load_identity(*kv::open_memory(three.disks[behind])->read()).member;
      three.leave_for_long();
      three.start(behind);
      const hard_state voted = load_vote(*kv::open_memory(three.disks[behind])->read());
      three.disks[behind].arm(what, at);
      three.run_for(2s);
      three.stop(behind);
      three.disks[behind].restore_power();
      BOOST_REQUIRE(load_identity(*kv::open_memory(three.disks[behind])->read()).member == own);
      BOOST_REQUIRE(load_vote(*kv::open_memory(three.disks[behind])->read()).term >= voted.term);
      three.start(behind);
      three.run_for(5s);
      three.must_be_equal(id, behind);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_full_disk_leaves_what_was_there) {
  left_behind three;
  three.write(three.id, "old");
  three.leave_for_long();
  three.start(three.behind);
  three.disks[three.behind].arm(kv::memory_disk::fault::full, 2);
  three.run_for(1s);
  BOOST_TEST(three.text(three.behind, "old") == "x");
  three.run_for(10s);
  three.must_be_equal(three.id, three.behind);
}

BOOST_AUTO_TEST_CASE(rows_are_copied_in_parts_of_any_size) {
  forgetful one({1});
  for (int i = 0; i < 30; ++i)
    one.write(1, "n" + std::to_string(i), std::string(static_cast<std::size_t>(i), 'x'));
  const auto view = kv::open_memory(one.disks[1])->read();
  const auto whole = copy_rows(*view, {}, std::size_t{1} << 30U);
  BOOST_REQUIRE(whole.has_value());
  BOOST_TEST(whole->last);
  for (const std::size_t size : {1U, 64U, 100U, 1000U}) {
    std::string rows;
    std::string position;
    for (bool last = false; !last;) {
      const auto chunk = copy_rows(*view, position, size);
      BOOST_REQUIRE(chunk.has_value());
      rows += chunk->rows;
      position = chunk->position;
      last = chunk->last;
    }
    BOOST_TEST((rows == whole->rows));
  }
  BOOST_TEST(!copy_rows(*view, "\x06key", 100).has_value());
  std::string torn = whole->rows;
  torn.pop_back();
  const auto ignore = [](kv::table, std::string_view, std::string_view) { return true; };
  BOOST_TEST(read_rows(whole->rows, ignore));
  BOOST_TEST(!read_rows(torn, ignore));
}

BOOST_AUTO_TEST_CASE(a_summary_is_read_as_it_was_written_and_nothing_else_is) {
  snapshot_summary summary;
  summary.state.applied = raft_index{9};
  summary.state.applied_term = raft_term{2};
  summary.state.hash = 77;
  summary.marks = {{raft_index{1}, revision{2}, revision{3}}};
  summary.configuration = {raft_index{4}, {{1, true, "a:1"}, {2, false, {}}}};
  summary.rows = 5;
  const std::string bytes = encode_summary(summary);
  const auto read = parse_summary(bytes);
  BOOST_REQUIRE(read.has_value());
  BOOST_TEST(encode_summary(*read) == bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) BOOST_TEST(!parse_summary(bytes.substr(0, size)));
  BOOST_TEST(!parse_summary(bytes + "x"));
}

BOOST_AUTO_TEST_SUITE_END()
