#include "schema/crypt/key_ring.hpp"
#include "schema/crypt/text_cipher.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

using namespace actord;
using namespace actord::schema;

namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

cipher_key key_of(std::uint8_t byte) {
  cipher_key key{};
  key.fill(byte);
  return key;
}

} // namespace

BOOST_AUTO_TEST_SUITE(text_ciphers)

// The vectors of the specification, c2sp.org/XAES-256-GCM.
BOOST_AUTO_TEST_CASE(the_specification_says_the_same) {
  const auto first = seal_text_with_nonce(key_of(1), "ABCDEFGHIJKLMNOPQRSTUVWX", "XAES-256-GCM", "");
  BOOST_TEST(hex(first->substr(24)) == "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
  const auto second =
      seal_text_with_nonce(key_of(3), "ABCDEFGHIJKLMNOPQRSTUVWX", "XAES-256-GCM", "c2sp.org/XAES-256-GCM");
  BOOST_TEST(hex(second->substr(24)) == "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d");
}

BOOST_AUTO_TEST_CASE(what_is_sealed_opens_with_the_same_key_and_bound_text_only) {
  seeded_random_source random(7);
  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 1000U, 100'000U}) {
    const std::string plain(size, 'p');
    const auto sealed = seal_text(key_of(9), plain, "bound", random);
    BOOST_REQUIRE(sealed.has_value());
    BOOST_TEST(sealed->size() == size + cipher_nonce_bytes + cipher_tag_bytes);
    BOOST_TEST((open_text(key_of(9), *sealed, "bound") == plain));
    BOOST_TEST(!open_text(key_of(8), *sealed, "bound").has_value());
    BOOST_TEST(!open_text(key_of(9), *sealed, "bounD").has_value());
    BOOST_TEST(!open_text(key_of(9), *sealed, "").has_value());
  }
}

BOOST_AUTO_TEST_CASE(every_changed_or_missing_byte_is_noticed) {
  seeded_random_source random(8);
  const std::string sealed = *seal_text(key_of(9), "a short secret", "bound", random);
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    std::string changed = sealed;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    BOOST_TEST(!open_text(key_of(9), changed, "bound").has_value());
    BOOST_TEST(!open_text(key_of(9), sealed.substr(0, at), "bound").has_value());
  }
}

BOOST_AUTO_TEST_CASE(two_sealings_of_one_text_differ) {
  seeded_random_source random(9);
  BOOST_TEST(*seal_text(key_of(1), "same", "", random) != *seal_text(key_of(1), "same", "", random));
}

BOOST_AUTO_TEST_CASE(a_key_is_known_by_its_bytes_not_by_its_name) {
  BOOST_TEST((id_of_key(key_of(1)) != id_of_key(key_of(2))));
  BOOST_TEST((id_of_key(key_of(1)) == id_of_key(key_of(1))));
  seeded_random_source random(10);
  const auto choose = [](resource_id) { return id_of_key(key_of(1)); };
  const key_ring ring({{id_of_key(key_of(1)), "key1", key_of(1)}}, choose, "/keys");
  const key_ring other({{id_of_key(key_of(2)), "key1", key_of(2)}}, choose, "/others");
  const std::string sealed = *ring.seal(id_of_key(key_of(1)), "text", "b", random);
  BOOST_TEST(*ring.open(id_of_key(key_of(1)), sealed, "b") == "text");
  BOOST_TEST(other.open(id_of_key(key_of(1)), sealed, "b").error().message ==
             "is encrypted with key " + key_id_text(id_of_key(key_of(1))) + ", which is not in /others");
  BOOST_TEST(ring.open(id_of_key(key_of(1)), sealed, "c").error().message.find("does not decrypt") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
