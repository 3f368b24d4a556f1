#include "actors/cluster/cluster_snapshot.hpp"

#include "actors/cluster/joining/node_register.hpp"
#include "actors/cluster/keys/key_store.hpp"
#include "net/pki/secret_files.hpp"
#include "schema/base/clock.hpp"
#include "storage/open_store.hpp"
#include "storage/settled.hpp"
#include "tests/unit/storage/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>

using namespace actord;
using namespace actord::actors;

namespace {

const schema::write_cause cause{
    .actor = "test", .verb = "create", .request_id = {}, .reacted_to = {}, .note = {}};

struct server_directory {
  storage::test::temporary_directory home;
  seeded_random_source random{11};

  [[nodiscard]] std::string path(const std::string& name) const { return home.path() + "/" + name; }
  std::unique_ptr<storage::store> open(const std::string& name) {
    return storage::open_store(
               {.directory = path(name) + "/store", .clock = system_clock_source(), .random = random})
        .value();
  }
  void enter(storage::store& store, const std::string& node, bool serves) {
    const node_record asked{.node = node, .key_hash = "hash of " + node};
    BOOST_REQUIRE(
        storage::propose_and_wait(store, register_node(asked, serves, cause, std::make_shared<node_record>()))
            .has_value());
  }
  /// A server with keys and three nodes, saved.
  void make(bool with_master_key) {
    BOOST_REQUIRE(net::make_secret_directory(path("old/pki")).has_value());
    BOOST_REQUIRE(net::write_secret_file(path("old/pki/ca.key"), "the authority").has_value());
    const auto store = open("old");
    BOOST_REQUIRE(settle_keys(*store, path("old/pki"), true, random).has_value());
    enter(*store, "a", true);
    enter(*store, "b", true);
    enter(*store, "w", false);
    cluster = store->cluster_id();
    BOOST_REQUIRE(save_cluster(path("old"), path("file"), with_master_key).has_value());
  }

  std::string cluster;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(cluster_snapshots, server_directory)

BOOST_AUTO_TEST_CASE(keys_come_along_and_nodes_do_not) {
  make(true);
  const auto restored =
      restore_cluster({.file = path("file"), .data_dir = path("new"), .master_key_file = {}}, random);
  BOOST_REQUIRE(restored.has_value());
  BOOST_TEST(restored->has_master_key);
  BOOST_TEST(net::read_secret_file(path("new/pki/ca.key")).value().value() == "the authority");
  const auto store = open("new");
  BOOST_TEST(store->cluster_id() != cluster);
  BOOST_TEST(store->status().self == 1U);
  // The table opens for the new cluster, and its files agree with it: there is nothing to settle.
  BOOST_TEST(!settle_keys(*store, path("new/pki"), false, random).value());
  BOOST_TEST(node_records(*store->read()).empty());
  // Names are free for other keys, members count from 1, and slots stay with the names.
  const auto granted = std::make_shared<node_record>();
  const node_record asked{.node = "w", .key_hash = "another"};
  BOOST_REQUIRE(storage::propose_and_wait(*store, register_node(asked, true, cause, granted)).has_value());
  BOOST_TEST(granted->member == 1U);
  BOOST_TEST(granted->slot == 2U);
}

BOOST_AUTO_TEST_CASE(without_the_right_master_key_nothing_is_made) {
  make(false);
  const cluster_restore bare{.file = path("file"), .data_dir = path("new"), .master_key_file = {}};
  BOOST_TEST((restore_cluster(bare, random).error().kind == error_kind::bad_request));
  BOOST_REQUIRE(net::write_secret_file(path("wrong"), new_master_key(random)).has_value());
  const cluster_restore wrong{
      .file = path("file"), .data_dir = path("new"), .master_key_file = path("wrong")};
  BOOST_TEST(!restore_cluster(wrong, random).has_value());
  const cluster_restore missing{
      .file = path("file"), .data_dir = path("new"), .master_key_file = path("none")};
  BOOST_TEST((restore_cluster(missing, random).error().kind == error_kind::not_found));
  for (const char* left : {"new/store", "new/pki", "new/restoring"})
    BOOST_TEST(!std::filesystem::exists(path(left)));
  const cluster_restore right{
      .file = path("file"), .data_dir = path("new"), .master_key_file = path("old/pki/master.key")};
  BOOST_TEST(restore_cluster(right, random).has_value());
  BOOST_TEST((restore_cluster(right, random).error().kind == error_kind::already_exists));
}

BOOST_AUTO_TEST_CASE(only_a_server_can_be_saved) {
  BOOST_TEST((save_cluster(path("nothing"), path("file"), false).error().kind == error_kind::not_found));
}

BOOST_AUTO_TEST_SUITE_END()
