#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/patch/check_configuration.hpp"
#include "schema/patch/field_compare.hpp"
#include "schema/patch/field_manager.hpp"
#include "schema/patch/structured_merge.hpp"
#include "schema/patch/version_changes.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <optional>

namespace actord::schema {
namespace {

constexpr const char* last_applied_annotation = "kubectl.kubernetes.io/last-applied-configuration";

error refuse(error_kind kind, std::string message) { return {kind, std::move(message), {}, {}, 0}; }

json without_managed_fields(const json& object) {
  json copy = object;
  const auto metadata = copy.find("metadata");
  if (metadata != copy.end() && metadata->is_object()) metadata->erase("managedFields");
  return copy;
}

struct conflict {
  field_manager_id owner;
  std::string path;
};

error conflict_error(const std::vector<conflict>& conflicts) {
  error refused;
  refused.kind = error_kind::conflict;
  for (const conflict& one : conflicts)
    refused.causes.push_back(
        {"FieldManagerConflict", "conflict with " + printed_manager(one.owner), one.path});
  if (conflicts.size() == 1) {
    refused.message = fmt::format("Apply failed with 1 conflict: conflict with {}: {}",
                                  printed_manager(conflicts[0].owner), conflicts[0].path);
    return refused;
  }
  std::map<std::string, std::vector<std::string>> by_owner;
  for (const conflict& one : conflicts) by_owner[printed_manager(one.owner)].push_back(one.path);
  std::string list;
  for (const auto& [owner, paths] : by_owner) {
    list += fmt::format("{}conflicts with {}:", list.empty() ? "" : "\n", owner);
    for (const std::string& path : paths) list += "\n- " + path;
  }
  refused.message = fmt::format("Apply failed with {} conflicts: {}", conflicts.size(), list);
  return refused;
}

/// What is left of `merged` when all is taken out that neither `pruned` has nor anybody of `owned` owns.
json keep_owned(const object_type& type, const json& merged, const json& pruned, const field_set& owned) {
  const field_set mentioned = with_declared_ancestors(type, mentioned_fields(type, merged));
  const field_set left = with_declared_ancestors(type, mentioned_fields(type, pruned));
  return remove_fields(type, merged,
                       set_difference(mentioned, set_union(left, with_declared_ancestors(type, owned))));
}

/// What hangs below a removed item without being owned by anyone goes with it only if it was applied.
json keep_unnamed(const object_type& type, const json& merged, const json& pruned,
                  const field_set& last_named) {
  const field_set mentioned = with_declared_ancestors(type, mentioned_fields(type, merged));
  const field_set left = with_declared_ancestors(type, mentioned_fields(type, pruned));
  return remove_fields(type, merged, set_intersection(set_difference(mentioned, left), last_named));
}

/// Removes from `merged` what the writer applied last time, left out now, and nobody else owns.
json prune(const object_type& type, const json& merged, const managed_entries& entries,
           const field_set& last) {
  if (last.empty()) return merged;
  const field_set last_named = with_declared_ancestors(type, last);
  field_set owned;
  for (const managed_entry& entry : entries) owned = set_union(owned, entry.fields());
  const json pruned = keep_owned(type, merged, remove_fields(type, merged, last_named), owned);
  return keep_unnamed(type, merged, pruned, last_named);
}

/// The same where fields have other names in other versions: what was applied last is removed in the version
/// it was applied in, and what others own is looked up in theirs.
json prune_across_versions(const field_writer& writer, const json& merged, const managed_entries& entries,
                           const field_set& last, const std::string& last_version) {
  const auto in_last = [&](const json& object) {
    object_in_version turned{std::string(writer.api_version), &writer.type, object};
    return turned.turn_into(*writer.versions, last_version) ? std::optional(std::move(turned)) : std::nullopt;
  };
  if (last.empty()) return merged;
  const auto whole = in_last(merged);
  if (!whole) return merged;
  const field_set last_named = with_declared_ancestors(*whole->type, last);
  object_in_version pruned = *whole;
  pruned.object = remove_fields(*whole->type, whole->object, last_named);

  std::map<std::string, field_set> owned; // by version
  for (const managed_entry& entry : entries)
    owned[entry.id.api_version] = set_union(owned[entry.id.api_version], entry.fields());
  for (const auto& [version, fields] : owned) {
    object_in_version all{std::string(writer.api_version), &writer.type, merged};
    if (!all.turn_into(*writer.versions, version) || !pruned.turn_into(*writer.versions, version)) continue;
    pruned.object = keep_owned(*all.type, all.object, pruned.object, fields);
  }
  if (!pruned.turn_into(*writer.versions, last_version)) return merged;
  pruned.object = keep_unnamed(*whole->type, whole->object, pruned.object, last_named);
  return pruned.turn_into(*writer.versions, writer.api_version) ? pruned.object : merged;
}

bool are_across_versions(const field_writer& writer, const managed_entries& entries) {
  return writer.versions != nullptr && std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
           return entry.id.api_version != writer.api_version;
         });
}

