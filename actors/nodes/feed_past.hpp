#pragma once

#include "actors/nodes/feed_scope.hpp"
#include "storage/store.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace actord::actors {

/// What a worker holds that had got to some revision and was not told more, or not all of it: found from what
/// happened since then and what is now. Fed with every event of the scope's resources after that revision, in
/// the order of each resource; pure bookkeeping.
///
///   revision 900: pod a names secret s          held at 900: a, s
///   901: a names t instead                      events: a (before: names s)
///   now: a names t                              looked at again: a; telling a ends s and begins t
///
/// What came and went in between the worker may or may not have seen: it counts as held at revision 0, so
/// that it is told that it is gone.
class feed_past {
public:
  explicit feed_past(std::string node);

  void add(const storage::store_event& event);

  struct picture {
    std::unique_ptr<feed_scope> scope;   ///< as it was
    std::map<object_key, revision> held; ///< as it was; 0: perhaps, in whatever form
    std::vector<object_key> to_look_at;  ///< may be otherwise now; pods first
  };
  /// `now` is not older than the first event and not newer than the last ones that were added.
  [[nodiscard]] picture as_of(const storage::snapshot& now) const;

private:
  [[nodiscard]] bool is_ours(std::string_view pod) const;
  /// The bytes before the first event, or those of now where there was none.
  [[nodiscard]] std::string_view before(const object_key& key, const storage::snapshot& now) const;

  const std::string node_;
  const resource_id nodes_;
  const resource_id pods_;
  const resource_id services_;
  const resource_id slices_;
  std::map<object_key, shared_bytes> first_; ///< of each key with an event, what was before it; null: nothing
  std::set<object_key> perhaps_;             ///< pods of ours and what they named, at any time since
};

} // namespace actord::actors
