#include "actors/cluster/joining/node_register.hpp"

#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/tables/own_record.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

constexpr resource_id register_resource = schema::node_record_id;
constexpr const char* numbers_name = "members";
constexpr const char* record_prefix = "node.";

const schema::resource_type& register_row() {
  static const schema::resource_type row = schema::own_record(register_resource, "NodeRecord", "noderecords");
  return row;
}

std::string encode(const std::string& name, json object, wall_time now, const schema::write_cause& cause) {
  object["metadata"] = {{"name", name}, {"creationTimestamp", schema::format_time(now)}};
  return schema::encode_object(register_row(), object, cause);
}

json object_of(std::string_view bytes) {
  if (bytes.empty()) return json::object();
  const auto view = schema::object_view::open(bytes);
  if (!view) return json::object();
  json object = json::parse(view->text(), nullptr, false);
  return object.is_object() ? object : json::object();
}

std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t number_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::string encode_record(const node_record& record, wall_time now, const schema::write_cause& cause) {
  return encode(record_prefix + record.node,
                {{"key", record.key_hash},
                 {"member", record.member},
                 {"works", record.works},
                 {"slot", record.slot},
                 {"rpcAddress", record.rpc_address},
                 {"apiAddress", record.api_address},
                 {"joined", schema::format_time(record.joined)}},
                now, cause);
}

object_key numbers_key() { return {register_resource, {}, numbers_name}; }

member_numbers read_numbers(std::string_view bytes) {
  const json object = object_of(bytes);
  member_numbers numbers;
  numbers.next = std::max<std::uint64_t>(1, number_of(object, "next"));
  if (const auto found = object.find("numbers"); found != object.end() && found->is_object())
    for (const auto& [node, number] : found->items())
      if (number.is_number_unsigned()) numbers.numbers.emplace_back(node, number.get<std::uint64_t>());
  if (const auto found = object.find("slots"); found != object.end() && found->is_object())
    for (const auto& [node, slot] : found->items())
      if (slot.is_number_unsigned()) numbers.slots.emplace_back(node, slot.get<std::uint64_t>());
  return numbers;
}

storage::resolved_change put_numbers(const member_numbers& numbers, wall_time now,
                                     const schema::write_cause& cause) {
  json by_node = json::object();
  for (const auto& [node, number] : numbers.numbers) by_node[node] = number;
  json slots = json::object();
  for (const auto& [node, slot] : numbers.slots) slots[node] = slot;
  return storage::put_value{encode(
      numbers_name, {{"next", numbers.next}, {"numbers", std::move(by_node)}, {"slots", std::move(slots)}},
      now, cause)};
}

} // namespace

result<node_record> decide_record(const std::optional<node_record>& known, const node_record& asked,
                                  bool serves) {
  node_record record = asked;
  if (!known) return record;
  if (known->key_hash != asked.key_hash)
    return error{.kind = error_kind::conflict,
                 .message =
                     fmt::format("the node name \"{}\" belongs to another key since {}: choose another with "
                                 "--node-name, or remove the old node first (actctl cluster remove {})",
                                 asked.node, schema::format_time(known->joined), asked.node)};
  record.joined = known->joined;
  if (known->member != 0) record.member = known->member;
  if (known->member != 0 && !serves)
    return error{.kind = error_kind::conflict,
                 .message =
                     fmt::format("node \"{}\" is a server of this cluster and cannot come back as a mere "
                                 "worker: remove it first (actctl cluster remove {})",
                                 asked.node, asked.node)};
  return record;
}

std::uint64_t draw_number(member_numbers& numbers, const std::string& node) {
  const auto at =
      std::ranges::lower_bound(numbers.numbers, node, {}, &std::pair<std::string, std::uint64_t>::first);
  if (at != numbers.numbers.end() && at->first == node) return at->second;
  const std::uint64_t drawn = numbers.next++;
  numbers.numbers.insert(at, {node, drawn});
  return drawn;
}

std::uint64_t keep_number(member_numbers& numbers, const std::string& node, std::uint64_t member) {
  constexpr std::uint64_t counted_max = 1U << 20U; // above are random ones, which the count never reaches
  const auto at =
      std::ranges::lower_bound(numbers.numbers, node, {}, &std::pair<std::string, std::uint64_t>::first);
  if (at != numbers.numbers.end() && at->first == node)
    at->second = member;
  else
    numbers.numbers.insert(at, {node, member});
  if (member <= counted_max) numbers.next = std::max(numbers.next, member + 1);
  return member;
}

std::uint64_t draw_slot(member_numbers& numbers, const std::string& node) {
  const auto at =
      std::ranges::lower_bound(numbers.slots, node, {}, &std::pair<std::string, std::uint64_t>::first);
  if (at != numbers.slots.end() && at->first == node) return at->second;
  std::vector<std::uint64_t> taken;
  for (const auto& [name, slot] : numbers.slots) taken.push_back(slot);
  std::ranges::sort(taken);
  std::uint64_t lowest = 0;
  for (const std::uint64_t slot : taken)
    if (slot == lowest) ++lowest;
  numbers.slots.insert(at, {node, lowest});
  return lowest;
}

object_key node_record_key(std::string_view node) {
  return {register_resource, {}, record_prefix + std::string(node)};
}