/// An object that nobody's writes were tracked on: all it has belongs to a manager that stands for the past.
void own_the_past(const field_writer& writer, const json& live, managed_entries& entries) {
  const field_changes changes = compare_objects(writer.type, zero_object(writer.type), live);
  field_set fields =
      set_difference_with_subtrees(set_union(changes.added, changes.modified), writer.untouchable);
  fields = set_difference(fields, nobodys_fields());
  if (fields.empty()) return;
  entries.emplace_back(
      field_manager_id{"before-first-apply", ownership::update, std::string(writer.api_version), {}},
      format_time(writer.now), std::move(fields));
}

struct applied_outcome {
  json object;
  managed_entries entries;
  std::vector<conflict> conflicts;
  field_set conflicting;
  bool changed = true;
};

/// What the write takes from an owner whose fields are tracked in another version.
void take_in_version(const version_changes::changes& changes, managed_entry& entry,
                     applied_outcome& outcome) {
  if (changes.gone) {
    entry.change_fields() = {};
    return;
  }
  const field_set taken = set_intersection(entry.fields(), changes.touched);
  for_each_path(taken, [&](const std::string& path) { outcome.conflicts.push_back({entry.id, path}); });
  outcome.conflicting = set_union(outcome.conflicting, taken);
  if (!taken.empty()) subtract(entry.change_fields(), taken);
  if (entry.overlaps(changes.removed)) subtract(entry.change_fields(), changes.removed);
}

applied_outcome merge_and_own(const field_writer& writer, const json& live, const json& applied,
                              managed_entries entries) {
  const json merged = merge_objects(writer.type, live, applied);
  const field_manager_id self = writer.id(ownership::apply);
  managed_entry* mine = find_entry(entries, self);
  if (mine == nullptr) mine = &entries.emplace_back(self, std::string(), field_set{});
  const field_set last = std::move(mine->change_fields());
  const std::string last_version = mine->id.api_version;
  mine->id = self;
  mine->change_fields() =
      set_difference_with_subtrees(mentioned_fields(writer.type, applied), writer.untouchable);

  applied_outcome outcome;
  const bool across = writer.versions != nullptr &&
                      (last_version != writer.api_version || are_across_versions(writer, entries));
  outcome.object = across ? prune_across_versions(writer, merged, entries, last, last_version)
                          : prune(writer.type, merged, entries, last);
  const field_changes changes = compare_objects(writer.type, live, outcome.object);
  const field_set touched =
      set_difference_with_subtrees(set_union(changes.added, changes.modified), writer.untouchable);
  const field_set removed = set_difference_with_subtrees(changes.removed, writer.untouchable);
  version_changes elsewhere(writer, live, outcome.object);
  for (managed_entry& entry : entries) {
    if (entry.id.same_writer(self)) continue;
    if (elsewhere.is_other(entry.id.api_version)) {
      take_in_version(elsewhere.in(entry.id.api_version), entry, outcome);
      continue;
    }
    const field_set taken = set_intersection(entry.fields(), touched);
    for_each_path(taken, [&](const std::string& path) { outcome.conflicts.push_back({entry.id, path}); });
    outcome.conflicting = set_union(outcome.conflicting, taken);
    if (!taken.empty()) subtract(entry.change_fields(), taken);
    if (entry.overlaps(removed)) subtract(entry.change_fields(), removed);
  }
  outcome.changed = live != outcome.object;
  managed_entry& own = *find_entry(entries, self);
  if (outcome.changed) own.time = format_time(writer.now);
  subtract(own.change_fields(), nobodys_fields());
  outcome.entries = std::move(entries);
  return outcome;
}

