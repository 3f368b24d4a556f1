#pragma once

#include "net/pki/digest.hpp"

#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>

namespace actord::actors {

/// What tokens with a good signature say, by the token's hash. Bounded: two generations, of which the older
/// is dropped when the younger is full, so what is in use stays. Any thread.
template <class Claims>
class verified_tokens {
public:
  explicit verified_tokens(std::size_t limit = 2048) : half_(limit / 2) {}

  /// Null when it is not known.
  std::shared_ptr<const Claims> find(const net::sha256_digest& token) {
    const std::lock_guard lock(mutex_);
    if (const auto found = young_.find(token); found != young_.end()) return found->second;
    const auto found = old_.find(token);
    if (found == old_.end()) return nullptr;
    std::shared_ptr<const Claims> claims = found->second;
    insert(token, claims);
    return claims;
  }

  void remember(const net::sha256_digest& token, std::shared_ptr<const Claims> claims) {
    const std::lock_guard lock(mutex_);
    insert(token, std::move(claims));
  }

  void forget_all() {
    const std::lock_guard lock(mutex_);
    young_.clear();
    old_.clear();
  }

  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return young_.size() + old_.size();
  }

private:
  using generation = std::unordered_map<net::sha256_digest, std::shared_ptr<const Claims>, net::digest_hash>;

  void insert(const net::sha256_digest& token, std::shared_ptr<const Claims> claims) {
    if (young_.size() >= half_) old_ = std::exchange(young_, {});
    young_.insert_or_assign(token, std::move(claims));
  }

  const std::size_t half_;
  mutable std::mutex mutex_;
  generation young_;
  generation old_;
};

} // namespace actord::actors