std::optional<node_record> read_node_record(std::string_view bytes) {
  if (bytes.empty()) return {};
  const auto view = schema::object_view::open(bytes);
  if (!view || !view->name().starts_with(record_prefix)) return {};
  const json object = object_of(bytes);
  node_record record;
  record.node = view->name().substr(std::string_view(record_prefix).size());
  record.key_hash = text_of(object, "key");
  record.member = number_of(object, "member");
  record.works = object.value("works", true);
  record.slot = number_of(object, "slot");
  record.rpc_address = text_of(object, "rpcAddress");
  record.api_address = text_of(object, "apiAddress");
  record.joined = schema::parse_time(text_of(object, "joined")).value_or(wall_time{});
  return record;
}

std::vector<node_record> node_records(const storage::snapshot& reads) {
  std::vector<node_record> records;
  reads.scan(register_resource, {}, [&](std::string_view bytes) {
    if (auto record = read_node_record(bytes)) records.push_back(*std::move(record));
    return true;
  });
  return records;
}

std::vector<known_server> members_of(const std::vector<node_record>& records) {
  std::vector<known_server> members;
  for (const node_record& each : records)
    if (each.member != 0) members.push_back({each.member, each.node, each.rpc_address, each.api_address});
  std::ranges::sort(members, {}, &known_server::member);
  return members;
}

storage::transaction register_node(const node_record& asked, bool serves, const schema::write_cause& cause,
                                   std::shared_ptr<node_record> granted) {
  storage::transaction write;
  const auto drawn = std::make_shared<std::uint64_t>(0);
  const auto slot = std::make_shared<std::uint64_t>(0);
  storage::object_change draw{numbers_key(), {}, {}};
  draw.what = [asked, serves, drawn, slot, cause](const storage::object_head& head,
                                                  wall_time now) -> result<storage::resolved_change> {
    member_numbers numbers = read_numbers(head.value);
    const member_numbers before = numbers;
    if (serves)
      *drawn = asked.member != 0 ? keep_number(numbers, asked.node, asked.member)
                                 : draw_number(numbers, asked.node);
    *slot = draw_slot(numbers, asked.node);
    if (numbers == before) return storage::resolved_change{storage::keep_value{}};
    return put_numbers(numbers, now, cause);
  };
  write.changes.push_back(std::move(draw));
  storage::object_change enter{node_record_key(asked.node), {}, {}};
  enter.what = [asked, serves, drawn, slot, granted,
                cause](const storage::object_head& head, wall_time now) -> result<storage::resolved_change> {
    const auto known = read_node_record(head.value);
    auto record = decide_record(known, asked, serves);
    if (!record) return record.error();
    if (serves) record->member = *drawn;
    record->slot = *slot;
    if (!known) record->joined = std::chrono::floor<std::chrono::seconds>(now);
    *granted = *record;
    if (known == *record) return storage::resolved_change{storage::keep_value{}};
    return storage::resolved_change{storage::put_value{encode_record(*record, now, cause)}};
  };
  write.changes.push_back(std::move(enter));
  return write;
}

bool has_left(const storage::snapshot& reads, std::uint64_t member) {
  if (member == 0 || member >= read_numbers(reads.get(numbers_key())).next) return false;
  const std::vector<node_record> records = node_records(reads);
  return std::ranges::find(records, member, &node_record::member) == records.end();
}

storage::transaction move_node(const node_record& moved, const schema::write_cause& cause) {
  storage::transaction write = register_node(moved, true, cause, std::make_shared<node_record>());
  write.changes.back().require.must_exist = true;
  return write;
}

storage::transaction forget_node(const std::string& node, const schema::write_cause& cause) {
  storage::transaction write;
  storage::object_change record{node_record_key(node), {}, {}};
  record.what = [node](const storage::object_head& head, wall_time) -> result<storage::resolved_change> {
    if (!head.exists())
      return error{.kind = error_kind::not_found,
                   .message = fmt::format("no node \"{}\" has joined this cluster", node)};
    return storage::resolved_change{storage::remove_value{std::string(head.value)}};
  };
  storage::object_change number{numbers_key(), {}, {}};
  number.what = [node, cause](const storage::object_head& head,
                              wall_time now) -> result<storage::resolved_change> {
    member_numbers numbers = read_numbers(head.value);
    const auto of_node = [&](const auto& row) { return row.first == node; };
    if (std::erase_if(numbers.numbers, of_node) + std::erase_if(numbers.slots, of_node) == 0)
      return storage::resolved_change{storage::keep_value{}};
    return put_numbers(numbers, now, cause);
  };
  write.changes.push_back(std::move(record));
  write.changes.push_back(std::move(number));
  return write;
}

storage::transaction forget_all_nodes(const std::vector<node_record>& records,
                                      const schema::write_cause& cause) {
  storage::transaction write;
  for (const node_record& each : records) {
    storage::object_change record{node_record_key(each.node), {}, {}};
    record.what = [](const storage::object_head& head, wall_time) -> result<storage::resolved_change> {
      if (!head.exists()) return storage::resolved_change{storage::keep_value{}};
      return storage::resolved_change{storage::remove_value{std::string(head.value)}};
    };
    write.changes.push_back(std::move(record));
  }
  storage::object_change number{numbers_key(), {}, {}};
  number.what = [cause](const storage::object_head& head, wall_time now) -> result<storage::resolved_change> {
    return put_numbers({.next = 1, .numbers = {}, .slots = read_numbers(head.value).slots}, now, cause);
  };
  write.changes.push_back(std::move(number));
  return write;
}

} // namespace actord::actors
