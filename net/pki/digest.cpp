#include "net/pki/digest.hpp"

#include "net/pki/openssl_handles.hpp"
#include "schema/base/always.hpp"

namespace actord::net {

sha256_digest sha256(std::string_view bytes) {
  using context_handle = std::unique_ptr<EVP_MD_CTX, openssl_release<EVP_MD_CTX_free>>;
  // Finding the algorithm and making a context costs more than the digest of a short text.
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const context_handle context(EVP_MD_CTX_new());
  sha256_digest out{};
  ALWAYS(EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1 &&
         EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1 &&
         EVP_DigestFinal_ex(context.get(), out.data(), nullptr) == 1);
  return out;
}

} // namespace actord::net
