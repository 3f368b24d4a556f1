#include "actors/encryption/encryption_config.hpp"
#include "schema/codec/base64.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

std::string key(char fill) { return schema::encode_base64(std::string(32, fill)); }

std::string config(const std::string& resources, const std::string& providers) {
  return "{\"kind\": \"EncryptionConfiguration\", \"apiVersion\": \"apiserver.config.k8s.io/v1\", "
         "\"resources\": "
         "[{\"resources\": " +
         resources + ", \"providers\": " + providers + "}]}";
}

std::string aesgcm(std::initializer_list<std::pair<const char*, char>> keys) {
  std::string list;
  for (const auto& [name, fill] : keys)
    list +=
        std::string(list.empty() ? "" : ",") + "{\"name\":\"" + name + "\",\"secret\":\"" + key(fill) + "\"}";
  return "{\"aesgcm\":{\"keys\":[" + list + "]}}";
}

std::string complaint(const std::string& text) {
  const auto parsed = parse_encryption_config(text, "/keys");
  BOOST_REQUIRE(!parsed.has_value());
  return parsed.error().message;
}

const resource_id secrets = schema::builtin("", "secrets").id;
const resource_id config_maps = schema::builtin("", "configmaps").id;
const resource_id deployments = schema::builtin("apps", "deployments").id;

} // namespace

BOOST_AUTO_TEST_SUITE(encryption_configs)

BOOST_AUTO_TEST_CASE(the_one_made_here_encrypts_secrets_and_nothing_else) {
  seeded_random_source random(1);
  const std::string text = new_encryption_config(random, "first");
  const auto ring = parse_encryption_config(text, "/keys");
  BOOST_REQUIRE(ring.has_value());
  BOOST_REQUIRE((*ring)->keys().size() == 1);
  BOOST_TEST((*ring)->keys()[0].name == "first");
  BOOST_TEST(((*ring)->key_for(secrets) == (*ring)->keys()[0].id));
  BOOST_TEST((*ring)->key_for(config_maps).value == 0);
  BOOST_TEST(text != new_encryption_config(random, "first"));
}

BOOST_AUTO_TEST_CASE(the_first_key_of_the_first_provider_writes_all_keys_read) {
  const auto ring = parse_encryption_config(
      config(R"(["secrets","configmaps"])", "[" + aesgcm({{"new", 'n'}, {"old", 'o'}}) +
                                                ",{\"identity\":{}}," + aesgcm({{"older", 'p'}}) + "]"),
      "/keys");
  BOOST_REQUIRE(ring.has_value());
  BOOST_TEST((*ring)->keys().size() == 3);
  BOOST_TEST((*ring)->find((*ring)->key_for(config_maps))->name == "new");
  BOOST_TEST((*ring)->key_for(deployments).value == 0);
}

BOOST_AUTO_TEST_CASE(wildcards_name_groups_or_everything) {
  const auto whole = parse_encryption_config(config(R"(["*.*"])", "[" + aesgcm({{"k", 'k'}}) + "]"), "/keys");
  BOOST_TEST((*whole)->key_for(deployments).value != 0);
  BOOST_TEST((*whole)->key_for(resource_id(60'000)).value != 0);
  const auto core = parse_encryption_config(config(R"(["*."])", "[" + aesgcm({{"k", 'k'}}) + "]"), "/keys");
  BOOST_TEST((*core)->key_for(secrets).value != 0);
  BOOST_TEST((*core)->key_for(deployments).value == 0);
  BOOST_TEST((*core)->key_for(resource_id(60'000)).value == 0);
  const auto apps =
      parse_encryption_config(config(R"(["*.apps"])", "[" + aesgcm({{"k", 'k'}}) + "]"), "/keys");
  BOOST_TEST((*apps)->key_for(deployments).value != 0);
  BOOST_TEST((*apps)->key_for(secrets).value == 0);
}

BOOST_AUTO_TEST_CASE(identity_first_writes_in_the_clear_and_still_reads) {
  const auto ring = parse_encryption_config(
      config(R"(["secrets"])", "[{\"identity\":{}}," + aesgcm({{"k", 'k'}}) + "]"), "/keys");
  BOOST_TEST((*ring)->key_for(secrets).value == 0);
  BOOST_TEST((*ring)->keys().size() == 1);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named_with_its_place) {
  BOOST_TEST(complaint("kind: Pod") ==
             "/keys: must be an EncryptionConfiguration of apiserver.config.k8s.io/v1");
  BOOST_TEST(
      complaint(config(R"(["secrets"])", R"([{"kms":{}}])")) ==
      "/keys: resources[0].providers[0]: provider \"kms\" is not served here; there are aesgcm and identity");
  BOOST_TEST(complaint(config(R"(["sekrets"])", R"([{"identity":{}}])")).find("\"sekrets\" is no resource") !=
             std::string::npos);
  BOOST_TEST(
      complaint(config(R"(["secrets"])", R"([{"aesgcm":{"keys":[{"name":"k","secret":"c2hvcnQ="}]}}])")) ==
      "/keys: resources[0].providers[0].aesgcm.keys[0].secret: must be 32 bytes in base64 (head -c 32 "
      "/dev/urandom | base64)");
  BOOST_TEST(complaint(config("[]", "[]")) ==
             "/keys: resources[0].resources: must name at least one resource");
  BOOST_TEST(complaint("a: [").starts_with("/keys: yaml: "));
  BOOST_TEST(complaint("").starts_with("/keys: "));
}

BOOST_AUTO_TEST_SUITE_END()
