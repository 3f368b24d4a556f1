#include "storage/log/log_table.hpp"

#include "schema/base/always.hpp"
#include "storage/encoding/bytes.hpp"
#include "storage/layout.hpp"

#include <algorithm>

namespace actord::storage {
namespace {

using kv::table;

/// Before the payload of every entry: version, kind, 0, payload bytes, term.
constexpr std::size_t front_bytes = 16;
constexpr std::uint8_t front_version = 1;

std::string encode_front(const log_entry& entry) {
  std::string out;
  append_little(out, front_version);
  append_little(out, static_cast<std::uint8_t>(entry.kind));
  append_little(out, std::uint16_t{0});
  append_little(out, static_cast<std::uint32_t>(entry.payload->size()));
  append_little(out, entry.term.value);
  return out;
}

log_reader::entry_front parse_front(std::string_view row) {
  byte_reader reader(row);
  const auto version = reader.take<std::uint8_t>();
  log_reader::entry_front front;
  front.kind = static_cast<entry_kind>(reader.take<std::uint8_t>());
  reader.take<std::uint16_t>();
  front.payload_bytes = reader.take<std::uint32_t>();
  front.term = raft_term{reader.take<std::uint64_t>()};
  ALWAYS(reader.ok() && version == front_version);
  return front;
}

std::string term_row(raft_index first) {
  std::string row(layout::meta_term);
  append_big(row, first.value);
  return row;
}

} // namespace

std::optional<log_reader::entry_front> log_reader::front(raft_index index) const {
  const auto row = view_.get(table::log, layout::log_row(index, 0));
  if (!row) return std::nullopt;
  return parse_front(*row);
}

std::string log_reader::payload_part(raft_index index, std::size_t from, std::size_t size) const {
  std::string out;
  out.reserve(size);
  std::size_t position = from + front_bytes;
  while (size > 0) {
    const auto chunk = static_cast<std::uint32_t>(position / layout::log_chunk_bytes);
    const std::size_t skip = position % layout::log_chunk_bytes;
    const auto row = view_.get(table::log, layout::log_row(index, chunk));
    ALWAYS(row && row->size() > skip);
    const std::string_view part = row->substr(skip, size);
    out.append(part);
    position += part.size();
    size -= part.size();
  }
  return out;
}

std::optional<log_entry> log_reader::entry(raft_index index) const {
  const auto found = front(index);
  if (!found) return std::nullopt;
  return log_entry{found->term, found->kind,
                   std::make_shared<const std::string>(payload_part(index, 0, found->payload_bytes))};
}

std::optional<batch_header> log_reader::batch(raft_index index) const {
  const auto row = view_.get(table::log, layout::log_row(index, 0));
  if (!row || parse_front(*row).kind != entry_kind::command) return std::nullopt;
  auto header = parse_batch_header(row->substr(front_bytes));
  ALWAYS(header);
  return header;
}

log_reader::item_place log_reader::place(raft_index index, const batch_header& batch,
                                         std::uint32_t position) const {
  ALWAYS(position < batch.items);
  const std::string offset = payload_part(index, item_offset_position(position), sizeof(std::uint32_t));
  item_place found;
  found.offset = load_little<std::uint32_t>(offset);
  found.front = parse_item_front(payload_part(index, found.offset, item_front_bytes));
  return found;
}

object_key log_reader::item_key(raft_index index, const batch_header& batch, std::uint32_t position) const {
  const auto [offset, front] = place(index, batch, position);
  const std::string names =
      payload_part(index, offset + item_front_bytes, front.space_bytes + front.name_bytes);
  return {front.resource, names.substr(0, front.space_bytes), names.substr(front.space_bytes)};
}

logged_item log_reader::item(raft_index index, const batch_header& batch, std::uint32_t position) const {
  const auto [offset, front] = place(index, batch, position);
  std::string text = payload_part(index, offset + item_front_bytes,
                                  front.space_bytes + front.name_bytes + front.value_bytes);
  logged_item found;
  found.kind = front.kind;
  found.key = {front.resource, text.substr(0, front.space_bytes),
               text.substr(front.space_bytes, front.name_bytes)};
  found.at = revision{batch.base.value + position};
  found.previous = front.previous;
  text.erase(0, front.space_bytes + front.name_bytes);
  found.value = std::move(text);
  return found;
}

std::pair<raft_index, raft_index> log_reader::bounds() const {
  const auto cursor = view_.walk(table::log);
  if (!cursor->seek({})) return {};
  const raft_index first{load_big<std::uint64_t>(cursor->key())};
  ALWAYS(cursor->seek_last());
  return {first, raft_index{load_big<std::uint64_t>(cursor->key())}};
}

std::optional<std::pair<raft_index, batch_header>> log_reader::holding(revision at) const {
  const auto [first, last] = bounds();
  if (last.value == 0 || at.value == 0) return std::nullopt;
  auto found = first_where(
      first, last, [at](const batch_header& batch) { return batch.base.value + batch.items > at.value; });
  if (!found || found->second.base > at) return std::nullopt;
  return found;
}

std::optional<logged_item> log_reader::version(revision at) const {
  const auto found = holding(at);
  if (!found) return std::nullopt;
  return item(found->first, found->second, static_cast<std::uint32_t>(at.value - found->second.base.value));
}

void note_term(kv::write_batch& batch, raft_index first, raft_term term) {
  std::string row;
  append_little(row, term.value);
  batch.put(table::meta, term_row(first), row);
}

void append_entry(kv::write_batch& batch, raft_index index, const log_entry& entry, bool starts_term) {
  if (starts_term) note_term(batch, index, entry.term);
  const std::string& payload = *entry.payload;
  std::string chunk = encode_front(entry);
  std::size_t position = 0;
  std::uint32_t number = 0;
  do {
    const std::size_t part = std::min(payload.size() - position, layout::log_chunk_bytes - chunk.size());
    if (chunk.empty()) {
      batch.append(table::log, layout::log_row(index, number),
                   std::string_view(payload).substr(position, part));
    } else {
      chunk.append(payload, position, part);
      batch.append(table::log, layout::log_row(index, number), chunk);
      chunk.clear();
    }
    position += part;
    ++number;
  } while (position < payload.size());
}

void truncate_log(kv::write_batch& batch, raft_index index) {
  constexpr std::string_view above_all("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 13);
  batch.erase_range(table::log, layout::log_row(index, 0), above_all);
  batch.erase_range(table::meta, term_row(index), kv::after_prefix(layout::meta_term));
}

void trim_log(kv::write_batch& batch, raft_index first, raft_index through) {
  batch.erase_range(table::log, layout::log_row(first, 0), layout::log_row(raft_index{through.value + 1}, 0));
  // The run that reaches into what stays must keep its row.
  const auto cursor = batch.walk(table::meta);
  if (!cursor->seek_before(term_row(raft_index{through.value + 2}))) return;
  if (!cursor->key().starts_with(layout::meta_term)) return;
  const std::string kept(cursor->key());
  batch.erase_range(table::meta, term_row(raft_index{0}), kept);
}

std::vector<std::pair<raft_index, raft_term>> log_terms(const kv::read_view& view, raft_index first) {
  std::vector<std::pair<raft_index, raft_term>> runs;
  const auto cursor = view.walk(table::meta);
  const std::string prefix(layout::meta_term);
  for (bool more = cursor->seek(prefix); more && cursor->key().starts_with(prefix); more = cursor->next()) {
    raft_index start{load_big<std::uint64_t>(cursor->key().substr(prefix.size()))};
    const raft_term term{load_little<std::uint64_t>(cursor->value())};
    if (start <= first) {
      runs.clear();
      start = first;
    }
    runs.emplace_back(start, term);
  }
  return runs;
}

} // namespace actord::storage
