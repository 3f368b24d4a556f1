#include "storage/settled.hpp"

#include <future>
#include <utility>

namespace actord::storage {

result<void> settled(const outcome& what) {
  if (const auto* no = std::get_if<refused>(&what)) return no->why;
  if (const auto* lost = std::get_if<unknown>(&what))
    return error{.kind = error_kind::unavailable, .message = lost->why};
  return {};
}

result<void> propose_and_wait(store& to, transaction what) {
  std::promise<result<void>> stored;
  to.propose(std::move(what), [&stored](const outcome& done) { stored.set_value(settled(done)); });
  return stored.get_future().get();
}

} // namespace actord::storage
