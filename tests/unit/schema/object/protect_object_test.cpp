#include "schema/base/json.hpp"
#include "schema/crypt/key_ring.hpp"
#include "schema/object/protect_object.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::schema;

namespace {

constexpr const char* marker = "bWFya2Vy";

/// Secrets are encrypted with one key while it lives.
struct secrets_are_encrypted {
  secrets_are_encrypted() {
    key.fill(42);
    use_key_ring(std::make_shared<const key_ring>(
        std::vector<key_ring::entry>{{id_of_key(key), "test", key}},
        [id = id_of_key(key)](resource_id resource) {
          return resource == builtin("", "secrets").id ? id : text_key_id{};
        },
        "/test/keys"));
  }
  ~secrets_are_encrypted() {
    use_key_ring(std::make_shared<const key_ring>(
        std::vector<key_ring::entry>{}, [](resource_id) { return text_key_id{}; }, "no key file"));
  }
  secrets_are_encrypted(const secrets_are_encrypted&) = delete;
  secrets_are_encrypted& operator=(const secrets_are_encrypted&) = delete;

  cipher_key key{};
  seeded_random_source random{3};
};

json object_named(const resource_type& type, const std::string& name, const std::string& uid) {
  return {{"apiVersion", "v1"},
          {"kind", type.kind},
          {"metadata", {{"name", name}, {"namespace", "shop"}, {"uid", uid}, {"labels", {{"app", "web"}}}}},
          {"data", {{"password", marker}}}};
}

std::string stored(const std::string& plural, const std::string& name, const std::string& uid) {
  const resource_type& type = builtin("", plural);
  std::string bytes = encode_object(type, object_named(type, name, uid), {});
  stamp_revision(bytes, revision(77));
  return bytes;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(protected_objects, secrets_are_encrypted)

BOOST_AUTO_TEST_CASE(a_secret_reads_as_before_and_lies_as_cipher_text) {
  const std::string plain = stored("secrets", "db", "u-1");
  std::string bytes = plain;
  BOOST_REQUIRE(*protect_object(bytes, random));
  BOOST_TEST(plain.find(marker) != std::string::npos);
  BOOST_TEST(bytes.find(marker) == std::string::npos);
  BOOST_TEST(bytes.find("password") == std::string::npos);
  const auto view = object_view::open(bytes);
  BOOST_REQUIRE(view.has_value());
  BOOST_TEST(view->key_id() == id_of_key(key).value);
  BOOST_TEST(view->text() == object_view::open(plain)->text());
  BOOST_TEST(view->at().value == 77);
  BOOST_TEST(view->uid() == "u-1");
  const resource_type& type = builtin("", "secrets");
  BOOST_TEST(view->to_json(type) == object_view::open(plain)->to_json(type));
  std::string copied;
  view->append_as(copied, type, true);
  BOOST_TEST(copied.find("\"resourceVersion\":\"77\"") != std::string::npos);
  // Wherever the bytes lie, aligned or not.
  const std::string shifted = "x" + bytes;
  BOOST_TEST(object_view::open(std::string_view(shifted).substr(1))->text() == view->text());
}

BOOST_AUTO_TEST_CASE(other_kinds_stay_as_they_are) {
  std::string bytes = stored("configmaps", "db", "u-1");
  const std::string before = bytes;
  BOOST_TEST(!*protect_object(bytes, random));
  BOOST_TEST(bytes == before);
}

BOOST_AUTO_TEST_CASE(a_text_moved_to_another_object_or_revision_does_not_open) {
  std::string mine = stored("secrets", "db", "u-1");
  std::string other = stored("secrets", "db", "u-2");
  BOOST_REQUIRE(*protect_object(mine, random) && *protect_object(other, random));
  BOOST_REQUIRE(mine.size() == other.size());
  const std::size_t text = object_view::open(mine)->text().size() + cipher_nonce_bytes + cipher_tag_bytes;
  const std::string swapped = mine.substr(0, mine.size() - text) + other.substr(other.size() - text);
  const auto opened = object_view::open(swapped);
  BOOST_REQUIRE(!opened.has_value());
  BOOST_TEST(opened.error().message.find("shop/db does not decrypt with key") != std::string::npos);
  std::string later = mine;
  stamp_revision(later, revision(78));
  BOOST_TEST(!object_view::open(later).has_value());
  BOOST_TEST(object_view::open_envelope(later)->uid() == "u-1");
}

BOOST_AUTO_TEST_CASE(a_missing_key_is_named_with_its_file) {
  std::string bytes = stored("secrets", "db", "u-1");
  BOOST_REQUIRE(*protect_object(bytes, random));
  use_key_ring(std::make_shared<const key_ring>(
      std::vector<key_ring::entry>{}, [](resource_id) { return text_key_id{}; }, "/other/keys"));
  BOOST_TEST(object_view::open(bytes).error().message == "shop/db is encrypted with key " +
                                                             key_id_text(id_of_key(key)) +
                                                             ", which is not in /other/keys");
}

BOOST_AUTO_TEST_CASE(protected_bytes_are_not_protected_again) {
  std::string bytes = stored("secrets", "db", "u-1");
  BOOST_REQUIRE(*protect_object(bytes, random));
  BOOST_TEST(!protect_object(bytes, random).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
