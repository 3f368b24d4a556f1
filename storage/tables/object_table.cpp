#include "storage/tables/object_table.hpp"

#include "schema/base/always.hpp"
#include "storage/encoding/bytes.hpp"
#include "storage/encoding/checksum.hpp"
#include "storage/layout.hpp"
#include "storage/log/log_table.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::storage {
namespace {

using kv::table;

struct index_row {
  table where;
  std::string key;

  auto operator<=>(const index_row&) const = default;
};

std::vector<index_row> rows_of(const value_facts& facts, resource_id resource, std::string_view address) {
  std::vector<index_row> rows;
  rows.reserve(facts.labels.size() + facts.owner_uids.size() + 2);
  for (const std::string& uid : facts.owner_uids) {
    rows.push_back({table::by_owner, layout::owner_prefix(uid).append(address)});
  }
  for (const auto& [label, value] : facts.labels) {
    rows.push_back({table::by_label, layout::label_row(resource, label, value, address)});
  }
  if (!facts.node.empty()) rows.push_back({table::by_node, layout::node_prefix(facts.node).append(address)});
  if (facts.deadline.time_since_epoch().count() > 0) {
    rows.push_back({table::by_deadline, layout::deadline_prefix(facts.deadline).append(address)});
  }
  std::ranges::sort(rows);
  const auto same = std::ranges::unique(rows);
  rows.erase(same.begin(), same.end());
  return rows;
}

value_facts facts_of(const value_codec& codec, std::string_view value) {
  auto facts = codec.facts(value);
  ALWAYS_WITH(facts.has_value(), "a value in the log cannot be read");
  return std::move(facts).value();
}

/// Writes index rows only where they differ: an update of a status touches none.
void move_indexes(kv::write_batch& out, const object_key& key, std::string_view address,
                  const std::vector<index_row>& before, const std::vector<index_row>& after) {
  std::vector<index_row> gone;
  std::vector<index_row> added;
  std::ranges::set_difference(before, after, std::back_inserter(gone));
  std::ranges::set_difference(after, before, std::back_inserter(added));
  for (const index_row& row : gone) ALWAYS(out.erase(row.where, row.key) || out.full());
  if (added.empty()) return;
  const std::string names = layout::full_names(key, address);
  for (const index_row& row : added) out.put(row.where, row.key, names);
}

class item_applier {
public:
  item_applier(kv::write_batch& out, const value_codec& codec, member_state& state)
      : out_(out), codec_(codec), state_(state) {}

  store_event apply(const log_item& item, revision at, const sealed_value* sealed) {
    const std::string address = layout::address(item.key);
    store_event event{event_kind::added, at, item.key, nullptr, nullptr};
    std::vector<index_row> before;
    if (item.previous.value != 0) {
      event.previous = previous_of(item, address);
      if (out_.full()) return event;
      state_.hash -= row_hash(address, *event.previous);
      before = rows_of(facts_of(codec_, *event.previous), item.key.resource, address);
      remember_version(address, item.previous, at, *event.previous);
    }
    event.value = sealed != nullptr ? sealed->bytes : share_bytes(std::string(item.value));
    ALWAYS(event.value->size() == item.value.size() && codec_.revision_of(item.value) == at);
    std::vector<index_row> after;
    if (item.kind == item_kind::remove) {
      ALWAYS(item.previous.value != 0);
      event.kind = event_kind::removed;
      out_.erase(table::objects, address);
    } else {
      if (item.previous.value != 0) event.kind = event_kind::modified;
      write_object(item, address);
      after = rows_of(sealed != nullptr ? sealed->facts : facts_of(codec_, item.value), item.key.resource,
                      address);
    }
    move_indexes(out_, item.key, address, before, after);
    return event;
  }

private:
  shared_bytes previous_of(const log_item& item, const std::string& address) {
    const auto there = out_.get(table::objects, address);
    if (out_.full()) return nullptr;
    ALWAYS_WITH(there && codec_.revision_of(*there) == item.previous,
                fmt::format("{}/{}: expected revision {}, found {}", item.key.space, item.key.name,
                            item.previous.value, there ? codec_.revision_of(*there).value : 0));
    return share_bytes(std::string(*there));
  }
  void write_object(const log_item& item, const std::string& address) {
    state_.hash += row_hash(address, item.value);
    if (item.previous.value != 0) {
      out_.put(table::objects, address, item.value);
      return;
    }
    const auto there = out_.insert(table::objects, address, item.value);
    ALWAYS_WITH(!there, fmt::format("{}/{}: created but it exists", item.key.space, item.key.name));
  }
  void remember_version(const std::string& address, revision previous, revision at,
                        const std::string& bytes) {
    std::string row;
    append_little(row, previous.value);
    if (previous <= state_.history_from()) row.append(bytes);
    out_.put(table::versions, layout::version_row(address, at), row);
  }

