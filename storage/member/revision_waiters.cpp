#include "storage/member/revision_waiters.hpp"

#include <algorithm>
#include <utility>

namespace actord::storage {
namespace {

error too_late() {
  error out;
  out.kind = error_kind::timeout;
  out.message = "Too large resource version";
  out.retry_after_s = 1;
  return out;
}

} // namespace

void revision_waiters::fire(revision last, steady_time now) {
  if (waiting_.empty()) return;
  // Whoever is answered may add another.
  std::vector<revision_waiter> fired;
  std::erase_if(waiting_, [&](revision_waiter& one) {
    if (one.at > last && one.until > now) return false;
    fired.push_back(std::move(one));
    return true;
  });
  for (revision_waiter& one : fired) one.ready(one.at <= last ? result<void>() : too_late());
}

void revision_waiters::end() {
  for (revision_waiter& one : std::exchange(waiting_, {})) one.ready(too_late());
}

steady_time revision_waiters::deadline() const {
  steady_time first = steady_time::max();
  for (const revision_waiter& one : waiting_) first = std::min(first, one.until);
  return first;
}

} // namespace actord::storage
