#include "actors/objects/root_certificate.hpp"

#include <list>
#include <mutex>
#include <utility>

namespace actord::actors {

struct root_certificate::state {
  std::mutex mutex;
  std::string pem;
  std::list<std::function<void()>> listeners;
};

root_certificate::root_certificate(std::string pem) : state_(std::make_shared<state>()) {
  state_->pem = std::move(pem);
}

std::string root_certificate::pem() const {
  const std::lock_guard lock(state_->mutex);
  return state_->pem;
}

void root_certificate::replace(std::string pem) const {
  const std::lock_guard lock(state_->mutex);
  if (state_->pem == pem) return;
  state_->pem = std::move(pem);
  for (const auto& changed : state_->listeners) changed();
}

std::shared_ptr<void> root_certificate::on_change(std::function<void()> changed) const {
  const std::lock_guard lock(state_->mutex);
  const auto at = state_->listeners.insert(state_->listeners.end(), std::move(changed));
  return {nullptr, [state = state_, at](std::nullptr_t) {
            const std::lock_guard hold(state->mutex);
            state->listeners.erase(at);
          }};
}

} // namespace actord::actors
