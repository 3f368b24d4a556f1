#include "net/pki/signed_token.hpp"

#include "net/pki/base64url.hpp"
#include "net/pki/openssl_handles.hpp"
#include "schema/base/json.hpp"

#include <array>
#include <openssl/ecdsa.h>
#include <vector>

namespace actord::net {
namespace {

constexpr int coordinate_bytes = 32; ///< P-256

using digest_handle = std::unique_ptr<EVP_MD_CTX, openssl_release<EVP_MD_CTX_free>>;
using signature_handle = std::unique_ptr<ECDSA_SIG, openssl_release<ECDSA_SIG_free>>;

error invalid_token() {
  return {.kind = error_kind::unauthorized, .message = "invalid bearer token", .causes = {}, .subject = {}};
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

} // namespace

std::optional<web_token> parse_web_token(std::string_view token) {
  const std::size_t last = token.rfind('.');
  const std::size_t first = token.find('.');
  if (last == std::string_view::npos || first == last) return {};
  const auto header_text = from_base64url(token.substr(0, first));
  auto claims = from_base64url(token.substr(first + 1, last - first - 1));
  auto signature = from_base64url(token.substr(last + 1));
  if (!header_text || !claims || !signature) return {};
  const json header = json::parse(*header_text, nullptr, false);
  if (!header.is_object() || header.contains("crit")) return {};
  const auto algorithm = header.find("alg");
  if (algorithm == header.end() || !algorithm->is_string()) return {};
  const auto id = header.find("kid");
  return web_token{.algorithm = algorithm->get<std::string>(),
                   .key_id = id != header.end() && id->is_string() ? id->get<std::string>() : std::string(),
                   .claims = std::move(*claims),
                   .signature = std::move(*signature),
                   .signed_part = token.substr(0, last)};
}

result<std::string> sign_token(const signing_key& key, std::string_view claims) {
  const key_handle secret = parse_private_key(key.private_pem);
  if (!secret) return openssl_error("cannot read the token signing key");
  const auto shown = web_key::from_pem(key.public_pem);
  if (!shown) return shown.error();
  const json header = {{"alg", "ES256"}, {"kid", shown->id()}};
  std::string token = base64url(header.dump()) + "." + base64url(claims);
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
  return token + "." + base64url(*fixed);
}

result<std::string> verify_token(const web_key& key, std::string_view token) {
  auto parsed = parse_web_token(token);
  // The algorithm is the key's: a token cannot choose how it is checked.
  if (!parsed || parsed->algorithm != key.algorithm()) return invalid_token();
  if (!parsed->key_id.empty() && parsed->key_id != key.id()) return invalid_token();
  if (!key.verifies(parsed->algorithm, parsed->signed_part, parsed->signature)) return invalid_token();
  return std::move(parsed->claims);
}

} // namespace actord::net
