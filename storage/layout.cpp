#include "storage/layout.hpp"

#include "schema/base/always.hpp"
#include "storage/encoding/bytes.hpp"
#include "storage/encoding/checksum.hpp"

namespace actord::storage::layout {
namespace {

constexpr char cut_mark = '\x01';
constexpr std::size_t cut_keeps = max_address_bytes - 1 - hash128_bytes;

void append_hash(std::string& out, std::string_view text) {
  const hash128 hash = stable_hash(text);
  append_big(out, hash.high);
  append_big(out, hash.low);
}

std::uint64_t label_hash(std::string_view label, std::string_view value) {
  std::string pair;
  pair.reserve(label.size() + value.size() + 1);
  pair.append(label).append(1, '\0').append(value);
  return stable_hash(pair).high;
}

} // namespace

std::string address(const object_key& key) {
  std::string out;
  out.reserve(key.space.size() + key.name.size() + 3);
  append_big(out, key.resource.value);
  out.append(key.space).append(1, '\0').append(key.name);
  if (out.size() > max_address_bytes) {
    std::string cut = out.substr(0, cut_keeps);
    cut.push_back(cut_mark);
    append_hash(cut, out);
    return cut;
  }
  return out;
}

std::string address_prefix(resource_id resource, std::string_view space) {
  std::string out;
  append_big(out, resource.value);
  if (!space.empty()) out.append(space).append(1, '\0');
  return out;
}

std::optional<object_key> parse_address(std::string_view address) {
  if (address.size() < 3) return std::nullopt;
  if (address.size() == max_address_bytes && address[cut_keeps] == cut_mark) return std::nullopt;
  const resource_id resource{load_big<std::uint16_t>(address)};
  address.remove_prefix(2);
  const std::size_t end = address.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  return object_key{resource, std::string(address.substr(0, end)), std::string(address.substr(end + 1))};
}

std::string owner_prefix(std::string_view owner_uid) {
  std::string out;
  append_hash(out, owner_uid);
  return out;
}
std::string node_prefix(std::string_view node) {
  std::string out;
  append_hash(out, node);
  return out;
}
std::string deadline_prefix(wall_time deadline) {
  std::string out;
  const auto since = deadline.time_since_epoch().count();
  append_big(out, since < 0 ? std::uint64_t{0} : static_cast<std::uint64_t>(since));
  return out;
}

std::string label_prefix(resource_id resource, std::string_view label, std::string_view value,
                         std::string_view space) {
  std::string out;
  append_big(out, resource.value);
  append_big(out, label_hash(label, value));
  if (!space.empty()) out.append(space).append(1, '\0');
  return out;
}
std::string label_row(resource_id resource, std::string_view label, std::string_view value,
                      std::string_view address) {
  return label_prefix(resource, label, value, {}).append(address.substr(2));
}
std::string label_address(std::string_view row) {
  ALWAYS(row.size() > 10);
  return std::string(row.substr(0, 2)).append(row.substr(10));
}

std::string version_prefix(std::string_view address) { return std::string(address).append(1, '\0'); }
std::string version_row(std::string_view address, revision at) {
  std::string out = version_prefix(address);
  append_big(out, at.value);
  return out;
}

std::string log_row(raft_index index, std::uint32_t chunk) {
  std::string out;
  append_big(out, index.value);
  append_big(out, chunk);
  return out;
}
std::string request_row(raft_index index, std::uint32_t number) { return log_row(index, number); }

std::string full_names(const object_key& key, std::string_view address) {
  if (parse_address(address)) return {};
  std::string out;
  append_little(out, static_cast<std::uint32_t>(key.space.size()));
  return out.append(key.space).append(key.name);
}

object_key row_key(std::string_view address, std::string_view names) {
  if (auto key = parse_address(address)) return *std::move(key);
  byte_reader reader(names);
  const auto space_bytes = reader.take<std::uint32_t>();
  const std::string_view space = reader.take_bytes(space_bytes);
  ALWAYS(reader.ok());
  return object_key{resource_id{load_big<std::uint16_t>(address)}, std::string(space),
                    std::string(reader.rest())};
}

} // namespace actord::storage::layout
