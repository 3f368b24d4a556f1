#include "actors/definitions/definition_reconciler.hpp"

#include "actors/controllers/conditions.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace actord::actors {
namespace {

constexpr std::size_t burst = 500;
/// Removals wake the controller; the timer only catches what no event tells.
constexpr auto look_again = std::chrono::seconds(5);

using name_set = std::set<std::string, std::less<>>;

struct taken_names {
  name_set resources; ///< plurals, singulars and short names share one space
  name_set kinds;     ///< as do kinds and list kinds
};

taken_names taken_by(const std::vector<schema::definition_view>& neighbours) {
  taken_names taken;
  for (const schema::definition_view& other : neighbours) {
    const schema::definition_names& names = other.accepted;
    taken.resources.insert({names.plural, names.singular});
    taken.resources.insert(names.short_names.begin(), names.short_names.end());
    taken.kinds.insert({names.kind, names.list_kind});
  }
  return taken;
}

struct names_verdict {
  schema::definition_names accepted;
  std::string reason;
  std::string message;
};

/// Takes what is free of the names that are wanted; of those that are not, the last one found is reported.
class name_judge {
public:
  explicit name_judge(const definition_state& state)
      : wanted_(state.definition.view.wanted), taken_(taken_by(state.neighbours)) {
    verdict_.accepted = state.definition.view.accepted;
  }

  names_verdict judge() {
    take(wanted_.plural, verdict_.accepted.plural, taken_.resources, "PluralConflict");
    take(wanted_.singular, verdict_.accepted.singular, taken_.resources, "SingularConflict");
    take_short_names();
    take(wanted_.kind, verdict_.accepted.kind, taken_.kinds, "KindConflict");
    take(wanted_.list_kind, verdict_.accepted.list_kind, taken_.kinds, "ListKindConflict");
    verdict_.accepted.categories = wanted_.categories;
    return std::move(verdict_);
  }

private:
  void refuse(const char* reason, std::string message) {
    verdict_.reason = reason;
    verdict_.message = std::move(message);
  }

  void take(const std::string& wanted, std::string& accepted, const name_set& taken, const char* reason) {
    if (wanted == accepted) return;
    if (taken.contains(wanted))
      refuse(reason, fmt::format("\"{}\" is already in use", wanted));
    else
      accepted = wanted;
  }

  void take_short_names() {
    auto& accepted = verdict_.accepted.short_names;
    std::vector<std::string> conflicts;
    for (const std::string& name : wanted_.short_names)
      if (std::ranges::find(accepted, name) == accepted.end() && taken_.resources.contains(name))
        conflicts.push_back(fmt::format("\"{}\" is already in use", name));
    if (conflicts.empty())
      accepted = wanted_.short_names;
    else
      refuse("ShortNamesConflict",
             conflicts.size() == 1 ? conflicts.front() : fmt::format("[{}]", fmt::join(conflicts, ", ")));
  }

  const schema::definition_names& wanted_;
  taken_names taken_;
  names_verdict verdict_;
};

json names_json(const schema::definition_names& names) {
  json out = {{"plural", names.plural}, {"kind", names.kind}};
  const auto add = [&](const char* key, const auto& value) {
    out[key] = value.empty() ? json() : json(value); // null takes away what a merge would keep
  };
  add("singular", names.singular);
  add("listKind", names.list_kind);
  add("shortNames", names.short_names);
  add("categories", names.categories);
  return out;
}

planned_patch status_patch(const definition_state& state, json status, std::string note) {
  return {state.key,
          "status",
          state.definition.view.meta.uid,
          state.definition.at,
          {{"status", std::move(status)}},
          std::move(note)};
}

plan establish(const definition_state& state, wall_time now) {
  const schema::definition_view& definition = state.definition.view;
  const names_verdict names = name_judge(state).judge();
  const bool accepted = names.reason.empty();
  auto conditions = definition.conditions;
  const auto set = [&](const char* type, bool good, std::string reason, std::string message) {
    set_condition(conditions, {type, good ? "True" : "False", std::move(reason), std::move(message),
                               whole_seconds(now), std::nullopt, 0});
  };
  if (accepted)
    set("NamesAccepted", true, "NoConflicts", "no conflicts found");
  else
    set("NamesAccepted", false, names.reason, names.message);
  // Once established it stays so: clients hold on to what they have seen.
  const auto* established = schema::find_condition(conditions, "Established");
  if (established == nullptr || established->status != "True") {
    if (accepted)
      set("Established", true, "InitialNamesAccepted", "the initial names have been accepted");
    else
      set("Established", false, "NotAccepted", "not all names are accepted");
  }
  plan out;
  out.verdict = accepted ? "established" : "names are taken: " + names.message;
  if (names.accepted == definition.accepted && conditions == definition.conditions) return out;
  out.patch.push_back(status_patch(
      state, {{"acceptedNames", names_json(names.accepted)}, {"conditions", to_json(conditions)}},
      out.verdict));
  return out;
}

planned_patch without_finalizer(const definition_state& state) {
  json left = json::array();
  for (const std::string& one : state.definition.view.meta.finalizers)
    if (one != cleanup_finalizer) left.push_back(one);
  if (left.empty()) left = nullptr;
  return {state.key,
          "",
          state.definition.view.meta.uid,
          state.definition.at,
          {{"metadata", {{"finalizers", std::move(left)}}}},
          "its objects are gone"};
}

plan clean_up(const definition_state& state, wall_time now) {
  plan out;
  auto conditions = state.definition.view.conditions;
  if (state.instances.empty()) {
    out.verdict = "its objects are gone";
    out.patch.push_back(without_finalizer(state));
    return out;
  }
  if (set_condition(conditions,
                    {"Terminating", "True", "InstanceDeletionInProgress",
                     "CustomResource deletion is in progress", whole_seconds(now), std::nullopt, 0}))
    out.patch.push_back(
        status_patch(state, {{"conditions", to_json(conditions)}}, "objects are being deleted"));
  for (const definition_instance& one : state.instances) {
    if (one.being_deleted) continue;
    if (out.remove.size() == burst) break;
    out.remove.push_back(
        {one.key, one.uid, std::nullopt, propagation::background, "its definition is being deleted"});
  }
  out.requeue_at = now + look_again;
  out.verdict = fmt::format("being deleted: {} objects left", state.instances.size());
  return out;
}

} // namespace

plan reconcile(const definition_state& state, wall_time now) {
  const schema::meta_view& meta = state.definition.view.meta;
  if (!meta.being_deleted()) return establish(state, now);
  if (meta.has_finalizer(cleanup_finalizer)) return clean_up(state, now);
  plan out;
  out.verdict = "cleaned up; finalizers of others hold it";
  return out;
}

} // namespace actord::actors
