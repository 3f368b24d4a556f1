#include "schema/crypt/key_derivation.hpp"

#include <memory>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

namespace actord::schema {
namespace {

struct release_derivation {
  void operator()(EVP_KDF* function) const { EVP_KDF_free(function); }
  void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
};

OSSL_PARAM bytes_of(const char* name, std::string_view bytes) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(bytes.data()), bytes.size());
}

} // namespace

result<cipher_key> derive_cipher_key(std::string_view secret, std::string_view salt,
                                     std::string_view purpose) {
  const std::unique_ptr<EVP_KDF, release_derivation> function(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
  const std::unique_ptr<EVP_KDF_CTX, release_derivation> context(function ? EVP_KDF_CTX_new(function.get())
                                                                          : nullptr);
  std::string digest = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), digest.size()),
      bytes_of(OSSL_KDF_PARAM_KEY, secret), bytes_of(OSSL_KDF_PARAM_SALT, salt),
      bytes_of(OSSL_KDF_PARAM_INFO, purpose), OSSL_PARAM_construct_end()};
  cipher_key key{};
  if (!context || EVP_KDF_derive(context.get(), key.data(), key.size(), parameters) != 1)
    return error{.kind = error_kind::internal, .message = "a key cannot be derived"};
  return key;
}

} // namespace actord::schema
