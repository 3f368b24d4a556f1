#pragma once

#include "schema/base/result.hpp"

#include <string>
#include <utility>

namespace actord::storage::kv {

/// Keeps every other process away from the store in a directory for as long as it lives; the kernel lets go
/// of it with the process, however that ends.
class directory_lock {
public:
  /// `conflict` when another process uses the store.
  static result<directory_lock> take(const std::string& directory);

  directory_lock(directory_lock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  directory_lock& operator=(directory_lock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~directory_lock();

private:
  explicit directory_lock(int file) : file_(file) {}

  int file_;
};

} // namespace actord::storage::kv
