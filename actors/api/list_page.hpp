#pragma once

#include "actors/api/request_options.hpp"
#include "storage/store.hpp"

namespace actord::actors {

/// Where the next page of a list begins, and at which revision all its pages are (0: each page as it is when
/// it is read, after the history of the list is gone).
struct continuation {
  revision at;
  storage::list_position from;
  std::optional<std::int64_t> remaining; ///< objects not handed out yet, when no selector hides any

  bool operator==(const continuation& other) const {
    return at == other.at && from.space == other.from.space && from.name == other.from.name &&
           remaining == other.remaining;
  }
};
std::string encode_continuation(const continuation& place);
result<continuation> decode_continuation(std::string_view token);

/// One page: encoded objects that match. `values` point into the snapshot or into `kept`.
struct object_page {
  std::vector<std::string_view> values;
  std::vector<std::unique_ptr<std::string>> kept; ///< objects as they were, from history
  revision at;
  std::optional<continuation> next;
};

/// What to read: one resource in one namespace (empty: in all).
struct page_question {
  const schema::resource_type& type;
  std::string_view space;
  const object_selector& selector;
  std::size_t limit = 0;
  storage::list_position from;
  std::optional<std::int64_t> remaining; ///< carried over from the page before
};

/// The page of the snapshot's own state.
object_page read_page(const storage::snapshot& reads, const page_question& question);
/// The page as it was at an earlier revision: what did not change since then, and the history of what did.
result<object_page> read_past_page(storage::store& store, const storage::snapshot& reads,
                                   const page_question& question, revision past);

} // namespace actord::actors
