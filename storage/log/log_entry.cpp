#include "storage/log/log_entry.hpp"

#include "schema/base/always.hpp"
#include "storage/encoding/bytes.hpp"
#include "storage/encoding/checksum.hpp"

#include <limits>

namespace actord::storage {
namespace {

constexpr std::uint16_t format = 1;
constexpr std::size_t checksum_at = 4;
constexpr std::size_t checked_from = 8;

struct full_header {
  batch_header known;
  std::uint16_t format = 0;
  std::uint32_t checksum = 0;
  std::uint32_t requests = 0;
  std::uint32_t requests_at = 0;
};

full_header parse(std::string_view front) {
  byte_reader reader(front);
  full_header found;
  found.format = reader.take<std::uint16_t>();
  reader.take<std::uint16_t>();
  found.checksum = reader.take<std::uint32_t>();
  found.known.term = raft_term{reader.take<std::uint64_t>()};
  found.known.base = revision{reader.take<std::uint64_t>()};
  found.known.time = wall_time{std::chrono::nanoseconds{reader.take<std::int64_t>()}};
  found.known.logged_before = reader.take<std::uint64_t>();
  found.known.announce = revision{reader.take<std::uint64_t>()};
  found.known.trim = raft_index{reader.take<std::uint64_t>()};
  found.known.items = reader.take<std::uint32_t>();
  found.requests = reader.take<std::uint32_t>();
  found.requests_at = reader.take<std::uint32_t>();
  found.known.checked_before = reader.take<std::uint32_t>();
  found.known.checked_hash = reader.take<std::uint64_t>();
  return found;
}

error damaged(const char* what) {
  return error{error_kind::internal, std::string("a log entry is damaged: ") + what, {}, {}, 0};
}

} // namespace

std::optional<batch_header> parse_batch_header(std::string_view front) {
  if (front.size() < batch_header_bytes) return std::nullopt;
  const full_header found = parse(front);
  if (found.format != format) return std::nullopt;
  return found.known;
}

std::size_t item_offset_position(std::uint32_t position) {
  return batch_header_bytes + static_cast<std::size_t>(position) * sizeof(std::uint32_t);
}

item_front parse_item_front(std::string_view front) {
  byte_reader reader(front);
  item_front found;
  found.kind = static_cast<item_kind>(reader.take<std::uint8_t>());
  reader.take<std::uint8_t>();
  found.resource = resource_id{reader.take<std::uint16_t>()};
  found.space_bytes = reader.take<std::uint16_t>();
  found.name_bytes = reader.take<std::uint16_t>();
  found.value_bytes = reader.take<std::uint32_t>();
  found.previous = revision{reader.take<std::uint64_t>()};
  ALWAYS(reader.ok());
  return found;
}

result<batch_view> batch_view::open(std::string_view bytes, bool trusted) {
  if (bytes.size() < batch_header_bytes) return damaged("it is too short");
  const full_header found = parse(bytes);
  if (found.format != format) return damaged("unknown format");
  if (!trusted && crc32c(bytes.substr(checked_from)) != found.checksum) return damaged("wrong checksum");
  if (item_offset_position(found.known.items) > bytes.size() || found.requests_at > bytes.size()) {
    return damaged("its tables leave it");
  }
  std::size_t position = item_offset_position(found.known.items);
  for (std::uint32_t i = 0; i < found.known.items; ++i) {
    const auto at = load_little<std::uint32_t>(bytes.substr(item_offset_position(i)));
    if (at != position || bytes.size() - at < item_front_bytes) return damaged("an item is out of place");
    const item_front front = parse_item_front(bytes.substr(at));
    if (front.kind != item_kind::put && front.kind != item_kind::remove)
      return damaged("unknown kind of item");
    position += item_front_bytes + front.space_bytes + front.name_bytes + front.value_bytes;
    if (position > bytes.size()) return damaged("an item leaves it");
  }
  return batch_view(bytes, found.known);
}

log_item batch_view::item(std::uint32_t position) const {
  ALWAYS(position < header_.items);
  const auto at = load_little<std::uint32_t>(bytes_.substr(item_offset_position(position)));
  const item_front front = parse_item_front(bytes_.substr(at));
  const char* text = bytes_.data() + at + item_front_bytes;
  log_item found;
  found.kind = front.kind;
  found.key.resource = front.resource;
  found.key.space.assign(text, front.space_bytes);
  found.key.name.assign(text + front.space_bytes, front.name_bytes);
  found.previous = front.previous;
  found.value = std::string_view(text + front.space_bytes + front.name_bytes, front.value_bytes);
  return found;
}

std::vector<logged_request> batch_view::requests() const {
  const full_header found = parse(bytes_);
  byte_reader reader(bytes_.substr(found.requests_at));
  std::vector<logged_request> requests;
  for (std::uint32_t i = 0; i < found.requests; ++i) {
    logged_request request;
    request.id = reader.take_bytes(reader.take<std::uint16_t>());
    const auto changes = reader.take<std::uint16_t>();
    for (std::uint16_t j = 0; j < changes && reader.ok(); ++j) {
      request.revisions.emplace_back(reader.take<std::uint64_t>());
    }
    ALWAYS(reader.ok());
    requests.push_back(std::move(request));
  }
  return requests;
}

batch_builder::batch_builder(raft_term term, revision base, wall_time time, std::uint64_t logged_before) {
  header_.term = term;
  header_.base = base;
  header_.time = time;
  header_.logged_before = logged_before;
}

void batch_builder::add(item_kind kind, const object_key& key, revision previous, std::string_view value) {
  constexpr std::size_t limit16 = std::numeric_limits<std::uint16_t>::max();
  ALWAYS(key.space.size() <= limit16 && key.name.size() <= limit16);
  ALWAYS(items_.size() + value.size() < std::numeric_limits<std::uint32_t>::max() / 2);
  offsets_.push_back(items_.size());
  append_little(items_, static_cast<std::uint8_t>(kind));
  append_little(items_, std::uint8_t{0});
  append_little(items_, key.resource.value);
  append_little(items_, static_cast<std::uint16_t>(key.space.size()));
  append_little(items_, static_cast<std::uint16_t>(key.name.size()));
  append_little(items_, static_cast<std::uint32_t>(value.size()));
  append_little(items_, previous.value);
  items_.append(key.space).append(key.name).append(value);
}

void batch_builder::add_request(std::string_view id, const std::vector<revision>& revisions) {
  ALWAYS(id.size() <= std::numeric_limits<std::uint16_t>::max());
  ALWAYS(revisions.size() <= std::numeric_limits<std::uint16_t>::max());
  append_little(requests_, static_cast<std::uint16_t>(id.size()));
  requests_.append(id);
  append_little(requests_, static_cast<std::uint16_t>(revisions.size()));
  for (const revision at : revisions) append_little(requests_, at.value);
  ++request_count_;
}

void batch_builder::compact(revision announce, raft_index trim) {
  header_.announce = announce;
  header_.trim = trim;
}

void batch_builder::check(std::uint32_t entries_before, std::uint64_t hash) {
  header_.checked_before = entries_before;
  header_.checked_hash = hash;
}

std::string batch_builder::finish() {
  header_.items = items();
  const std::size_t items_at = item_offset_position(header_.items);
  std::string out;
  out.reserve(items_at + items_.size() + requests_.size());
  append_little(out, format);
  append_little(out, std::uint16_t{0});
  append_little(out, std::uint32_t{0});
  append_little(out, header_.term.value);
  append_little(out, header_.base.value);
  append_little(out, static_cast<std::int64_t>(header_.time.time_since_epoch().count()));
  append_little(out, header_.logged_before);
  append_little(out, header_.announce.value);
  append_little(out, header_.trim.value);
  append_little(out, header_.items);
  append_little(out, request_count_);
  append_little(out, static_cast<std::uint32_t>(items_at + items_.size()));
  append_little(out, header_.checked_before);
  append_little(out, header_.checked_hash);
  out.resize(batch_header_bytes);
  for (const std::size_t offset : offsets_) append_little(out, static_cast<std::uint32_t>(items_at + offset));
  out.append(items_).append(requests_);
  store_little(out.data() + checksum_at, crc32c(std::string_view(out).substr(checked_from)));
  return out;
}

} // namespace actord::storage
