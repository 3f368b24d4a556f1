#pragma once

#include "storage/cluster.hpp"

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace actord::storage {

/// Who leads, and those who want to hear of it: each hears every change once, in order, beginning with what
/// was known when it came.
class leadership_board {
public:
  void tell(const leadership& news) {
    const std::scoped_lock hold(shared_->mutex);
    if (news == shared_->known) return;
    shared_->known = news;
    for (const auto* listener : shared_->listeners) (*listener)(news);
  }
  [[nodiscard]] leadership known() const {
    const std::scoped_lock hold(shared_->mutex);
    return shared_->known;
  }
  [[nodiscard]] std::shared_ptr<void> add(leadership_listener listener) {
    const auto entry = std::make_shared<leadership_listener>(std::move(listener));
    const std::scoped_lock hold(shared_->mutex);
    shared_->listeners.push_back(entry.get());
    (*entry)(shared_->known);
    // The handle may outlive the store.
    return {entry.get(), [shared = shared_, entry](void*) {
              const std::scoped_lock ending(shared->mutex);
              std::erase(shared->listeners, entry.get());
            }};
  }

private:
  struct shared {
    std::mutex mutex; ///< held while telling
    leadership known;
    std::vector<leadership_listener*> listeners;
  };
  std::shared_ptr<shared> shared_ = std::make_shared<shared>();
};

} // namespace actord::storage
