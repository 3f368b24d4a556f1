#pragma once

#include "storage/store.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace actord::sim {

/// One committed change as all members must agree on it.
struct fact {
  storage::event_kind kind = storage::event_kind::added;
  object_key key;
  std::string text; ///< of the value, a removal's last form too

  bool operator==(const fact&) const = default;
};

/// The history of the whole cluster, put together from what members hand to watchers: the first to tell of a
/// revision sets it, every other must tell the same.
class truth {
public:
  /// Throws `failure` when another member told something else, or a revision was left out.
  void tell(const std::string& who, revision at, const fact& what);

  [[nodiscard]] revision last() const { return revision{facts_.size()}; }
  [[nodiscard]] const fact& at(revision which) const { return facts_[which.value - 1]; }
  [[nodiscard]] const std::vector<fact>& facts() const { return facts_; }
  /// What a key held once revision `when` was applied; none when it did not exist.
  [[nodiscard]] std::optional<std::string> text(const object_key& key, revision when) const;
  /// How many keys existed then.
  [[nodiscard]] std::size_t count(revision when) const;
  /// Of all keys there have been.
  [[nodiscard]] const std::set<resource_id>& resources() const { return resources_; }

private:
  std::vector<fact> facts_; ///< revision 1 first
  std::map<object_key, std::vector<revision>> changes_;
  std::set<resource_id> resources_;
};

} // namespace actord::sim
