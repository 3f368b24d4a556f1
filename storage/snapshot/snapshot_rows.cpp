#include "storage/snapshot/snapshot_rows.hpp"

#include "storage/encoding/bytes.hpp"

#include <algorithm>

namespace actord::storage {
namespace {

void append_text(std::string& out, std::string_view text) {
  append_little(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}
std::string_view take_text(byte_reader& reader) { return reader.take_bytes(reader.take<std::uint32_t>()); }

constexpr std::size_t row_front_bytes = 7;

void append_row(snapshot_chunk& to, kv::table where, std::string_view key, std::string_view value) {
  append_little(to.rows, static_cast<std::uint8_t>(where));
  append_little(to.rows, static_cast<std::uint16_t>(key.size()));
  append_little(to.rows, static_cast<std::uint32_t>(value.size()));
  to.rows.append(key).append(value);
}

} // namespace

std::optional<snapshot_chunk> copy_rows(const kv::read_view& view, std::string_view position,
                                        std::size_t max_bytes) {
  const auto* at = snapshot_tables.begin();
  std::string after;
  if (!position.empty()) {
    at = std::ranges::find(snapshot_tables, static_cast<kv::table>(position.front()));
    if (at == snapshot_tables.end() || position.size() > kv::max_key_bytes + 1) return std::nullopt;
    after = position.substr(1);
  }
  snapshot_chunk out;
  out.position = position;
  for (; at != snapshot_tables.end(); ++at, after.clear()) {
    const auto cursor = view.walk(*at);
    bool more = cursor->seek(after);
    if (more && !after.empty() && cursor->key() == after) more = cursor->next();
    for (; more; more = cursor->next()) {
      const std::size_t bytes = row_front_bytes + cursor->key().size() + cursor->value().size();
      if (!out.rows.empty() && out.rows.size() + bytes > max_bytes) return out;
      append_row(out, *at, cursor->key(), cursor->value());
      out.position.assign(1, static_cast<char>(*at)).append(cursor->key());
    }
  }
  out.last = true;
  return out;
}

bool read_rows(
    std::string_view rows,
    const std::function<bool(kv::table where, std::string_view key, std::string_view value)>& visit) {
  byte_reader reader(rows);
  while (!reader.rest().empty()) {
    const auto where = static_cast<kv::table>(reader.take<std::uint8_t>());
    const auto key_bytes = reader.take<std::uint16_t>();
    const auto value_bytes = reader.take<std::uint32_t>();
    const std::string_view key = reader.take_bytes(key_bytes);
    const std::string_view value = reader.take_bytes(value_bytes);
    if (!reader.ok() || key.empty() || key.size() > kv::max_key_bytes ||
        std::ranges::find(snapshot_tables, where) == snapshot_tables.end())
      return false;
    if (!visit(where, key, value)) return false;
  }
  return true;
}

snapshot_summary summarise(const kv::read_view& view) {
  return {load_state(view), load_marks(view), load_configuration(view), 0};
}

std::string encode_summary(const snapshot_summary& summary) {
  std::string out;
  append_text(out, encode_state(summary.state));
  append_text(out, encode_marks(summary.marks));
  append_little(out, summary.configuration.index.value);
  append_text(out, encode_servers(summary.configuration.servers));
  append_little(out, summary.rows);
  return out;
}

std::optional<snapshot_summary> parse_summary(std::string_view bytes) {
  byte_reader reader(bytes);
  const auto state = parse_state(take_text(reader));
  auto marks = parse_marks(take_text(reader));
  snapshot_summary out;
  out.configuration.index = raft_index{reader.take<std::uint64_t>()};
  auto servers = parse_servers(take_text(reader));
  out.rows = reader.take<std::uint64_t>();
  if (!reader.ok() || !reader.rest().empty() || !state || !marks || !servers) return std::nullopt;
  if (!state->hashed || state->applied.value == 0 || state->applied_term.value == 0 || servers->empty() ||
      out.configuration.index > state->applied)
    return std::nullopt;
  out.state = *state;
  out.marks = *std::move(marks);
  out.configuration.servers = *std::move(servers);
  return out;
}

} // namespace actord::storage
