#include "net/pki/certificate_pool.hpp"

#include "schema/base/always.hpp"

#include <utility>

namespace actord::net {

namespace {

certificate_handle another(X509& certificate) {
  ALWAYS(X509_up_ref(&certificate) == 1);
  return certificate_handle(&certificate);
}

} // namespace

certificate_handle certificate_pool::shared(X509& shown) {
  sha256_digest digest{};
  unsigned int length = 0;
  if (X509_digest(&shown, EVP_sha256(), digest.data(), &length) != 1) return another(shown);
  const std::scoped_lock lock(mutex_);
  if (const auto found = young_.find(digest); found != young_.end()) return another(*found->second);
  const auto found = old_.find(digest);
  certificate_handle first = another(found == old_.end() ? shown : *found->second);
  keep(digest, *first);
  return first;
}

void certificate_pool::keep(const sha256_digest& digest, X509& certificate) {
  if (young_.size() >= half_) old_ = std::exchange(young_, {});
  young_.insert_or_assign(digest, another(certificate));
}

} // namespace actord::net
