#include "actors/conversion/converted_forms.hpp"

#include <iterator>

namespace actord::actors {
namespace {

/// What an entry costs besides its bytes.
constexpr std::size_t entry_bytes = 256;

} // namespace

std::size_t converted_forms::weight(const entry& one) {
  return one.form->size() + 2 * one.of.size() + entry_bytes;
}

void converted_forms::drop(place which) {
  bytes_ -= weight(*which);
  by_key_.erase(which->of);
  entries_.erase(which);
}

shared_bytes converted_forms::find(const key& of, steady_time now) {
  const auto found = by_key_.find(of);
  if (found == by_key_.end()) return nullptr;
  const place at = found->second;
  if (at->until <= now) {
    drop(at);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, at);
  return at->form;
}

void converted_forms::keep(const key& of, shared_bytes form, steady_time now) {
  if (const auto found = by_key_.find(of); found != by_key_.end()) drop(found->second);
  entries_.push_front({of, std::move(form), now + kept_for});
  by_key_.emplace(of, entries_.begin());
  bytes_ += weight(entries_.front());
  while (bytes_ > bytes_max) drop(std::prev(entries_.end()));
}

} // namespace actord::actors
