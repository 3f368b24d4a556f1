#include "actors/cluster/keys/key_table.hpp"

#include "schema/crypt/key_derivation.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

struct fixture {
  seeded_random_source random{11};
  std::string master = new_master_key(random);
  key_table table{.version = 3, .files = {{"ca.crt", "C"}, {"ca.key", "K"}, {"sa.key", "S"}}};

  std::string sealed(const std::string& cluster = "c-1") {
    auto bytes = seal_key_table(table, master, cluster, random);
    BOOST_REQUIRE(bytes);
    return *bytes;
  }
};

key_plan writes(key_files files) { return {.write = std::move(files)}; }

} // namespace

BOOST_FIXTURE_TEST_SUITE(key_tables, fixture)

BOOST_AUTO_TEST_CASE(keys_are_derived_as_the_standard_says) {
  // RFC 5869, test case 1; the first 32 of its 42 bytes.
  const std::string secret(22, '\x0b');
  const std::string salt("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c", 13);
  const std::string purpose("\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9", 10);
  const auto key = schema::derive_cipher_key(secret, salt, purpose);
  BOOST_REQUIRE(key);
  const std::string expected("\x3c\xb2\x5f\x25\xfa\xac\xd5\x7a\x90\x43\x4f\x64\xd0\x36\x2f\x2a"
                             "\x2d\x2d\x0a\x90\xcf\x1a\x5a\x4c\x5d\xb0\x2d\x56\xec\xc4\xc5\xbf",
                             32);
  BOOST_TEST(std::string(key->begin(), key->end()) == expected);
}

BOOST_AUTO_TEST_CASE(a_table_opens_with_its_master_key_only) {
  const std::string bytes = sealed();
  const auto opened = open_key_table(bytes, master, "c-1");
  BOOST_REQUIRE(opened);
  BOOST_TEST((*opened == table));
  BOOST_TEST(!open_key_table(bytes, new_master_key(random), "c-1"));
  BOOST_TEST(!open_key_table(bytes, master, "c-2"));
  BOOST_TEST(!open_key_table(bytes, master.substr(1), "c-1"));
  BOOST_TEST(!open_key_table("", master, "c-1"));
  BOOST_TEST(bytes.find("sa.key") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(any_changed_byte_is_noticed) {
  const std::string bytes = sealed();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    BOOST_TEST_REQUIRE(!open_key_table(damaged, master, "c-1"));
    BOOST_TEST_REQUIRE(!open_key_table(bytes.substr(0, at), master, "c-1"));
  }
}

BOOST_AUTO_TEST_CASE(names_that_are_no_shared_files_are_left_out) {
  table.files["../../etc/passwd"] = "x";
  table.files["server.key"] = "x";
  const auto opened = open_key_table(sealed(), master, "c-1");
  BOOST_REQUIRE(opened);
  BOOST_TEST(opened->files.size() == 3U);
}

BOOST_AUTO_TEST_CASE(what_a_server_does_about_its_files) {
  const key_files same = table.files;
  key_files edited = same;
  edited["sa.key"] = "other";
  key_files lost = same;
  lost.erase("ca.key");
  // The cluster has no table yet: the leader makes one.
  BOOST_TEST((plan_keys(same, 0, {}, true) == key_plan{.publish = true}));
  BOOST_TEST((plan_keys(same, 0, {}, false) == key_plan{}));
  BOOST_TEST((plan_keys(same, 3, table, true) == key_plan{}));
  BOOST_TEST((plan_keys(same, 3, table, false) == key_plan{}));
  // The table went on: its files are taken over, whoever leads.
  BOOST_TEST((plan_keys(edited, 2, table, true) == writes({{"sa.key", "S"}})));
  BOOST_TEST((plan_keys(edited, 2, table, false) == writes({{"sa.key", "S"}})));
  BOOST_TEST((plan_keys({}, 0, table, false) == writes(same)));
  // A file was changed here.
  BOOST_TEST((plan_keys(edited, 3, table, true) == key_plan{.publish = true}));
  BOOST_TEST((plan_keys(edited, 3, table, false) ==
              key_plan{.write = {{"sa.key", "S"}}, .remove = {}, .publish = false, .overruled = {"sa.key"}}));
  // A file was lost here.
  BOOST_TEST((plan_keys(lost, 3, table, true) == writes({{"ca.key", "K"}})));
  BOOST_TEST((plan_keys(lost, 3, table, false) == writes({{"ca.key", "K"}})));
  // The table gave a file up, or one was added here.
  key_files more = same;
  more["ca-previous.crt"] = "P";
  BOOST_TEST((plan_keys(more, 2, table, true) == key_plan{.write = {}, .remove = {"ca-previous.crt"}}));
  BOOST_TEST((plan_keys(more, 3, table, false) == key_plan{.write = {}, .remove = {"ca-previous.crt"}}));
  BOOST_TEST((plan_keys(more, 3, table, true) == key_plan{.publish = true}));
}

BOOST_AUTO_TEST_SUITE_END()