const json* last_applied_text(const json& object) {
  const json::json_pointer where("/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration");
  if (!object.contains(where)) return nullptr;
  const json& text = object.at(where);
  return text.is_string() && !text.get_ref<const std::string&>().empty() ? &text : nullptr;
}

/// Fields that a client-side apply wrote and nobody changed since: kubectl may take these over when it moves
/// to server-side apply.
field_set client_applied_fields(const field_writer& writer, const json& live) {
  const json* text = last_applied_text(live);
  if (text == nullptr) return {};
  const auto configuration = parse_json(text->get_ref<const std::string&>());
  if (!configuration || !configuration->is_object()) return {};
  const auto version = configuration->find("apiVersion");
  if (version == configuration->end() || *version != writer.api_version) return {};
  const field_changes since = compare_objects(writer.type, *configuration, live);
  field_set fields = mentioned_fields(writer.type, *configuration);
  for (const field_set* changed : {&since.modified, &since.added, &since.removed})
    fields = set_difference(fields, *changed);
  return fields;
}

std::string without_last_applied(json applied) {
  const auto metadata = applied.find("metadata");
  if (metadata != applied.end() && metadata->is_object()) {
    const auto annotations = metadata->find("annotations");
    if (annotations != metadata->end() && annotations->is_object()) {
      annotations->erase(last_applied_annotation);
      if (annotations->empty()) metadata->erase("annotations");
    }
  }
  return json_text(applied) + "\n";
}

/// `namespace/name; group/version, Kind=Kind`.
std::string described(const json& applied) {
  const auto text = [](const json& object, const char* member) {
    const auto found = object.is_object() ? object.find(member) : object.end();
    return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>()
                                                                             : std::string();
  };
  const auto metadata = applied.find("metadata");
  const json& named = metadata == applied.end() ? applied : *metadata;
  const std::string version = text(applied, "apiVersion");
  return fmt::format("{}/{}; {}{}, Kind={}", text(named, "namespace"), text(named, "name"),
                     version.find('/') == std::string::npos ? "/" : "", version, text(applied, "kind"));
}

} // namespace

result<json> apply_configuration(const field_writer& writer, const json& live, const json& applied,
                                 bool force) {
  const auto sent_version = applied.find("apiVersion");
  const std::string version = sent_version != applied.end() && sent_version->is_string()
                                  ? sent_version->get<std::string>()
                                  : std::string();
  if (version != writer.api_version)
    return refuse(
        error_kind::bad_request,
        fmt::format("Incorrect version specified in apply patch. Specified patch version: {}, expected: {}",
                    version, writer.api_version));
  if (!managed_fields_of(applied).is_null())
    return refuse(error_kind::bad_request, "metadata.managedFields must be nil");
  if (const std::string wrong = check_configuration(writer.type, applied); !wrong.empty())
    return refuse(error_kind::internal,
                  fmt::format("failed to create typed patch object ({}): {}", described(applied), wrong));
  auto entries = decode_managed_fields(managed_fields_of(live), true);
  if (!entries) return refuse(error_kind::internal, "failed to decode managed fields");
  const json before = without_managed_fields(live);
  if (entries->empty()) own_the_past(writer, before, *entries);

  applied_outcome outcome = merge_and_own(writer, before, applied, std::move(*entries));
  if (!outcome.conflicts.empty() && !force) {
    const field_set allowed =
        writer.manager == "kubectl" ? client_applied_fields(writer, before) : field_set{};
    const field_set refused = set_difference(outcome.conflicting, allowed);
    if (!refused.empty()) {
      std::vector<std::string> paths;
      for_each_path(refused, [&](const std::string& path) { paths.push_back(path); });
      std::erase_if(outcome.conflicts, [&](const conflict& one) {
        return std::find(paths.begin(), paths.end(), one.path) == paths.end();
      });
      return conflict_error(outcome.conflicts);
    }
  }
  if (writer.manager == "kubectl" && last_applied_text(outcome.object) != nullptr)
    outcome.object["metadata"]["annotations"][last_applied_annotation] = without_last_applied(applied);
  store_managed_fields(outcome.object, std::move(outcome.entries));
  return std::move(outcome.object);
}

} // namespace actord::schema