  kv::write_batch& out_;
  const value_codec& codec_;
  member_state& state_;
};

void apply_requests(kv::write_batch& out, const batch_view& batch, raft_index index, member_state& state,
                    applied_batch& told) {
  std::uint32_t number = 0;
  for (const logged_request& request : batch.requests()) {
    std::string row;
    append_little(row, static_cast<std::uint16_t>(request.revisions.size()));
    for (const revision at : request.revisions) append_little(row, at.value);
    out.append(table::requests, layout::request_row(index, number++), row.append(request.id));
    told.requests.push_back({std::string(request.id), request.revisions});
    ++state.requests;
  }
  while (state.requests > kept_requests && !out.full()) {
    std::string oldest;
    {
      const auto cursor = out.walk(table::requests);
      ALWAYS(cursor->seek({}));
      oldest = cursor->key();
      byte_reader reader(cursor->value());
      reader.take_bytes(reader.take<std::uint16_t>() * sizeof(std::uint64_t));
      told.forgotten_requests.emplace_back(reader.rest());
    }
    out.erase(table::requests, oldest);
    --state.requests;
  }
}

/// Deletes the log up to `through` and with it the version rows its changes wrote.
void trim(kv::write_batch& out, raft_index through, member_state& state) {
  const log_reader log(out);
  for (raft_index index = state.log_begin(); index <= through && !out.full(); ++index.value) {
    const auto entry = log.entry(index);
    if (!entry || entry->kind != entry_kind::command) continue;
    const auto batch = batch_view::open(*entry->payload, true);
    ALWAYS(batch.has_value());
    for (std::uint32_t i = 0; i < batch->header().items; ++i) {
      const log_item item = batch->item(i);
      if (item.previous.value == 0) continue;
      out.erase(table::versions,
                layout::version_row(layout::address(item.key), revision{batch->header().base.value + i}));
    }
  }
  trim_log(out, state.log_first, through);
  state.log_first = raft_index{through.value + 1};
}

void apply_compaction(kv::write_batch& out, const batch_header& header, member_state& state) {
  if (header.announce.value == 0 && header.trim.value == 0) return;
  std::vector<compaction_mark> marks = load_marks(out);
  if (header.announce > state.compacted) {
    ALWAYS(header.announce <= state.last);
    state.compacted = header.announce;
    // What lies below the floor was trimmed from this member's log before it was even written.
    if (header.announce > state.floor) {
      const auto last_gone = log_reader(out).holding(header.announce);
      ALWAYS(last_gone);
      marks.push_back({last_gone->first, header.announce, state.last});
    }
  }
  if (header.trim >= state.log_first) {
    const bool allowed = std::ranges::any_of(marks, [&](const compaction_mark& mark) {
      return mark.index >= header.trim && mark.head <= state.compacted;
    });
    ALWAYS((allowed || header.trim <= state.floor_index) && header.trim < state.applied);
    trim(out, header.trim, state);
    std::erase_if(marks, [&](const compaction_mark& mark) { return mark.index <= header.trim; });
  }
  save_marks(out, marks);
}

} // namespace

void apply_batch(kv::write_batch& out, const value_codec& codec, raft_index index, std::string_view payload,
                 std::span<const sealed_value> sealed, member_state& state, applied_batch& told) {
  ALWAYS(index.value == state.applied.value + 1);
  const auto opened = batch_view::open(payload, true);
  ALWAYS_WITH(opened.has_value(), "a committed log entry cannot be read");
  const batch_view& batch = *opened;
  const batch_header& header = batch.header();
  ALWAYS_WITH(header.base.value == state.last.value + 1,
              fmt::format("base {} after revision {}", header.base.value, state.last.value));
  ALWAYS(header.time >= state.time && header.logged_before == state.logged_bytes);
  ALWAYS(sealed.empty() || sealed.size() == header.items);
  item_applier applier(out, codec, state);
  told.events.reserve(told.events.size() + header.items);
  for (std::uint32_t i = 0; i < header.items && !out.full(); ++i) {
    const sealed_value* const value = sealed.empty() ? nullptr : &sealed[i];
    told.events.push_back(applier.apply(batch.item(i), revision{header.base.value + i}, value));
  }
  apply_requests(out, batch, index, state, told);
  state.last = header.last();
  state.time = header.time;
  state.logged_bytes += payload.size();
  if (!out.full()) apply_compaction(out, header, state);
}

std::vector<remembered_request> load_requests(const kv::read_view& view) {
  std::vector<remembered_request> requests;
  const auto cursor = view.walk(table::requests);
  for (bool more = cursor->seek({}); more; more = cursor->next()) {
    byte_reader reader(cursor->value());
    remembered_request request;
    const auto changes = reader.take<std::uint16_t>();
    for (std::uint16_t i = 0; i < changes; ++i) request.revisions.emplace_back(reader.take<std::uint64_t>());
    ALWAYS(reader.ok());
    request.id = reader.rest();
    requests.push_back(std::move(request));
  }
  return requests;
}

} // namespace actord::storage
