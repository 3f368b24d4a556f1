#include "storage/read/history.hpp"

#include "schema/base/always.hpp"
#include "storage/encoding/bytes.hpp"
#include "storage/layout.hpp"
#include "storage/log/log_table.hpp"

namespace actord::storage {

bool in_scope(const watch_scope& scope, const object_key& key) {
  return (!scope.resource || *scope.resource == key.resource) &&
         (scope.space.empty() || scope.space == key.space) && (scope.name.empty() || scope.name == key.name);
}

error history_expired(revision asked, revision compacted) {
  error out;
  out.kind = error_kind::expired;
  out.message = "too old resource version: " + std::to_string(asked.value) + " (" +
                std::to_string(compacted.value) + ")";
  return out;
}

result<std::string> read_version(const kv::read_view& view, std::string_view address, revision at,
                                 revision replaced_by) {
  const auto row = view.get(kv::table::versions, layout::version_row(address, replaced_by));
  ALWAYS(row && row->size() >= sizeof(std::uint64_t));
  ALWAYS(load_little<std::uint64_t>(*row) == at.value);
  if (row->size() > sizeof(std::uint64_t)) return std::string(row->substr(sizeof(std::uint64_t)));
  auto logged = log_reader(view).version(at);
  ALWAYS_WITH(logged && logged->at == at, "a version that history promises is not in the log");
  return std::move(logged->value);
}

result<history_page> read_history(const kv::read_view& view, const watch_scope& scope, revision after,
                                  std::size_t max_events, std::size_t max_bytes) {
  const member_state state = load_state(view);
  if (after < state.history_from()) return history_expired(after, state.history_from());
  history_page page;
  page.reached = after;
  if (after >= state.last) return page;
  const log_reader log(view);
  auto batch = log.holding(revision{after.value + 1});
  ALWAYS_WITH(batch.has_value(), "history that is not compacted is not in the log");
  const bool everything = !scope.resource && scope.space.empty() && scope.name.empty();
  std::size_t bytes = 0;
  raft_index index = batch->first;
  batch_header header = batch->second;
  while (page.reached < state.last) {
    const revision next{page.reached.value + 1};
    while (header.base.value + header.items <= next.value) {
      ++index.value;
      ALWAYS(index <= state.applied);
      if (auto following = log.batch(index)) header = *following;
    }
    if (page.events.size() >= max_events || bytes >= max_bytes) {
      page.more = true;
      return page;
    }
    const auto position = static_cast<std::uint32_t>(next.value - header.base.value);
    page.reached = next;
    bytes += item_front_bytes;
    if (!everything && !in_scope(scope, log.item_key(index, header, position))) continue;
    logged_item item = log.item(index, header, position);
    bytes += item.value.size();
    store_event event{event_kind::added, next, std::move(item.key), share_bytes(std::move(item.value)),
                      nullptr};
    if (item.previous.value != 0) {
      event.kind = item.kind == item_kind::remove ? event_kind::removed : event_kind::modified;
      auto previous = read_version(view, layout::address(event.key), item.previous, next);
      if (!previous) return std::move(previous).error();
      event.previous = share_bytes(std::move(previous).value());
    }
    page.events.push_back(std::move(event));
  }
  return page;
}

result<std::string> object_at(const kv::read_view& view, const value_codec& codec, std::string_view address,
                              std::string_view current, revision past) {
  if (!current.empty() && codec.revision_of(current) <= past) return std::string(current);
  const auto cursor = view.walk(kv::table::versions);
  const std::string prefix = layout::version_prefix(address);
  const bool found = cursor->seek(layout::version_row(address, revision{past.value + 1})) &&
                     cursor->key().starts_with(prefix) &&
                     cursor->key().size() == prefix.size() + sizeof(std::uint64_t);
  if (!found) return std::string();
  const revision replaced_by{load_big<std::uint64_t>(cursor->key().substr(prefix.size()))};
  const revision at{load_little<std::uint64_t>(cursor->value())};
  // The oldest change above `past` replaced something younger than `past`: the object was created in between.
  if (at > past) return std::string();
  return read_version(view, address, at, replaced_by);
}

} // namespace actord::storage
