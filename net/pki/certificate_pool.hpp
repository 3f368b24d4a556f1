#pragma once

#include "net/pki/digest.hpp"
#include "net/pki/openssl_handles.hpp"

#include <cstddef>
#include <mutex>
#include <unordered_map>

namespace actord::net {

/// One copy of equal certificates. OpenSSL keeps what a client showed as long as its connection lasts, taken
/// apart into some 4 KB: the thousand connections of one client share it. Bounded: two generations, of which
/// the older is dropped when the younger is full; connections keep what they hold. Any thread.
class certificate_pool {
public:
  explicit certificate_pool(std::size_t limit) : half_(limit / 2) {}

  /// The first certificate with the same bytes, which may be `shown` itself.
  certificate_handle shared(X509& shown);

private:
  using generation = std::unordered_map<sha256_digest, certificate_handle, digest_hash>;

  void keep(const sha256_digest& digest, X509& certificate);

  const std::size_t half_;
  std::mutex mutex_;
  generation young_;
  generation old_;
};

} // namespace actord::net
