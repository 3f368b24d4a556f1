#include "actors/encryption/encryption_config.hpp"
#include "actors/encryption/stored_keys.hpp"
#include "schema/base/json.hpp"
#include "schema/codec/base64.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/open_store.hpp"
#include "storage/store.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

using ring_handle = std::shared_ptr<const schema::key_ring>;

ring_handle ring_with(std::initializer_list<char> keys, const std::string& first = "") {
  std::string list;
  for (const char fill : keys)
    list += std::string(list.empty() ? "" : ",") + "{\"name\":\"" + fill + "\",\"secret\":\"" +
            schema::encode_base64(std::string(32, fill)) + "\"}";
  const std::string aesgcm = list.empty() ? "" : ",{\"aesgcm\":{\"keys\":[" + list + "]}}";
  const std::string providers =
      first == "identity" || list.empty() ? "{\"identity\":{}}" + aesgcm : aesgcm.substr(1);
  return *parse_encryption_config(
      "{\"kind\":\"EncryptionConfiguration\",\"apiVersion\":"
      "\"apiserver.config.k8s.io/v1\",\"resources\":[{\"resources\":[\"secrets\"],"
      "\"providers\":[" +
          providers + "]}]}",
      "/keys");
}

schema::text_key_id id_of(char fill) {
  schema::cipher_key key{};
  key.fill(static_cast<std::uint8_t>(fill));
  return schema::id_of_key(key);
}

struct cluster {
  ~cluster() { schema::use_key_ring(ring_with({})); }

  void put(const std::string& plural, const std::string& name, const json& data) {
    const schema::resource_type& type = schema::builtin("", plural);
    const json object = {{"apiVersion", "v1"},
                         {"kind", type.kind},
                         {"metadata", {{"name", name}, {"namespace", "kube-system"}, {"uid", "u-" + name}}},
                         {"data", data}};
    storage::transaction write;
    write.changes.push_back(
        {{type.id, "kube-system", name}, {}, storage::put_value{schema::encode_object(type, object, {})}});
    bool stored = false;
    store->propose(std::move(write), [&](const storage::outcome& outcome) {
      stored = std::holds_alternative<storage::committed>(outcome);
    });
    BOOST_REQUIRE(stored);
  }
  result<void> check(const ring_handle& ring, bool file_is_new = false) {
    const auto reads = store->read();
    return check_stored_keys(*reads, *read_key_record(*reads), *ring, file_is_new);
  }
  void put_record(const key_record& record, const ring_handle& ring) {
    put("configmaps", key_record_name, record_data(record, *ring));
  }

  manual_clock_source clock{wall_time(std::chrono::seconds(1'700'000'000))};
  seeded_random_source random{4};
  std::unique_ptr<storage::store> store = storage::open_memory_store(clock, random);
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(stored_key_checks, cluster)

BOOST_AUTO_TEST_CASE(secrets_are_stored_encrypted_in_object_head_and_history) {
  schema::use_key_ring(ring_with({'a'}));
  put("secrets", "db", {{"password", "bWFya2Vy"}});
  put("secrets", "db", {{"password", "bWFya2VyMg=="}});
  put("configmaps", "plain", {{"text", "bWFya2Vy"}});
  const object_key key{schema::builtin("", "secrets").id, "kube-system", "db"};
  const auto reads = store->read();
  const std::string now(reads->get(key));
  const std::string before = *reads->get_at(key, revision(reads->at().value - 2));
  for (const std::string& bytes : {now, before, store->head(key)}) {
    BOOST_TEST(bytes.find("bWFya2Vy") == std::string::npos);
    BOOST_TEST(schema::object_view::open(bytes)->text().find("bWFya2Vy") != std::string_view::npos);
  }
  BOOST_TEST(reads->get({schema::builtin("", "configmaps").id, "kube-system", "plain"}).find("bWFya2Vy") !=
             std::string_view::npos);
}

BOOST_AUTO_TEST_CASE(a_missing_key_is_found_without_a_record) {
  schema::use_key_ring(ring_with({'a'}));
  put("secrets", "db", {});
  put("secrets", "mail", {});
  BOOST_TEST(check(ring_with({'a'})).has_value());
  BOOST_TEST(check(ring_with({'b', 'a'})).has_value());
  BOOST_TEST(check(ring_with({'b'})).error().message ==
             "2 objects (secrets kube-system/db is one) are encrypted with key " +
                 schema::key_id_text(id_of('a')) +
                 ", which /keys does not have. Put the file with that key back; nothing was changed.");
  BOOST_TEST(
      check(ring_with({'b'}), true).error().message.find("was to be in /keys: that file does not exist") !=
      std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_record_stands_for_history_too) {
  schema::use_key_ring(ring_with({'a'}));
  const key_record record{
      {std::min(id_of('a'), id_of('o')), std::max(id_of('a'), id_of('o'))}, "p", revision(9)};
  put_record(record, ring_with({'a'}));
  BOOST_TEST((*read_key_record(*store->read()) == record));
  BOOST_TEST(check(ring_with({'a', 'o'})).has_value());
  BOOST_TEST(check(ring_with({'a'})).error().message.find(schema::key_id_text(id_of('o'))) !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_has_another_key_than_it_would_get_now_is_outdated) {
  schema::use_key_ring(ring_with({}));
  put("secrets", "clear", {});
  schema::use_key_ring(ring_with({'a'}));
  put("secrets", "old", {});
  schema::use_key_ring(ring_with({'b', 'a'}));
  put("secrets", "new", {});
  const auto reads = store->read();
  const auto names = [&](const ring_handle& ring, std::size_t limit = 10) {
    std::string text;
    for (const outdated_object& each : outdated_objects(*reads, *ring, limit)) text += each.key.name + " ";
    return text;
  };
  BOOST_TEST(names(ring_with({'b', 'a'})) == "clear old ");
  BOOST_TEST(names(ring_with({'b', 'a'}), 1) == "clear ");
  BOOST_TEST(names(ring_with({'a', 'b'})) == "clear new ");
  BOOST_TEST(names(ring_with({'a', 'b'}, "identity")) == "new old ");
  BOOST_TEST(policy_of(*ring_with({'b', 'a'})) != policy_of(*ring_with({'a', 'b'})));
  BOOST_TEST(policy_of(*ring_with({'b', 'a'})) == policy_of(*ring_with({'b'})));
  BOOST_TEST((current_keys(*ring_with({'b', 'a'})) == std::vector{id_of('b')}));
  BOOST_TEST(current_keys(*ring_with({'b'}, "identity")).empty());
}

BOOST_AUTO_TEST_SUITE_END()
