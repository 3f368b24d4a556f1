#include "tests/sim/truth.hpp"

#include "tests/sim/failure.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::sim {

void truth::tell(const std::string& who, revision at, const fact& what) {
  if (at.value <= facts_.size()) {
    const fact& known = facts_[at.value - 1];
    require(known == what, "{} tells another story of revision {}: {} '{}' instead of {} '{}'", who, at.value,
            what.key.name, what.text, known.key.name, known.text);
    return;
  }
  require(at.value == facts_.size() + 1, "{} tells of revision {} after {}", who, at.value, facts_.size());
  facts_.push_back(what);
  changes_[what.key].push_back(at);
  resources_.insert(what.key.resource);
}

std::optional<std::string> truth::text(const object_key& key, revision when) const {
  const auto found = changes_.find(key);
  if (found == changes_.end()) return std::nullopt;
  const auto after = std::ranges::upper_bound(found->second, when);
  if (after == found->second.begin()) return std::nullopt;
  const fact& last = at(*(after - 1));
  if (last.kind == storage::event_kind::removed) return std::nullopt;
  return last.text;
}

std::size_t truth::count(revision when) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      changes_, [&](const auto& changed) { return text(changed.first, when).has_value(); }));
}

} // namespace actord::sim
