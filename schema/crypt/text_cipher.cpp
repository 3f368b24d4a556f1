#include "schema/crypt/text_cipher.hpp"

#include <cstring>
#include <memory>
#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace actord::schema {
namespace {

constexpr std::size_t block_bytes = 16;
constexpr std::size_t gcm_nonce_bytes = 12;
using block = std::array<std::uint8_t, block_bytes>;

struct release_context {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using context_handle = std::unique_ptr<EVP_CIPHER_CTX, release_context>;

/// Fetching an algorithm by name takes a lock and a search: once per process is enough.
const EVP_CIPHER* cipher_named(const char* name) { return EVP_CIPHER_fetch(nullptr, name, nullptr); }

int size_of(std::string_view text) { return static_cast<int>(text.size()); }
const unsigned char* start_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// Contexts are kept per thread: setting one up costs more than encrypting a kilobyte.
EVP_CIPHER_CTX* block_context() {
  static const EVP_CIPHER* const cipher = cipher_named("AES-256-ECB");
  thread_local const context_handle context(EVP_CIPHER_CTX_new());
  return cipher != nullptr && context &&
                 EVP_EncryptInit_ex2(context.get(), cipher, nullptr, nullptr, nullptr) == 1 &&
                 EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1
             ? context.get()
             : nullptr;
}

bool encrypt_block(EVP_CIPHER_CTX* context, const block& in, std::uint8_t* out) {
  int written = 0;
  return EVP_EncryptUpdate(context, out, &written, in.data(), static_cast<int>(in.size())) == 1 &&
         written == static_cast<int>(block_bytes);
}

/// SP 800-108 in counter mode with CMAC, of two blocks that are each one block of input.
bool derive_key(const cipher_key& key, std::string_view nonce, cipher_key& derived) {
  EVP_CIPHER_CTX* context = block_context();
  if (context == nullptr || EVP_EncryptInit_ex2(context, nullptr, key.data(), nullptr, nullptr) != 1)
    return false;
  block subkey{};
  if (!encrypt_block(context, block{}, subkey.data())) return false;
  std::uint8_t carry = 0;
  for (std::size_t at = block_bytes; at-- > 0;) {
    const auto next = static_cast<std::uint8_t>(subkey[at] >> 7U);
    subkey[at] = static_cast<std::uint8_t>((subkey[at] << 1U) | carry);
    carry = next;
  }
  if (carry != 0) subkey[block_bytes - 1] ^= 0x87U;
  for (std::uint8_t counter = 1; counter <= 2; ++counter) {
    block input{0, counter, 'X', 0};
    std::memcpy(input.data() + 4, nonce.data(), 12);
    for (std::size_t at = 0; at < block_bytes; ++at) input[at] ^= subkey[at];
    if (!encrypt_block(context, input, derived.data() + block_bytes * (counter - 1U))) return false;
  }
  return true;
}

EVP_CIPHER_CTX* gcm_context() {
  static const EVP_CIPHER* const cipher = cipher_named("AES-256-GCM");
  thread_local const context_handle context(EVP_CIPHER_CTX_new());
  return cipher != nullptr && context &&
                 EVP_CipherInit_ex2(context.get(), cipher, nullptr, nullptr, -1, nullptr) == 1
             ? context.get()
             : nullptr;
}

/// Sets up `context` for one message; the derived key does not outlive the call.
bool begin_message(EVP_CIPHER_CTX* context, const cipher_key& key, std::string_view nonce,
                   std::string_view bound, int encrypting) {
  cipher_key derived{};
  int ignored = 0;
  const bool ready = context != nullptr && derive_key(key, nonce, derived) &&
                     EVP_CipherInit_ex2(context, nullptr, derived.data(),
                                        start_of(nonce.substr(gcm_nonce_bytes)), encrypting, nullptr) == 1 &&
                     EVP_CipherUpdate(context, nullptr, &ignored, start_of(bound), size_of(bound)) == 1;
  OPENSSL_cleanse(derived.data(), derived.size());
  return ready;
}

error not_sealed() { return {error_kind::internal, "cannot encrypt: the cryptographic library refuses"}; }

} // namespace

result<std::string> seal_text_with_nonce(const cipher_key& key, std::string_view nonce,
                                         std::string_view plain, std::string_view bound) {
  EVP_CIPHER_CTX* context = gcm_context();
  if (nonce.size() != cipher_nonce_bytes || !begin_message(context, key, nonce, bound, 1))
    return not_sealed();
  std::string sealed(cipher_nonce_bytes + plain.size() + cipher_tag_bytes, '\0');
  std::memcpy(sealed.data(), nonce.data(), nonce.size());
  auto* out = reinterpret_cast<unsigned char*>(sealed.data()) + cipher_nonce_bytes;
  int written = 0;
  int last = 0;
  if (EVP_CipherUpdate(context, out, &written, start_of(plain), size_of(plain)) != 1 ||
      EVP_CipherFinal_ex(context, out + written, &last) != 1 ||
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, cipher_tag_bytes, out + plain.size()) != 1)
    return not_sealed();
  return sealed;
}

result<std::string> seal_text(const cipher_key& key, std::string_view plain, std::string_view bound,
                              random_source& random) {
  const std::array<std::uint64_t, 3> nonce{random.next(), random.next(), random.next()};
  return seal_text_with_nonce(key, {reinterpret_cast<const char*>(nonce.data()), sizeof(nonce)}, plain,
                              bound);
}

std::optional<std::string> open_text(const cipher_key& key, std::string_view sealed, std::string_view bound) {
  if (sealed.size() < cipher_nonce_bytes + cipher_tag_bytes) return std::nullopt;
  EVP_CIPHER_CTX* context = gcm_context();
  if (!begin_message(context, key, sealed.substr(0, cipher_nonce_bytes), bound, 0)) return std::nullopt;
  const std::string_view body =
      sealed.substr(cipher_nonce_bytes, sealed.size() - cipher_nonce_bytes - cipher_tag_bytes);
  block tag{};
  std::memcpy(tag.data(), sealed.data() + sealed.size() - cipher_tag_bytes, cipher_tag_bytes);
  std::string plain(body.size(), '\0');
  auto* out = reinterpret_cast<unsigned char*>(plain.data());
  int written = 0;
  int last = 0;
  if (EVP_CipherUpdate(context, out, &written, start_of(body), size_of(body)) != 1 ||
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, cipher_tag_bytes, tag.data()) != 1 ||
      EVP_CipherFinal_ex(context, out + written, &last) != 1)
    return std::nullopt;
  return plain;
}

} // namespace actord::schema
