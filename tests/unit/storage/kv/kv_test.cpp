#include "schema/base/rng.hpp"
#include "storage/kv/lmdb_kv.hpp"
#include "storage/kv/memory_kv.hpp"
#include "tests/unit/storage/temporary_directory.hpp"

#include <atomic>
#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>
#include <map>
#include <thread>

using namespace actord;
using namespace actord::storage;
using namespace actord::storage::kv;

namespace {

/// Both implementations under one suite: `open` gives the environment anew, as a restart does.
struct lmdb_kind {
  test::temporary_directory directory;
  std::unique_ptr<environment> open() { return open_lmdb({directory.path(), 1ULL << 30U, false}).value(); }
};
struct memory_kind {
  memory_disk disk;
  std::unique_ptr<environment> open() { return open_memory(disk); }
};
using kinds = boost::mpl::list<lmdb_kind, memory_kind>;

std::string key(int i) { return "key-" + std::to_string(1000 + i); }

} // namespace

BOOST_AUTO_TEST_SUITE(key_value)

BOOST_AUTO_TEST_CASE_TEMPLATE(commits_are_seen_whole_and_kept, Kind, kinds) {
  Kind kind;
  auto disk = kind.open();
  const auto before = disk->read();
  {
    const auto batch = disk->write();
    batch->put(table::objects, "a", "1");
    batch->put(table::meta, "a", "other table");
    BOOST_TEST(*batch->get(table::objects, "a") == "1");
    BOOST_TEST(!disk->read()->get(table::objects, "a"));
    BOOST_REQUIRE(batch->commit().has_value());
  }
  {
    const auto dropped = disk->write();
    dropped->put(table::objects, "b", "2");
  }
  BOOST_TEST(!before->get(table::objects, "a"));
  BOOST_TEST(*disk->read()->get(table::objects, "a") == "1");
  BOOST_TEST(!disk->read()->get(table::objects, "b"));
  BOOST_TEST(disk->entries(table::objects) == 1U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(survives_being_opened_again, Kind, kinds) {
  Kind kind;
  {
    const auto disk = kind.open();
    const auto batch = disk->write();
    batch->put(table::log, "k", std::string(10'000, 'v'));
    BOOST_REQUIRE(batch->commit().has_value());
  }
  BOOST_TEST(kind.open()->read()->get(table::log, "k")->size() == 10'000U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_scratch_map_takes_the_place_of_the_other, Kind, kinds) {
  Kind kind;
  {
    const auto disk = kind.open();
    const auto old = disk->write();
    old->put(table::objects, "a", "old");
    BOOST_REQUIRE(old->commit().has_value());
    auto scratch = disk->scratch(true).value();
    const auto batch = scratch->write();
    batch->append(table::objects, "a", "new");
    batch->append(table::objects, "b", std::string(20'000, 'b'));
    BOOST_REQUIRE(batch->commit().has_value());
    BOOST_TEST(*disk->read()->get(table::objects, "a") == "old");
    // Left as it is, it is there again.
    scratch.reset();
    scratch = disk->scratch(false).value();
    BOOST_TEST(*scratch->read()->get(table::objects, "a") == "new");
    const auto before = disk->read();
    BOOST_REQUIRE(disk->adopt(std::move(scratch)).has_value());
    BOOST_TEST(*before->get(table::objects, "a") == "old");
    BOOST_TEST(!before->get(table::objects, "b"));
    const auto after = disk->read();
    BOOST_TEST(*after->get(table::objects, "a") == "new");
    const auto more = disk->write();
    more->put(table::objects, "c", "3");
    BOOST_REQUIRE(more->commit().has_value());
    BOOST_TEST(disk->entries(table::objects) == 3U);
    BOOST_TEST(!disk->scratch(false).value()->read()->get(table::objects, "a"));
  }
  const auto again = kind.open();
  BOOST_TEST(*again->read()->get(table::objects, "a") == "new");
  BOOST_TEST(*again->read()->get(table::objects, "c") == "3");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_fresh_scratch_map_is_empty, Kind, kinds) {
  Kind kind;
  const auto disk = kind.open();
  auto scratch = disk->scratch(false).value();
  const auto batch = scratch->write();
  batch->put(table::objects, "a", "1");
  BOOST_REQUIRE(batch->commit().has_value());
  scratch.reset();
  scratch = disk->scratch(true).value();
  BOOST_TEST(!scratch->read()->get(table::objects, "a"));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(insert_tells_what_is_there, Kind, kinds) {
  Kind kind;
  const auto disk = kind.open();
  const auto batch = disk->write();
  BOOST_TEST(!batch->insert(table::objects, "a", "1"));
  BOOST_TEST(*batch->insert(table::objects, "a", "2") == "1");
  BOOST_TEST(batch->erase(table::objects, "a"));
  BOOST_TEST(!batch->erase(table::objects, "a"));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(cursors_walk_in_order, Kind, kinds) {
  Kind kind;
  const auto disk = kind.open();
  const auto batch = disk->write();
  for (const char* name : {"b", "a", "ab", "c"}) batch->put(table::objects, name, name);
  BOOST_REQUIRE(batch->commit().has_value());
  const auto view = disk->read();
  const auto cursor = view->walk(table::objects);
  std::vector<std::string> seen;
  for (bool more = cursor->seek({}); more; more = cursor->next()) seen.emplace_back(cursor->key());
  BOOST_TEST(seen == (std::vector<std::string>{"a", "ab", "b", "c"}));
  BOOST_TEST(cursor->seek("aa"));
  BOOST_TEST(cursor->key() == "ab");
  BOOST_TEST(cursor->seek_before("b"));
  BOOST_TEST(cursor->key() == "ab");
  BOOST_TEST(cursor->seek_before("zzz"));
  BOOST_TEST(cursor->key() == "c");
  BOOST_TEST(!cursor->seek_before("a"));
  BOOST_TEST(!cursor->seek("d"));
  BOOST_TEST(cursor->seek_last());
  BOOST_TEST(cursor->key() == "c");
  BOOST_TEST(!view->walk(table::meta)->seek({}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(ranges_are_erased_half_open, Kind, kinds) {
  Kind kind;
  const auto disk = kind.open();
  const auto batch = disk->write();
  for (int i = 0; i < 500; ++i) batch->append(table::versions, key(i), std::string(100, 'x'));
  BOOST_TEST(batch->erase_range(table::versions, key(100), key(400)) == 300U);
  BOOST_TEST(batch->get(table::versions, key(99)).has_value());
  BOOST_TEST(!batch->get(table::versions, key(100)));
  BOOST_TEST(!batch->get(table::versions, key(399)));
  BOOST_TEST(batch->get(table::versions, key(400)).has_value());
  BOOST_TEST(batch->erase_range(table::versions, {}, "z") == 200U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(behaves_as_a_map, Kind, kinds) {
  const std::uint64_t seed = 20261123;
  BOOST_TEST_MESSAGE("seed " << seed);
  seeded_random_source random(seed);
  Kind kind;
  auto disk = kind.open();
  std::map<std::string, std::string> model;
  for (int round = 0; round < 120; ++round) {
    auto next = model;
    {
      const auto batch = disk->write();
      const auto steps = random.next() % 40;
      for (std::uint64_t step = 0; step < steps; ++step) {
        const std::string name = key(static_cast<int>(random.next() % 200));
        switch (random.next() % 4) {
        case 0:
        case 1: {
          const std::string value(random.next() % 6000, static_cast<char>('a' + step % 26));
          batch->put(table::objects, name, value);
          next[name] = value;
          break;
        }
        case 2:
          BOOST_REQUIRE_EQUAL(batch->erase(table::objects, name), next.erase(name) == 1);
          break;
        default: {
          const std::string to = name + '5';
          const auto from = next.lower_bound(name);
          const auto end = next.lower_bound(to);
          BOOST_REQUIRE_EQUAL(batch->erase_range(table::objects, name, to),
                              static_cast<std::size_t>(std::distance(from, end)));
          next.erase(from, end);
        }
        }
      }
      if (random.next() % 5 != 0) {
        BOOST_REQUIRE(batch->commit().has_value());
        model = std::move(next);
      }
    }
    if (random.next() % 10 == 0) {
      disk.reset();
      disk = kind.open();
    }
    const auto view = disk->read();
    const auto cursor = view->walk(table::objects);
    auto expected = model.begin();
    for (bool more = cursor->seek({}); more; more = cursor->next(), ++expected) {
      BOOST_REQUIRE(expected != model.end());
      BOOST_REQUIRE_EQUAL(cursor->key(), expected->first);
      BOOST_REQUIRE(cursor->value() == expected->second);
    }
    BOOST_REQUIRE(expected == model.end());
    BOOST_REQUIRE_EQUAL(disk->entries(table::objects), model.size());
  }
}

/// A commit's page can be seen while it is being synced; readers neither wait for it nor read of it.
BOOST_AUTO_TEST_CASE(readers_see_whole_commits_while_others_are_made) {
  constexpr int commits = 200;
  lmdb_kind kind;
  const auto disk = kind.open();
  std::atomic<int> ended{0};
  const auto write = [&](int number) {
    const auto batch = disk->write();
    for (int row = 0; row < 20; ++row) batch->put(table::objects, key(row), std::to_string(number));
    batch->put(table::meta, "number", std::to_string(number));
    return batch->commit().has_value();
  };
  BOOST_REQUIRE(write(0));
  std::atomic<int> wrong{0};
  const auto look = [&] {
    while (ended < commits) {
      const int least = ended;
      const auto seen = disk->read();
      const std::string number(seen->get(table::meta, "number").value_or("-1"));
      if (std::stoi(number) < least) ++wrong;
      for (int row = 0; row < 20; ++row)
        if (seen->get(table::objects, key(row)) != std::optional<std::string_view>(number)) ++wrong;
    }
  };
  std::thread one(look);
  std::thread other(look);
  bool written = true;
  for (int number = 1; number <= commits; ++number) {
    written = write(number) && written;
    ended = number;
  }
  one.join();
  other.join();
  BOOST_TEST(written);
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(a_second_writer_is_refused) {
  lmdb_kind kind;
  const auto disk = kind.open();
  const auto other = open_lmdb({kind.directory.path(), 1ULL << 30U, false});
  BOOST_REQUIRE(!other);
  BOOST_TEST((other.error().kind == error_kind::conflict));
}

BOOST_AUTO_TEST_CASE(a_full_map_changes_nothing) {
  const test::temporary_directory directory;
  const auto disk = open_lmdb({directory.path(), 1U << 20U, false}).value();
  {
    const auto batch = disk->write();
    batch->put(table::objects, "kept", "1");
    BOOST_REQUIRE(batch->commit().has_value());
  }
  {
    const auto batch = disk->write();
    batch->put(table::objects, "kept", "2");
    for (int i = 0; i < 1000 && !batch->full(); ++i) batch->put(table::log, key(i), std::string(4000, 'x'));
    BOOST_TEST(batch->full());
    const auto failed = batch->commit();
    BOOST_REQUIRE(!failed);
    BOOST_TEST((failed.error().kind == error_kind::unavailable));
  }
  BOOST_TEST(*disk->read()->get(table::objects, "kept") == "1");
  const auto again = disk->write();
  again->put(table::objects, "kept", "3");
  BOOST_TEST(again->commit().has_value());
}

BOOST_AUTO_TEST_CASE(power_can_fail_around_a_sync) {
  memory_disk disk;
  const auto write = [&](const char* value) {
    const auto open = open_memory(disk);
    const auto batch = open->write();
    batch->put(table::objects, "k", value);
    BOOST_REQUIRE(batch->commit().has_value());
  };
  const auto stored = [&] { return std::string(*open_memory(disk)->read()->get(table::objects, "k")); };
  write("1");
  disk.arm(memory_disk::fault::power_dropped, 0);
  write("2");
  BOOST_TEST(disk.dead());
  write("3");
  disk.restore_power();
  BOOST_TEST(stored() == "1");
  disk.arm(memory_disk::fault::power_torn, 1);
  write("4");
  write("5");
  write("6");
  disk.restore_power();
  BOOST_TEST(stored() == "5");
}

BOOST_AUTO_TEST_CASE(prefixes_end) {
  BOOST_TEST(after_prefix("ab") == "ac");
  BOOST_TEST(after_prefix("a\xff") == "b");
  BOOST_TEST(after_prefix("\xff").empty());
}

BOOST_AUTO_TEST_SUITE_END()
