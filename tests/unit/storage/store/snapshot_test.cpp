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
  member_id other_than(member_id id) { return id == 1 ? 2 : 1; }
};

} // namespace

BOOST_AUTO_TEST_SUITE(snapshots_of_a_store)

BOOST_AUTO_TEST_CASE(a_member_that_was_down_is_sent_what_the_log_no_longer_holds) {
  forgetful three;
  const member_id id = three.leader();
  const member_id behind = three.other_than(id);
  three.write(id, "old");
  const revision seen = three.stores[behind]->status().last;
  three.stop(behind);
  three.outrun(id);
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
  forgetful three;
  const member_id id = three.leader();
  const member_id behind = three.other_than(id);
  three.stop(behind);
  three.outrun(id);
  three.start(behind);
  three.run_for(2s);
  const answer_of moved;
  three.stores[id]->transfer_leadership(behind, moved.take());
  three.run_for(1s);
  BOOST_REQUIRE(moved.done());
  three.outrun(behind);
  three.outrun(behind);
  three.run_for(1s);
  for (const member_id one : {1, 2, 3}) three.must_be_equal(behind, one);
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
  forgetful three;
  const member_id id = three.leader();
  const member_id behind = three.other_than(id);
  three.stop(behind);
  const auto first = three.propose(id, create(thing("a")), "request-1");
  three.deliver();
  BOOST_REQUIRE(is_committed(first));
  three.outrun(id);
  three.start(behind);
  three.run_for(2s);
  const answer_of moved;
  three.stores[id]->transfer_leadership(behind, moved.take());
  three.run_for(1s);
  const auto again = three.propose(behind, create(thing("a")), "request-1");
  three.deliver();
  BOOST_REQUIRE(is_committed(again));
  BOOST_TEST((std::get<committed>(**again).revisions == std::get<committed>(**first).revisions));
}

BOOST_AUTO_TEST_CASE(lost_parts_are_asked_for_again_and_nothing_twice) {
  forgetful three;
  const member_id id = three.leader();
  const member_id behind = three.other_than(id);
  three.stop(behind);
  three.fill(id);
  std::size_t parts = 0;
  std::size_t lost = 0;
  three.network.filter([&](member_id, member_id, const std::string& bytes) {
    if (!is_note(bytes) || bytes.size() < 100'000) return true;
    if (++parts % 3 != 0) return true;
    ++lost;
    return false;
  });
  three.start(behind);
  three.run_for(10s);
  BOOST_TEST(lost > 1U);
  BOOST_TEST(parts - lost < 14U); // 8 MB in parts of about one
  three.must_be_equal(id, behind);
}

BOOST_AUTO_TEST_CASE(after_a_crash_it_goes_on_where_it_was) {
  forgetful three;
  const member_id id = three.leader();
  const member_id behind = three.other_than(id);
  three.stop(behind);
  three.fill(id);
  std::size_t parts = 0;
  bool stopping = true;
  three.network.filter([&](member_id, member_id, const std::string& bytes) {
    if (!is_note(bytes) || bytes.size() < 100'000) return true;
    return !stopping || ++parts <= 4;
  });
  three.start(behind);
  three.run_for(500ms);
  three.stop(behind);
  stopping = false;
  std::size_t after = 0;
  three.network.filter([&](member_id, member_id, const std::string& bytes) {
    after += is_note(bytes) && bytes.size() >= 100'000 ? 1U : 0U;
    return true;
  });
  three.start(behind);
  three.run_for(2s);
  BOOST_TEST(after > 0U);
  BOOST_TEST(after < 7U);
  three.must_be_equal(id, behind);
}

BOOST_AUTO_TEST_CASE(a_snapshot_whose_moment_is_gone_begins_anew) {
  forgetful three;
  const member_id id = three.leader();
  const member_id behind = three.other_than(id);
  three.stop(behind);
  three.fill(id);
  std::size_t parts = 0;
  three.network.filter([&](member_id, member_id, const std::string& bytes) {
    return !is_note(bytes) || bytes.size() < 100'000 || ++parts <= 4;
  });
  three.start(behind);
  three.run_for(500ms);
  three.stop(behind);
  three.network.filter({});
  three.write(id, "between");
  three.run_for(40s);
  three.start(behind);
  three.run_for(3s);
  three.must_be_equal(id, behind);
}

/// The power fails at each commit of the way in turn, before it is durable or after.
BOOST_AUTO_TEST_CASE(a_crash_at_any_moment_is_safe) {
  using fault = kv::memory_disk::fault;
  for (const fault what : {fault::power_dropped, fault::power_torn}) {
    for (std::uint64_t at = 0; at < 12; ++at) {
      forgetful three;
      const member_id id = three.leader();
      const member_id behind = three.other_than(id);
      const std::uint64_t own = load_identity(*kv::open_memory(three.disks[behind])->read()).member;
      three.stop(behind);
      three.fill(id);
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
  forgetful three;
  const member_id id = three.leader();
  const member_id behind = three.other_than(id);
  three.write(id, "old");
  three.stop(behind);
  three.fill(id);
  three.start(behind);
  three.disks[behind].arm(kv::memory_disk::fault::full, 2);
  three.run_for(1s);
  BOOST_TEST(three.text(behind, "old") == "x");
  three.run_for(10s);
  three.must_be_equal(id, behind);
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
