#pragma once

#include "tests/sim/api/held_object.hpp"
#include "tests/sim/truth.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::sim {

/// One revision that is a change of a ConfigMap.
struct book_entry {
  revision at;
  std::string author; ///< whom the object's cause names
  std::string name;
  std::optional<held_object> before, after;
  held_object last; ///< of a removal: its final form, at this revision
};

/// What two members must agree on of a stored object, and what the book reads: its author, then its text.
std::string story_of(std::string_view stored);

/// The history of the cluster as the one of its ConfigMaps in one namespace.
class object_book {
public:
  explicit object_book(const truth& history) : history_(history) {}

  /// Reads on; the new entries are at the end.
  void read_on();
  [[nodiscard]] const std::vector<book_entry>& entries() const { return entries_; }
  [[nodiscard]] revision last() const { return read_; }
  [[nodiscard]] const book_entry* at(revision which) const;
  /// Who caused each revision, those of other kinds too.
  [[nodiscard]] const std::vector<std::string>& authors() const { return authors_; }

  /// None when it did not exist then.
  [[nodiscard]] std::optional<held_object> object(const std::string& name, revision when) const;
  [[nodiscard]] std::map<std::string, held_object> all(revision when) const;
  /// Whether the object was one of which `right` is true at some moment from `first` to `last`.
  template <class Predicate>
  [[nodiscard]] bool was(const std::string& name, revision first, revision last, Predicate right) const {
    if (right(object(name, first))) return true;
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return false;
    for (const std::size_t place : found->second) {
      const book_entry& entry = entries_[place];
      if (entry.at > first && entry.at <= last && right(entry.after)) return true;
    }
    return false;
  }

private:
  const truth& history_;
  revision read_;
  std::vector<book_entry> entries_;
  std::vector<std::string> authors_; ///< of revision 1 first
  std::map<std::string, std::vector<std::size_t>> by_name_;
};

} // namespace actord::sim
