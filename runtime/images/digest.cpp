#include "runtime/images/digest.hpp"

#include "schema/base/always.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace actord::runtime {

struct sha256_digest::state {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

sha256_digest::sha256_digest() : state_(std::make_unique<state>()) {
  ALWAYS(EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr) == 1);
}
sha256_digest::~sha256_digest() = default;
sha256_digest::sha256_digest(sha256_digest&&) noexcept = default;
sha256_digest& sha256_digest::operator=(sha256_digest&&) noexcept = default;

void sha256_digest::update(std::string_view bytes) {
  ALWAYS(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

std::string sha256_digest::finish() {
  std::array<unsigned char, 32> raw{};
  ALWAYS(EVP_DigestFinal_ex(state_->context.get(), raw.data(), nullptr) == 1);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(raw.size() * 2);
  for (const unsigned char byte : raw) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string sha256_hex(std::string_view bytes) {
  sha256_digest digest;
  digest.update(bytes);
  return digest.finish();
}

std::string_view digest_hex(std::string_view digest) {
  constexpr std::string_view prefix = "sha256:";
  if (!digest.starts_with(prefix) || digest.size() != prefix.size() + 64) return {};
  digest.remove_prefix(prefix.size());
  const bool hex = std::all_of(digest.begin(), digest.end(),
                               [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  return hex ? digest : std::string_view{};
}

} // namespace actord::runtime
