#include "schema/crypt/key_ring.hpp"

#include "schema/base/always.hpp"

#include <algorithm>
#include <atomic>
#include <fmt/format.h>
#include <openssl/evp.h>

namespace actord::schema {
namespace {

std::atomic<std::shared_ptr<const key_ring>>& ring_in_use() {
  static std::atomic<std::shared_ptr<const key_ring>> ring(std::make_shared<const key_ring>(
      std::vector<key_ring::entry>{}, [](resource_id) { return text_key_id{}; }, "no key file"));
  return ring;
}

} // namespace

text_key_id id_of_key(const cipher_key& key) {
  std::string input = "actord text key ";
  input.append(reinterpret_cast<const char*>(key.data()), key.size());
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  ALWAYS(EVP_Digest(input.data(), input.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1);
  std::uint32_t id = 0;
  for (std::size_t at = 0; at < 4; ++at) id = (id << 8U) | digest[at];
  return text_key_id(std::max<std::uint32_t>(id, 1));
}

std::string key_id_text(text_key_id id) { return fmt::format("{:08x}", id.value); }

key_ring::key_ring(std::vector<entry> keys, key_choice choose, std::string source)
    : keys_(std::move(keys)), choose_(std::move(choose)), source_(std::move(source)) {}

const key_ring::entry* key_ring::find(text_key_id id) const {
  const auto found = std::ranges::find(keys_, id, &entry::id);
  return found == keys_.end() ? nullptr : &*found;
}

result<std::string> key_ring::seal(text_key_id id, std::string_view plain, std::string_view bound,
                                   random_source& random) const {
  const entry* key = find(id);
  ALWAYS(key != nullptr);
  return seal_text(key->key, plain, bound, random);
}

result<std::string> key_ring::open(text_key_id id, std::string_view sealed, std::string_view bound) const {
  const entry* key = find(id);
  if (key == nullptr)
    return error{error_kind::internal,
                 fmt::format("is encrypted with key {}, which is not in {}", key_id_text(id), source_)};
  auto plain = open_text(key->key, sealed, bound);
  if (!plain)
    return error{error_kind::internal,
                 fmt::format("does not decrypt with key {} ({}): its bytes were changed or moved",
                             key_id_text(id), key->name)};
  return std::move(*plain);
}

void use_key_ring(std::shared_ptr<const key_ring> ring) {
  ALWAYS(ring != nullptr);
  ring_in_use().store(std::move(ring));
}

std::shared_ptr<const key_ring> current_key_ring() { return ring_in_use().load(); }

} // namespace actord::schema
