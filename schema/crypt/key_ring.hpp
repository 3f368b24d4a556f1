#pragma once

#include "schema/base/ids.hpp"
#include "schema/crypt/text_cipher.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {

/// Names a key in stored envelopes; drawn from the key's own bytes, so that another key under the same name
/// is another id. 0 means plain text.
using text_key_id = strong_id<struct text_key_tag, std::uint32_t>;

text_key_id id_of_key(const cipher_key& key);
/// "1a2b3c4d"
std::string key_id_text(text_key_id id);

/// The keys a member has for the texts of stored objects, and which of them a new text takes. Immutable.
class key_ring {
public:
  struct entry {
    text_key_id id;
    std::string name; ///< what people call it
    cipher_key key{};
  };
  /// The key for new texts of a resource; id 0 leaves them in the clear. Any thread, quick.
  using key_choice = std::function<text_key_id(resource_id)>;

  /// `source` is the file that errors name.
  key_ring(std::vector<entry> keys, key_choice choose, std::string source);

  [[nodiscard]] const std::vector<entry>& keys() const { return keys_; }
  [[nodiscard]] const std::string& source() const { return source_; }
  [[nodiscard]] const entry* find(text_key_id id) const;
  [[nodiscard]] text_key_id key_for(resource_id resource) const { return choose_(resource); }

  [[nodiscard]] result<std::string> seal(text_key_id id, std::string_view plain, std::string_view bound,
                                         random_source& random) const;
  /// Errors are predicates of the object: "is encrypted with key 1a2b3c4d, which is not in FILE".
  [[nodiscard]] result<std::string> open(text_key_id id, std::string_view sealed,
                                         std::string_view bound) const;

private:
  std::vector<entry> keys_;
  key_choice choose_;
  std::string source_;
};

/// The ring that `object_view` opens texts with, one for the process: a text is opened where bytes become a
/// view, in every part of the daemon, and none of those parts has any other business with keys.
void use_key_ring(std::shared_ptr<const key_ring> ring);
/// Never null; without keys until one is given.
std::shared_ptr<const key_ring> current_key_ring();

} // namespace actord::schema
