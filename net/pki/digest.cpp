#include "net/pki/digest.hpp"

#include "schema/base/always.hpp"

#include <openssl/evp.h>

namespace actord::net {

sha256_digest sha256(std::string_view bytes) {
  sha256_digest out{};
  unsigned int length = 0;
  ALWAYS(EVP_Digest(bytes.data(), bytes.size(), out.data(), &length, EVP_sha256(), nullptr) == 1);
  return out;
}

} // namespace actord::net
