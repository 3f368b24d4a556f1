#include "tests/sim/api/object_book.hpp"

#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "tests/sim/failure.hpp"

#include <algorithm>

namespace actord::sim {

std::string story_of(std::string_view stored) {
  const auto view = schema::object_view::open(stored);
  require(view.has_value(), "a member stores what is no object");
  std::string story = view->cause().actor;
  story += '\n';
  story += view->text();
  return story;
}

void object_book::read_on() {
  static const resource_id maps = schema::builtin("", "configmaps").stored_as;
  for (; read_ < history_.last(); ++read_.value) {
    const revision now{read_.value + 1};
    const fact& change = history_.at(now);
    const std::size_t line = change.text.find('\n');
    authors_.push_back(change.text.substr(0, line));
    if (change.key.resource != maps) continue;
    book_entry entry{.at = now,
                     .author = authors_.back(),
                     .name = change.key.name,
                     .before = object(change.key.name, read_),
                     .after = {},
                     .last = object_in(std::string_view(change.text).substr(line + 1))};
    entry.last.at = now;
    if (change.kind != storage::event_kind::removed) entry.after = entry.last;
    by_name_[entry.name].push_back(entries_.size());
    entries_.push_back(std::move(entry));
  }
}

const book_entry* object_book::at(revision which) const {
  const auto found = std::ranges::lower_bound(entries_, which, {}, &book_entry::at);
  return found == entries_.end() || found->at != which ? nullptr : &*found;
}

std::optional<held_object> object_book::object(const std::string& name, revision when) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return {};
  const auto after = std::ranges::upper_bound(found->second, when, {},
                                              [this](std::size_t place) { return entries_[place].at; });
  if (after == found->second.begin()) return {};
  return entries_[*(after - 1)].after;
}

std::map<std::string, held_object> object_book::all(revision when) const {
  std::map<std::string, held_object> there;
  for (const auto& [name, places] : by_name_)
    if (auto held = object(name, when)) there.emplace(name, std::move(*held));
  return there;
}

} // namespace actord::sim
