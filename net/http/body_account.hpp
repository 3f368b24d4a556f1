#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace actord::net {

/// Memory of all requests whose bodies are not complete yet, of all connections of a server together: each is
/// limited, but their number is not.
struct body_account {
  explicit body_account(std::size_t most_bytes) : limit_bytes(most_bytes) {}

  const std::size_t limit_bytes;
  std::atomic<std::size_t> held_bytes{0};
};

/// One body's part of the account, given back at its end.
class body_claim {
public:
  body_claim() = default;
  explicit body_claim(std::shared_ptr<body_account> account) : account_(std::move(account)) {}
  body_claim(const body_claim&) = delete;
  body_claim& operator=(const body_claim&) = delete;
  body_claim(body_claim&& other) noexcept
      : account_(std::move(other.account_)), bytes_(std::exchange(other.bytes_, 0)) {}
  body_claim& operator=(body_claim&& other) noexcept {
    release();
    account_ = std::move(other.account_);
    bytes_ = std::exchange(other.bytes_, 0);
    return *this;
  }
  ~body_claim() { release(); }

  /// False when the server holds too much already.
  [[nodiscard]] bool grow(std::size_t bytes) {
    if (!account_) return true;
    bytes_ += bytes;
    return account_->held_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes <= account_->limit_bytes;
  }
  void release() {
    if (account_) account_->held_bytes.fetch_sub(std::exchange(bytes_, 0), std::memory_order_relaxed);
  }

private:
  std::shared_ptr<body_account> account_;
  std::size_t bytes_ = 0;
};

} // namespace actord::net
