#include "storage/tables/member_state.hpp"

#include "schema/base/always.hpp"
#include "storage/encoding/bytes.hpp"
#include "storage/encoding/checksum.hpp"
#include "storage/layout.hpp"

#include <algorithm>

namespace actord::storage {

using kv::table;

std::optional<member_state> parse_state(std::string_view row) {
  member_state state;
  byte_reader reader(row);
  state.applied = raft_index{reader.take<std::uint64_t>()};
  state.applied_term = raft_term{reader.take<std::uint64_t>()};
  state.last = revision{reader.take<std::uint64_t>()};
  state.time = wall_time{std::chrono::nanoseconds{reader.take<std::int64_t>()}};
  state.logged_bytes = reader.take<std::uint64_t>();
  state.compacted = revision{reader.take<std::uint64_t>()};
  state.log_first = raft_index{reader.take<std::uint64_t>()};
  state.requests = reader.take<std::uint64_t>();
  state.hashed = !reader.rest().empty();
  if (state.hashed) {
    state.hash = reader.take<std::uint64_t>();
    state.floor_index = raft_index{reader.take<std::uint64_t>()};
    state.floor = revision{reader.take<std::uint64_t>()};
    state.hashed = !reader.rest().empty() && reader.take<std::uint8_t>() == row_hash_version;
  }
  if (!reader.ok() || !reader.rest().empty()) return std::nullopt;
  return state;
}

std::string encode_state(const member_state& state) {
  std::string row;
  append_little(row, state.applied.value);
  append_little(row, state.applied_term.value);
  append_little(row, state.last.value);
  append_little(row, static_cast<std::int64_t>(state.time.time_since_epoch().count()));
  append_little(row, state.logged_bytes);
  append_little(row, state.compacted.value);
  append_little(row, state.log_first.value);
  append_little(row, state.requests);
  append_little(row, state.hash);
  append_little(row, state.floor_index.value);
  append_little(row, state.floor.value);
  append_little(row, row_hash_version);
  return row;
}

member_state load_state(const kv::read_view& view) {
  const auto row = view.get(table::meta, layout::meta_state);
  if (!row) return {};
  auto state = parse_state(*row);
  ALWAYS_WITH(state.has_value(), "the member's own state cannot be read");
  return *state;
}

void save_state(kv::write_batch& batch, const member_state& state) {
  batch.put(table::meta, layout::meta_state, encode_state(state));
}

std::uint64_t compute_hash(const kv::read_view& view) {
  std::uint64_t sum = 0;
  const auto cursor = view.walk(table::objects);
  for (bool more = cursor->seek({}); more; more = cursor->next())
    sum += row_hash(cursor->key(), cursor->value());
  return sum;
}

std::string load_fence(const kv::read_view& view) {
  return std::string(view.get(table::meta, layout::meta_fenced).value_or(std::string_view()));
}
void save_fence(kv::write_batch& batch, std::string_view why) {
  batch.put(table::meta, layout::meta_fenced, why);
}
void lift_fence(kv::write_batch& batch) { batch.erase(table::meta, layout::meta_fenced); }

std::optional<std::vector<compaction_mark>> parse_marks(std::string_view row) {
  std::vector<compaction_mark> marks;
  byte_reader reader(row);
  while (!reader.rest().empty()) {
    compaction_mark mark;
    mark.index = raft_index{reader.take<std::uint64_t>()};
    mark.announced = revision{reader.take<std::uint64_t>()};
    mark.head = revision{reader.take<std::uint64_t>()};
    if (!reader.ok()) return std::nullopt;
    marks.push_back(mark);
  }
  return marks;
}

std::string encode_marks(const std::vector<compaction_mark>& marks) {
  std::string row;
  for (const compaction_mark& mark : marks) {
    append_little(row, mark.index.value);
    append_little(row, mark.announced.value);
    append_little(row, mark.head.value);
  }
  return row;
}

std::vector<compaction_mark> load_marks(const kv::read_view& view) {
  const auto row = view.get(table::meta, layout::meta_marks);
  if (!row) return {};
  auto marks = parse_marks(*row);
  ALWAYS_WITH(marks.has_value(), "the marks of compaction cannot be read");
  return *std::move(marks);
}

void save_marks(kv::write_batch& batch, const std::vector<compaction_mark>& marks) {
  batch.put(table::meta, layout::meta_marks, encode_marks(marks));
}

hard_state load_vote(const kv::read_view& view) {
  hard_state vote;
  const auto row = view.get(table::meta, layout::meta_vote);
  if (!row) return vote;
  byte_reader reader(*row);
  vote.term = raft_term{reader.take<std::uint64_t>()};
  vote.voted_for = reader.take<std::uint64_t>();
  ALWAYS(reader.ok());
  return vote;
}

void save_vote(kv::write_batch& batch, const hard_state& vote) {
  std::string row;
  append_little(row, vote.term.value);
  append_little(row, vote.voted_for);
  batch.put(table::meta, layout::meta_vote, row);
}

member_identity load_identity(const kv::read_view& view) {
  member_identity identity;
  const auto row = view.get(table::meta, layout::meta_identity);
  if (!row) return identity;
  byte_reader reader(*row);
  identity.member = reader.take<std::uint64_t>();
  ALWAYS(reader.ok());
  identity.cluster = reader.rest();
  return identity;
}

void save_identity(kv::write_batch& batch, const member_identity& identity) {
  std::string row;
  append_little(row, identity.member);
  batch.put(table::meta, layout::meta_identity, row.append(identity.cluster));
}

std::size_t raft_configuration::voters() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(servers, [](const raft_server& s) { return s.voter; }));
}

