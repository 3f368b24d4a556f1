#include "net/pki/signed_token.hpp"

#include "net/pki/openssl_handles.hpp"

#include <array>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <optional>
#include <vector>

namespace actord::net {
namespace {

constexpr int coordinate_bytes = 32; ///< P-256
constexpr std::string_view header = R"({"alg":"ES256","typ":"JWT"})";
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

using digest_handle = std::unique_ptr<EVP_MD_CTX, openssl_release<EVP_MD_CTX_free>>;
using signature_handle = std::unique_ptr<ECDSA_SIG, openssl_release<ECDSA_SIG_free>>;

std::string encode(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8U | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j <= count; ++j) text += alphabet[group >> (18U - 6U * j) & 63U];
  }
  return text;
}

std::optional<std::string> decode(std::string_view text) {
  std::string bytes;
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (const char letter : text) {
    const std::size_t value = alphabet.find(letter);
    if (value == std::string_view::npos) return {};
    group = group << 6U | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 255U);
  }
  return bytes;
}

error invalid_token() {
  return {.kind = error_kind::unauthorized, .message = "invalid bearer token", .causes = {}, .subject = {}};
}

key_handle parse_public_key(std::string_view pem) {
  const bio_handle bio = memory_bio(pem);
  return key_handle(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
}

/// OpenSSL signs in DER, web tokens carry the two numbers side by side.
std::optional<std::string> to_fixed(const std::vector<unsigned char>& der) {
  const unsigned char* at = der.data();
  const signature_handle parsed(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!parsed) return {};
  std::array<unsigned char, 2 * coordinate_bytes> raw{};
  if (BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), raw.data(), coordinate_bytes) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), raw.data() + coordinate_bytes, coordinate_bytes) < 0)
    return {};
  return std::string(reinterpret_cast<const char*>(raw.data()), raw.size());
}

std::vector<unsigned char> to_der(std::string_view fixed) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(fixed.data());
  const signature_handle signature(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes, coordinate_bytes, nullptr);
  BIGNUM* s = BN_bin2bn(bytes + coordinate_bytes, coordinate_bytes, nullptr);
  ECDSA_SIG_set0(signature.get(), r, s); // owns both now
  unsigned char* der = nullptr;
  const int length = i2d_ECDSA_SIG(signature.get(), &der);
  std::vector<unsigned char> out(der, der + std::max(0, length));
  OPENSSL_free(der);
  return out;
}

} // namespace

result<std::string> sign_token(const signing_key& key, std::string_view claims) {
  const key_handle secret = parse_private_key(key.private_pem);
  if (!secret) return openssl_error("cannot read the token signing key");
  std::string token = encode(header) + "." + encode(claims);
  const digest_handle digest(EVP_MD_CTX_new());
  std::size_t length = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(token.data());
  if (EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, secret.get()) != 1 ||
      EVP_DigestSign(digest.get(), nullptr, &length, bytes, token.size()) != 1)
    return openssl_error("cannot sign a token");
  std::vector<unsigned char> der(length);
  if (EVP_DigestSign(digest.get(), der.data(), &length, bytes, token.size()) != 1)
    return openssl_error("cannot sign a token");
  der.resize(length);
  const auto fixed = to_fixed(der);
  if (!fixed) return openssl_error("cannot sign a token");
  return token + "." + encode(*fixed);
}

result<std::string> verify_token(std::string_view public_pem, std::string_view token) {
  const std::size_t last = token.rfind('.');
  const std::size_t first = token.find('.');
  if (last == std::string_view::npos || first == last) return invalid_token();
  // Only our own header: a token cannot choose how it is checked.
  const auto named = decode(token.substr(0, first));
  const auto fixed = decode(token.substr(last + 1));
  const auto claims = decode(token.substr(first + 1, last - first - 1));
  if (!named || *named != header || !fixed || fixed->size() != 2 * coordinate_bytes || !claims)
    return invalid_token();
  const key_handle key = parse_public_key(public_pem);
  if (!key) return openssl_error("cannot read the token key");
  const std::vector<unsigned char> der = to_der(*fixed);
  const digest_handle digest(EVP_MD_CTX_new());
  if (EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestVerify(digest.get(), der.data(), der.size(),
                       reinterpret_cast<const unsigned char*>(token.data()), last) != 1)
    return invalid_token();
  return *claims;
}

} // namespace actord::net
