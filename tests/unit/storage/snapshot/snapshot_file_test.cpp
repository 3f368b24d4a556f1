#include "storage/snapshot/snapshot_file.hpp"

#include "schema/base/clock.hpp"
#include "schema/base/rng.hpp"
#include "storage/open_store.hpp"
#include "tests/unit/storage/temporary_directory.hpp"
#include "tests/unit/storage/test_values.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <future>

using namespace actord;
using namespace actord::storage;
using namespace actord::storage::test;

namespace {

constexpr resource_id things{9};

test_value thing(int number) {
  return {{things, "default", "n" + std::to_string(number)},
          "u" + std::to_string(number),
          std::string(static_cast<std::size_t>(number * 37 % 5000), 'x') + std::to_string(number),
          {{"app", "a" + std::to_string(number % 3)}},
          {"owner"},
          "node-1",
          number + 1};
}

struct saved_store {
  temporary_directory home;
  seeded_random_source random{7};

  [[nodiscard]] std::string path(const std::string& name) const { return home.path() + "/" + name; }
  std::unique_ptr<store> open(const std::string& name) {
    return open_store({path(name), system_clock_source(), random, {}, 1ULL << 30U, &codec()}).value();
  }
  static outcome propose(store& to, object_change change) {
    std::promise<outcome> got;
    transaction what;
    what.changes.push_back(std::move(change));
    to.propose(std::move(what), [&got](outcome answer) { got.set_value(std::move(answer)); });
    return got.get_future().get();
  }
  void fill(store& to) {
    for (int i = 0; i < 300; ++i)
      BOOST_REQUIRE(std::holds_alternative<committed>(propose(to, create(thing(i)))));
    for (int i = 0; i < 50; ++i)
      BOOST_REQUIRE(std::holds_alternative<committed>(propose(to, remove(thing(i)))));
  }
  [[nodiscard]] std::string bytes(const std::string& name) const {
    std::ifstream in(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary) << content;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(snapshot_files, saved_store)

BOOST_AUTO_TEST_CASE(a_store_is_saved_and_becomes_another) {
  std::string cluster;
  revision last;
  {
    const auto old = open("old");
    fill(*old);
    cluster = old->cluster_id();
    last = old->status().last;
  }
  {
    const auto saved = save_snapshot(path("old"), path("file"));
    BOOST_REQUIRE(saved.has_value());
    BOOST_TEST(saved->cluster == cluster);
    BOOST_TEST(saved->last.value == 350U);
    BOOST_TEST(saved->objects == 250U);
    BOOST_TEST(saved->bytes == std::filesystem::file_size(path("file")));
    const auto perms = std::filesystem::status(path("file")).permissions();
    BOOST_TEST(((perms & (std::filesystem::perms::group_all | std::filesystem::perms::others_all)) ==
                std::filesystem::perms::none));
    // Later writes are not in it.
    const auto old = open("old");
    BOOST_TEST(std::holds_alternative<committed>(propose(*old, create(thing(1000)))));
  }
  const auto facts = inspect_snapshot(path("file"));
  BOOST_REQUIRE(facts.has_value());
  BOOST_TEST(facts->last.value == last.value);
  BOOST_TEST(facts->rows > 4 * facts->objects);
  const auto restored = restore_snapshot({path("file"), path("new"), random, 77, "host:7443"});
  BOOST_REQUIRE(restored.has_value());
  {
    const auto again = open("new");
    BOOST_TEST(again->cluster_id() != cluster);
    BOOST_TEST(again->status().self == 77U);
    BOOST_TEST(again->members().front().address == "host:7443");
    BOOST_TEST(again->status().last.value == last.value + restored_revision_gap);
    BOOST_TEST(again->read()->count(things, {}) == 250U);
    BOOST_TEST(test_codec::text_of(again->read()->get(thing(99).key)) == thing(99).text);
    BOOST_TEST(again->read()->get(thing(1000).key).empty());
    BOOST_TEST(again->read()->owned_by("owner").size() == 250U);
    BOOST_TEST(again->read()->on_node("node-1").size() == 250U);
    // What was before cannot be watched, what comes can.
    BOOST_TEST(!again->watch({}, last, [] {}).has_value());
    auto cursor = again->watch({}, again->status().last, [] {}).value();
    const auto written = propose(*again, put(thing(99), {false, true, std::nullopt, {}}));
    BOOST_REQUIRE(std::holds_alternative<committed>(written));
    BOOST_TEST(std::get<committed>(written).revisions.front().value ==
               last.value + restored_revision_gap + 1);
    BOOST_TEST(cursor->next(10).value().size() == 1U);
  }
  {
    const auto third = open("new");
    BOOST_TEST(third->read()->count(things, {}) == 250U);
  }
  BOOST_TEST(
      (restore_snapshot({path("file"), path("new"), random}).error().kind == error_kind::already_exists));
}

BOOST_AUTO_TEST_CASE(a_note_comes_back_as_it_was) {
  {
    fill(*open("old"));
  }
  const std::string note("a key:\0\n\xff", 9);
  BOOST_REQUIRE(save_snapshot(path("old"), path("file"), note).has_value());
  BOOST_TEST(inspect_snapshot(path("file")).value().note == note);
  BOOST_TEST(restore_snapshot({path("file"), path("new"), random}).value().note == note);
  std::string changed = bytes("file");
  changed[changed.find(note)] = 'A';
  write("bad", changed);
  BOOST_TEST(!inspect_snapshot(path("bad")).has_value());
  BOOST_REQUIRE(save_snapshot(path("old"), path("without")).has_value());
  BOOST_TEST(inspect_snapshot(path("without")).value().note.empty());
}

BOOST_AUTO_TEST_CASE(a_damaged_file_is_refused_and_leaves_nothing) {
  {
    fill(*open("old"));
  }
  BOOST_REQUIRE(save_snapshot(path("old"), path("file")).has_value());
  BOOST_TEST((save_snapshot(path("old"), path("file")).error().kind == error_kind::already_exists));
  BOOST_TEST((save_snapshot(path("nowhere"), path("other")).error().kind == error_kind::not_found));
  const std::string whole = bytes("file");
  seeded_random_source chance(3);
  for (int i = 0; i < 200; ++i) {
    std::string torn = whole;
    const std::size_t at = chance.next() % whole.size();
    if (i % 2 == 0)
      torn.resize(at);
    else
      torn[at] = static_cast<char>(torn[at] ^ (1 << chance.next() % 8));
    write("bad", torn);
    const auto looked = inspect_snapshot(path("bad"));
    BOOST_REQUIRE(!looked.has_value());
    BOOST_TEST((looked.error().kind == error_kind::invalid));
  }
  write("bad", whole + "x");
  BOOST_TEST(!inspect_snapshot(path("bad")).has_value());
  BOOST_TEST(!restore_snapshot({path("bad"), path("new"), random}).has_value());
  BOOST_TEST(!std::filesystem::exists(path("new")));
  BOOST_TEST((inspect_snapshot(path("nowhere")).error().kind == error_kind::unavailable));
}

BOOST_AUTO_TEST_SUITE_END()