const raft_server* raft_configuration::find(member_id id) const {
  const auto found = std::ranges::find(servers, id, &raft_server::id);
  return found == servers.end() ? nullptr : &*found;
}

bool raft_configuration::is_only_voter(member_id id) const {
  const raft_server* const found = find(id);
  return found != nullptr && found->voter && voters() == 1;
}

std::string encode_servers(const std::vector<raft_server>& servers) {
  std::string out;
  for (const raft_server& server : servers) {
    append_little(out, server.id);
    const bool addressed = !server.address.empty();
    append_little(out, static_cast<std::uint8_t>((server.voter ? 1U : 0U) | (addressed ? 2U : 0U)));
    if (!addressed) continue;
    ALWAYS(server.address.size() <= max_address_bytes);
    append_little(out, static_cast<std::uint16_t>(server.address.size()));
    out.append(server.address);
  }
  return out;
}

std::optional<std::vector<raft_server>> parse_servers(std::string_view bytes) {
  std::vector<raft_server> servers;
  byte_reader reader(bytes);
  while (!reader.rest().empty()) {
    raft_server server;
    server.id = reader.take<std::uint64_t>();
    const auto flags = reader.take<std::uint8_t>();
    server.voter = (flags & 1U) != 0;
    if ((flags & 2U) != 0) server.address = reader.take_bytes(reader.take<std::uint16_t>());
    const bool known = std::ranges::any_of(servers, [&](const raft_server& s) { return s.id == server.id; });
    if (!reader.ok() || server.id == 0 || known || server.address.size() > max_address_bytes)
      return std::nullopt;
    servers.push_back(std::move(server));
  }
  return servers;
}

std::vector<raft_server> decode_servers(std::string_view bytes) {
  auto servers = parse_servers(bytes);
  ALWAYS_WITH(servers.has_value(), "a list of members cannot be read");
  return *std::move(servers);
}

raft_configuration load_configuration(const kv::read_view& view) {
  raft_configuration configuration;
  const auto row = view.get(table::meta, layout::meta_configuration);
  if (!row) return configuration;
  byte_reader reader(*row);
  configuration.index = raft_index{reader.take<std::uint64_t>()};
  ALWAYS(reader.ok());
  configuration.servers = decode_servers(reader.rest());
  return configuration;
}

void save_configuration(kv::write_batch& batch, const raft_configuration& configuration) {
  std::string row;
  append_little(row, configuration.index.value);
  batch.put(table::meta, layout::meta_configuration, row.append(encode_servers(configuration.servers)));
}

} // namespace actord::storage
