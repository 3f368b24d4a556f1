#include "schema/base/clock.hpp"
#include "schema/base/json.hpp"
#include "schema/base/rng.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/inspect.hpp"
#include "storage/kv/lmdb_kv.hpp"
#include "storage/layout.hpp"
#include "storage/open_store.hpp"
#include "tests/unit/storage/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <future>

using namespace actord;
using namespace actord::storage;

namespace {

constexpr int objects = 20;

/// A directory as a daemon leaves it: real objects, written through the store.
struct data_directory {
  test::temporary_directory directory;

  data_directory() {
    auto open = open_store(
        {directory.path(), system_clock_source(), system_random_source(), {}, 1ULL << 30U, nullptr});
    BOOST_REQUIRE(open.has_value());
    for (int i = 0; i < objects; ++i) {
      const std::string name = "map-" + std::to_string(i);
      write(**open, name, std::to_string(i));
      if (i % 2 == 0) write(**open, name, "changed");
    }
  }
  static void write(store& open, const std::string& name, const std::string& text) {
    const schema::resource_type& type = *schema::find_resource("", "v1", "configmaps");
    const json object = {{"apiVersion", "v1"},
                         {"kind", "ConfigMap"},
                         {"metadata",
                          {{"name", name},
                           {"namespace", "default"},
                           {"uid", "3f6a2b9c-8a51-4a52-9d0e-0000000000" + name.substr(4)},
                           {"labels", {{"app", "web"}}}}},
                         {"data", {{"text", text}}}};
    std::promise<outcome> got;
    transaction what;
    what.request_id = name + text;
    what.changes.push_back(
        {{type.id, "default", name},
         {},
         put_value{schema::encode_object(type, object, {"tester", "update", "r1", {}, "why"})}});
    open.propose(std::move(what), [&](outcome answer) { got.set_value(std::move(answer)); });
    BOOST_REQUIRE(std::holds_alternative<committed>(got.get_future().get()));
  }
  /// What a broken disk or a bug might do.
  void damage(const std::function<void(kv::write_batch&)>& how) const {
    const auto disk = kv::open_lmdb({directory.path(), 1ULL << 30U, false}).value();
    const auto batch = disk->write();
    how(*batch);
    BOOST_REQUIRE(batch->commit().has_value());
  }
  [[nodiscard]] std::vector<std::string> check() const {
    return store_inspector::open(directory.path())->check();
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(the_inspector, data_directory)

BOOST_AUTO_TEST_CASE(finds_everything_in_order) {
  const auto inspector = store_inspector::open(directory.path());
  BOOST_REQUIRE(inspector.has_value());
  const store_summary summary = inspector->summary();
  BOOST_TEST(summary.state.last.value == objects + objects / 2);
  BOOST_TEST(summary.identity.cluster.size() == 36U);
  BOOST_TEST(summary.configuration.voters() == 1U);
  for (const table_summary& table : summary.tables) {
    if (table.name == "objects" || table.name == "by_label") BOOST_TEST(table.rows == 20U);
    if (table.name == "versions") BOOST_TEST(table.rows == 10U);
  }
  std::size_t items = 0;
  std::size_t requests = 0;
  inspector->entries({}, [&](const inspected_entry& entry) {
    BOOST_TEST(entry.damage.empty());
    items += entry.items.size();
    requests += entry.requests.size();
    return true;
  });
  BOOST_TEST(items == objects + objects / 2);
  BOOST_TEST(requests == items);
  std::size_t rows = 0;
  BOOST_TEST(inspector->rows("objects", {}, [&](std::string_view, std::string_view value) {
    rows += schema::object_view::open(value).has_value() ? 1 : 0;
    return true;
  }));
  BOOST_TEST(rows == 20U);
  BOOST_TEST(!inspector->rows("no such table", {}, [](auto, auto) { return true; }));
  BOOST_TEST(inspector->check().empty());
}

BOOST_AUTO_TEST_CASE(finds_a_changed_byte_in_the_log) {
  damage([](kv::write_batch& batch) {
    const std::string row = layout::log_row(raft_index{5}, 0);
    std::string bytes(*batch.get(kv::table::log, row));
    bytes[bytes.size() - 10] = static_cast<char>(bytes[bytes.size() - 10] ^ 1);
    batch.put(kv::table::log, row, bytes);
  });
  const auto problems = check();
  BOOST_REQUIRE(problems.size() == 1U);
  BOOST_TEST(problems[0].find("log 5: ") == 0U);
}

BOOST_AUTO_TEST_CASE(finds_index_rows_that_are_missing_or_left_over) {
  damage([](kv::write_batch& batch) {
    std::string gone;
    {
      const auto cursor = batch.walk(kv::table::by_label);
      BOOST_REQUIRE(cursor->seek({}));
      gone = cursor->key();
    }
    batch.erase(kv::table::by_label, gone);
    batch.put(kv::table::by_node, "left over", {});
  });
  const auto problems = check();
  BOOST_REQUIRE(problems.size() == 2U);
  BOOST_TEST(problems[0].find("by_label: missing row") == 0U);
  BOOST_TEST(problems[1].find("by_node: row without an object") == 0U);
}

BOOST_AUTO_TEST_CASE(refuses_a_directory_without_a_store) {
  const test::temporary_directory empty;
  BOOST_TEST(!store_inspector::open(empty.path()));
  BOOST_TEST(!store_inspector::open(empty.path() + "/nothing"));
}

BOOST_AUTO_TEST_SUITE_END()
