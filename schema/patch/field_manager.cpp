#include "schema/patch/field_manager.hpp"

#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/patch/field_compare.hpp"
#include "schema/patch/managed_fields.hpp"
#include "schema/patch/version_changes.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::schema {
namespace {

/// An empty list, or a list of one empty entry, is how clients give all ownership up.
bool is_reset(const json& sent) {
  return sent.is_array() && (sent.empty() || (sent.size() == 1 && sent[0].is_object() && sent[0].empty()));
}

managed_entries entries_so_far(const field_writer& writer, const json* live, const json& object) {
  managed_entries stored;
  if (live != nullptr)
    stored = decode_managed_fields(managed_fields_of(*live), true).value_or(managed_entries{});
  if (!writer.subresource.empty()) return stored;
  const json& sent = managed_fields_of(object);
  if (is_reset(sent)) return {};
  if (live != nullptr && sent == managed_fields_of(*live)) return stored;
  auto given = decode_managed_fields(sent, false);
  return given && !given->empty() ? std::move(*given) : stored;
}

/// Keeps the entries of update managers within bounds: the oldest of each API version become one.
void merge_oldest(managed_entries& entries) {
  std::vector<std::size_t> updates;
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (entries[i].id.operation == ownership::update) updates.push_back(i);
  if (updates.size() <= max_update_managers) return;
  std::stable_sort(updates.begin(), updates.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(entries[a].time, entries[a].id.manager) <
           std::tie(entries[b].time, entries[b].id.manager);
  });
  std::size_t left = updates.size();
  std::vector<std::size_t> buckets;
  for (std::size_t i = 0; i < updates.size() && left > max_update_managers; ++i) {
    managed_entry& entry = entries[updates[i]];
    const auto bucket = std::find_if(buckets.begin(), buckets.end(), [&](std::size_t index) {
      return entries[index].id.api_version == entry.id.api_version;
    });
    if (bucket == buckets.end()) {
      buckets.push_back(updates[i]);
      continue;
    }
    managed_entry& into = entries[*bucket];
    into.id = {"ancient-changes", ownership::update, entry.id.api_version, {}};
    add(into.change_fields(), std::move(entry.change_fields()));
    into.time = entry.time;
    entry.change_fields() = {};
    --left;
  }
}

void give_up_changed(managed_entry& entry, const version_changes::changes& changes) {
  if (changes.gone) entry.change_fields() = {};
  for (const field_set* lost : {&changes.touched, &changes.removed})
    if (entry.overlaps(*lost)) subtract(entry.change_fields(), *lost);
}

/// Whether two objects differ in a member other than `ignored`; `differ` compares the members both have.
template <class Differ>
bool differ_except(const json& left, const json& right, std::string_view ignored, Differ differ) {
  if (!left.is_object() || !right.is_object()) return left != right;
  std::size_t shared = 0;
  for (const auto& [name, value] : left.get_ref<const json::object_t&>()) {
    if (name == ignored) continue;
    const auto other = right.find(name);
    if (other == right.end() || differ(name, value, *other)) return true;
    ++shared;
  }
  return shared + (right.contains(ignored) ? 1 : 0) != right.size();
}

} // namespace

field_manager_id field_writer::id(ownership operation) const {
  return {manager.empty() ? "unknown" : std::string(manager), operation, std::string(api_version),
          std::string(subresource)};
}

void track_update(const field_writer& writer, const json* live, json& object) {
  managed_entries entries = entries_so_far(writer, live, object);
  // An object whose ownership was given up stays without until somebody applies to it.
  if (live != nullptr && entries.empty()) {
    store_managed_fields(object, {});
    return;
  }
  field_changes changes =
      compare_objects(writer.type, live != nullptr ? *live : zero_object(writer.type), object);
  if (!changes.comparable) {
    store_managed_fields(object, {});
    return;
  }
  field_set own = std::move(changes.added);
  add(own, std::move(changes.modified));
  subtract_with_subtrees(own, writer.untouchable);
  subtract_with_subtrees(changes.removed, writer.untouchable);
  version_changes elsewhere(writer, live != nullptr ? *live : zero_object(writer.type), object);
  for (managed_entry& entry : entries)
    if (elsewhere.is_other(entry.id.api_version))
      give_up_changed(entry, elsewhere.in(entry.id.api_version));
    else
      for (const field_set* lost : {&own, &changes.removed})
        if (entry.overlaps(*lost)) subtract(entry.change_fields(), *lost);
  subtract(own, nobodys_fields());
  if (!own.empty()) {
    const field_manager_id id = writer.id(ownership::update);
    managed_entry* entry = find_entry(entries, id);
    if (entry == nullptr) entry = &entries.emplace_back(id, std::string(), field_set{});
    add(entry->change_fields(), std::move(own));
    entry->time = format_time(writer.now);
  }
  std::erase_if(entries, [](const managed_entry& entry) { return entry.empty(); });
  merge_oldest(entries);
  store_managed_fields(object, std::move(entries));
}

bool differ_beyond_times(const json& before, const json& after) {
  return differ_except(before, after, {}, [](const std::string& name, const json& a, const json& b) {
    if (name != "metadata") return a != b;
    return differ_except(
        a, b, "resourceVersion", [](const std::string& member, const json& c, const json& d) {
          if (member != "managedFields" || !c.is_array() || !d.is_array()) return c != d;
          return !std::equal(c.begin(), c.end(), d.begin(), d.end(), [](const json& left, const json& right) {
            return !differ_except(left, right, "time",
                                  [](const std::string&, const json& e, const json& f) { return e != f; });
          });
        });
  });
}

} // namespace actord::schema
