#pragma once

#include "net/pki/certificates.hpp"

#include <memory>
#include <mutex>
#include <string>

namespace actord::actors {

/// Who signs for this cluster, and whose signatures are believed.
struct cluster_authority {
  net::certified_key signing;
  std::string trusted_pem; ///< one or more authorities, the signing one first
};

/// The authority at present, for all who sign or check: replaced while the daemon runs. Any thread.
class authority_holder {
public:
  explicit authority_holder(cluster_authority first)
      : current_(std::make_shared<const cluster_authority>(std::move(first))) {}

  [[nodiscard]] std::shared_ptr<const cluster_authority> current() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }
  void replace(cluster_authority next) {
    auto made = std::make_shared<const cluster_authority>(std::move(next));
    const std::lock_guard lock(mutex_);
    current_ = std::move(made);
  }

private:
  mutable std::mutex mutex_;
  std::shared_ptr<const cluster_authority> current_;
};

} // namespace actord::actors
