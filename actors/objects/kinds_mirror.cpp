#include "actors/objects/kinds_mirror.hpp"

#include "schema/object/stored_object.hpp"

#include <spdlog/spdlog.h>
#include <utility>

namespace actord::actors {
namespace {

constexpr std::size_t events_at_once = 256;

} // namespace

kinds_mirror::kinds_mirror(storage::store& store, std::vector<resource_id> kinds, std::string_view what)
    : store_(store), kinds_(std::move(kinds)), what_(what), cursors_(kinds_.size()) {}

void kinds_mirror::take_turn() const {
  const std::lock_guard lock(mutex_);
  const std::uint64_t told = told_.load(std::memory_order_acquire);
  if (seen_.load(std::memory_order_acquire) == told) return;
  // Before the first time there is no cursor.
  if (!take_in_events()) {
    read_all();
    // A cursor tells of what is new only after it was found empty once.
    take_in_events();
  }
  publish();
  seen_.store(told, std::memory_order_release);
}

bool kinds_mirror::take_in_events() const {
  for (std::size_t which = 0; which < kinds_.size(); ++which) {
    if (!cursors_[which]) return false;
    for (bool more = true; more;) {
      const auto events = cursors_[which]->next(events_at_once);
      if (!events) return false;
      more = !events->empty();
      for (const storage::store_event& event : *events) {
        if (event.kind == storage::event_kind::removed)
          forget(which, event.key);
        else
          take_in(which, event.key, *event.value);
      }
    }
  }
  return true;
}

void kinds_mirror::read_all() const {
  forget_all();
  const auto reads = store_.read();
  for (std::size_t which = 0; which < kinds_.size(); ++which) {
    auto cursor = store_.watch({.resource = kinds_[which], .space = {}, .name = {}}, reads->at(),
                               [this] { told_.fetch_add(1, std::memory_order_acq_rel); });
    // Without a cursor the next question would never learn of a change: keep reading all instead.
    if (!cursor) {
      spdlog::error("cannot watch {}: {}", what_, cursor.error().message);
      told_.fetch_add(1, std::memory_order_acq_rel);
    }
    cursors_[which] = cursor ? std::move(*cursor) : nullptr;
    reads->scan(kinds_[which], {}, [&](std::string_view bytes) {
      if (const auto view = schema::object_view::open(bytes))
        take_in(which, view->key(), bytes);
      else
        spdlog::error("of the {} a damaged one is left out: {}", what_, view.error().message);
      return true;
    });
  }
}

} // namespace actord::actors
