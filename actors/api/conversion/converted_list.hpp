#pragma once

#include "actors/api/list_page.hpp"
#include "actors/conversion/form_source.hpp"

#include <functional>

/// Lists of kinds whose versions a webhook converts: what selectors look at, labels too, may be different in
/// each version, so that objects are converted before they are selected.

namespace actord::actors {

struct converted_page {
  std::vector<shared_bytes> values; ///< as if stored in the version that was asked for
  revision at;
  std::optional<continuation> next;
};

struct converted_question {
  schema::resource_handle type;
  std::string space;
  object_selector selector;
  std::size_t limit = 0;
  storage::list_position from;
  std::optional<std::int64_t> remaining;
  std::optional<revision> past; ///< none: as things are when the list is read
};

/// Part of a selector that says the same in all versions.
object_selector same_in_all_versions(const object_selector& selector);

/// Calls `done` once, maybe before it returns. The store must outlive that.
void read_converted_page(storage::store& store, const form_source_handle& forms, converted_question question,
                         std::function<void(result<converted_page>)> done);

} // namespace actord::actors
