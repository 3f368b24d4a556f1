#include "schema/patch/field_manager.hpp"

#include "schema/base/json.hpp"
#include "schema/patch/field_compare.hpp"
#include "schema/patch/managed_fields.hpp"

#include <algorithm>
#include <fmt/chrono.h>
#include <fmt/format.h>

namespace actord::schema {
namespace {

/// What the server itself writes or what names the object: nobody owns these.
const field_set& nobodys_fields() {
  static const field_set fields = [] {
    field_set set;
    set.insert({"f:apiVersion"});
    set.insert({"f:kind"});
    set.insert({"f:metadata"});
    for (const char* name : {"f:name", "f:namespace", "f:creationTimestamp", "f:selfLink", "f:uid", "f:clusterName",
                             "f:generation", "f:managedFields", "f:resourceVersion"})
      set.insert({"f:metadata", name});
    return set;
  }();
  return fields;
}

const json& member_or_null(const json& object, const char* name) {
  static const json null;
  if (!object.is_object()) return null;
  const auto found = object.find(name);
  return found == object.end() ? null : *found;
}

const json& managed_fields_of(const json& object) {
  return member_or_null(member_or_null(object, "metadata"), "managedFields");
}

/// An empty list, or a list of one empty entry, is how clients give all ownership up.
bool is_reset(const json& sent) {
  return sent.is_array() && (sent.empty() || (sent.size() == 1 && sent[0].is_object() && sent[0].empty()));
}

managed_entries entries_so_far(const field_writer& writer, const json* live, const json& object) {
  managed_entries stored;
  if (live != nullptr) stored = decode_managed_fields(managed_fields_of(*live)).value_or(managed_entries{});
  if (!writer.subresource.empty()) return stored;
  const json& sent = managed_fields_of(object);
  if (is_reset(sent)) return {};
  if (live != nullptr && sent == managed_fields_of(*live)) return stored;
  auto given = decode_managed_fields(sent);
  return given && !given->empty() ? std::move(*given) : stored;
}

/// Keeps the entries of update managers within bounds: the oldest of each API version become one.
void merge_oldest(managed_entries& entries) {
  std::vector<std::size_t> updates;
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (entries[i].id.operation == ownership::update) updates.push_back(i);
  if (updates.size() <= max_update_managers) return;
  std::stable_sort(updates.begin(), updates.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(entries[a].time, entries[a].id.manager) < std::tie(entries[b].time, entries[b].id.manager);
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
    into.fields = set_union(into.fields, entry.fields);
    into.time = entry.time;
    entry.fields = {};
    --left;
  }
}

void erase_empty(managed_entries& entries) {
  std::erase_if(entries, [](const managed_entry& entry) { return entry.fields.empty(); });
}

void store_entries(json& object, managed_entries entries) {
  json& metadata = object["metadata"];
  if (entries.empty())
    metadata.erase("managedFields");
  else
    metadata["managedFields"] = encode_managed_fields(std::move(entries));
}

field_manager_id identity(const field_writer& writer, ownership operation) {
  return {writer.manager.empty() ? "unknown" : std::string(writer.manager), operation,
          std::string(writer.api_version), std::string(writer.subresource)};
}

} // namespace

void track_update(const field_writer& writer, const json* live, json& object) {
  managed_entries entries = entries_so_far(writer, live, object);
  // An object whose ownership was given up stays without until somebody applies to it.
  if (live != nullptr && entries.empty()) {
    store_entries(object, {});
    return;
  }
  const field_changes changes = compare_objects(writer.type, live != nullptr ? *live : zero_object(writer.type), object);
  const field_set touched = set_difference_with_subtrees(set_union(changes.added, changes.modified), writer.untouchable);
  const field_set removed = set_difference_with_subtrees(changes.removed, writer.untouchable);
  for (managed_entry& entry : entries) {
    if (!touched.empty()) entry.fields = set_difference(entry.fields, touched);
    if (!removed.empty()) entry.fields = set_difference(entry.fields, removed);
  }
  field_set own = set_difference(touched, nobodys_fields());
  if (!own.empty()) {
    const field_manager_id id = identity(writer, ownership::update);
    const auto previous = std::find_if(entries.begin(), entries.end(),
                                       [&](const managed_entry& entry) { return entry.id.same_writer(id); });
    if (previous == entries.end()) {
      entries.push_back({id, second_text(writer.now), std::move(own)});
    } else {
      previous->fields = set_union(previous->fields, own);
      previous->time = second_text(writer.now);
    }
  }
  erase_empty(entries);
  merge_oldest(entries);
  erase_empty(entries);
  store_entries(object, std::move(entries));
}

bool differ_beyond_times(const json& before, const json& after) {
  if (before == after) return false;
  const auto without_times = [](const json& object) {
    json copy = object;
    const auto metadata = copy.find("metadata");
    if (metadata == copy.end()) return copy;
    const auto entries = metadata->find("managedFields");
    if (entries != metadata->end() && entries->is_array())
      for (json& entry : *entries)
        if (entry.is_object()) entry.erase("time");
    return copy;
  };
  return without_times(before) != without_times(after);
}

std::string second_text(wall_time at) {
  const auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::floor<std::chrono::seconds>(at));
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(
                                                  std::chrono::time_point_cast<std::chrono::system_clock::duration>(seconds))));
}

} // namespace actord::schema
