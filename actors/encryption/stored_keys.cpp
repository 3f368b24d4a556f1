#include "actors/encryption/stored_keys.hpp"

#include "schema/base/json.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/store.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <sstream>

namespace actord::actors {
namespace {

using schema::text_key_id;

std::optional<text_key_id> parse_id(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (failure != std::errc() || end != text.data() + text.size() || text.size() != 8) return std::nullopt;
  return text_key_id(number);
}

/// Visits the envelope of every object until `visit` returns false. Custom resources only once their
/// definitions were read, which is after the store was opened.
template <class Visit>
void for_each_object(const storage::snapshot& reads, const Visit& visit) {
  bool more = true;
  for (const schema::resource_handle& type : schema::stored_resources()) {
    if (!more) break;
    reads.scan(type->stored_as, {}, [&](std::string_view bytes) {
      const auto view = schema::object_view::open_envelope(bytes);
      more = !view || visit(*view, *type);
      return more;
    });
  }
}

std::string describe(const schema::object_view& object, const schema::resource_type& type) {
  return fmt::format("{} {}{}{}", type.plural, object.space(), object.space().empty() ? "" : "/",
                     object.name());
}

error missing_key(text_key_id id, const schema::key_ring& ring, bool file_is_new, const std::string& use) {
  return {
      error_kind::internal,
      fmt::format("{} encrypted with key {}, which {}. Put the file with that key back; nothing was changed.",
                  use, schema::key_id_text(id),
                  file_is_new ? fmt::format("was to be in {}: that file does not exist", ring.source())
                              : fmt::format("{} does not have", ring.source()))};
}

} // namespace

std::string policy_of(const schema::key_ring& ring) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const schema::resource_type& type : schema::resource_table())
    hash = (hash ^ ((std::uint64_t{type.id.value} << 32U) | ring.key_for(type.id).value)) * 0x100000001b3ULL;
  return fmt::format("{:016x}", hash);
}

std::vector<text_key_id> current_keys(const schema::key_ring& ring) {
  std::vector<text_key_id> ids;
  for (const schema::resource_type& type : schema::resource_table())
    if (const text_key_id id = ring.key_for(type.id); id.value != 0) ids.push_back(id);
  std::ranges::sort(ids);
  const auto same = std::ranges::unique(ids);
  ids.erase(same.begin(), same.end());
  return ids;
}

result<std::optional<key_record>> read_key_record(const storage::snapshot& reads) {
  const schema::resource_type& type = schema::builtin("", "configmaps");
  const std::string_view bytes = reads.get({type.stored_as, key_record_space, key_record_name});
  if (bytes.empty()) return std::optional<key_record>();
  const auto view = schema::object_view::open(bytes);
  if (!view) return view.error();
  const json object = view->to_json(type);
  const json data = object.value("data", json::object());
  key_record record;
  std::istringstream ids(data.value("keys", ""));
  for (std::string id; ids >> id;) {
    const auto parsed = parse_id(id);
    if (!parsed) return std::optional<key_record>();
    record.needed.push_back(*parsed);
  }
  std::ranges::sort(record.needed);
  record.policy = data.value("policy", "");
  const std::string rewritten = data.value("rewrittenAt", "0");
  std::from_chars(rewritten.data(), rewritten.data() + rewritten.size(), record.rewritten.value);
  return std::optional(std::move(record));
}

std::map<std::string, std::string> record_data(const key_record& record, const schema::key_ring& ring) {
  std::map<std::string, std::string> data;
  std::string ids;
  std::string names;
  for (const text_key_id id : record.needed) {
    const schema::key_ring::entry* key = ring.find(id);
    if (!ids.empty()) ids += ' ';
    ids += schema::key_id_text(id);
    names += fmt::format("{} {}\n", schema::key_id_text(id), key == nullptr ? "(not here)" : key->name);
  }
  data["keys"] = std::move(ids);
  data["names"] = std::move(names);
  data["policy"] = record.policy;
  data["rewrittenAt"] = std::to_string(record.rewritten.value);
  data["state"] = record.rewritten.value != 0 ? "every object has its current key"
                                              : "objects are being rewritten with their current key";
  return data;
}

std::vector<outdated_object> outdated_objects(const storage::snapshot& reads, const schema::key_ring& ring,
                                              std::size_t limit) {
  std::vector<outdated_object> found;
  for_each_object(reads, [&](const schema::object_view& object, const schema::resource_type& type) {
    if (object.key_id() != ring.key_for(type.stored_as).value)
      found.push_back(
          {{type.stored_as, std::string(object.space()), std::string(object.name())}, object.at()});
    return found.size() < limit;
  });
  return found;
}

std::map<text_key_id, key_use> keys_in_use(const storage::snapshot& reads) {
  std::map<text_key_id, key_use> uses;
  for_each_object(reads, [&](const schema::object_view& object, const schema::resource_type& type) {
    if (object.key_id() == 0) return true;
    key_use& use = uses[text_key_id(object.key_id())];
    if (use.objects++ == 0) use.first = describe(object, type);
    return true;
  });
  return uses;
}

result<void> check_stored_keys(const storage::snapshot& reads, const std::optional<key_record>& record,
                               const schema::key_ring& ring, bool file_is_new) {
  bool complete = record.has_value();
  if (record)
    for (const text_key_id id : record->needed) complete = complete && ring.find(id) != nullptr;
  if (complete) return {};
  for (const auto& [id, use] : keys_in_use(reads)) {
    if (ring.find(id) != nullptr) continue;
    return missing_key(id, ring, file_is_new,
                       use.objects == 1 ? fmt::format("{} is", use.first)
                                        : fmt::format("{} objects ({} is one) are", use.objects, use.first));
  }
  if (record)
    for (const text_key_id id : record->needed)
      if (ring.find(id) == nullptr)
        return missing_key(id, ring, file_is_new, "some of what watchers may still ask for is");
  return {};
}

} // namespace actord::actors
