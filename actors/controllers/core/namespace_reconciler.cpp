#include "actors/controllers/core/namespace_reconciler.hpp"

#include "actors/controllers/conditions.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>

namespace actord::actors {

namespace {

constexpr std::size_t burst = 500;
constexpr std::string_view our_finalizer = "kubernetes";
/// Removals wake this controller; the timer only catches what no event tells.
constexpr auto look_again = std::chrono::seconds(5);

/// "deployments.apps"; "pods." in the core group, as Kubernetes writes it here.
std::string resource_name(const object_key& key) {
  const auto type = schema::resource_of(key.resource);
  if (type == nullptr) return "(unknown)";
  return std::string(type->plural) + '.' + std::string(type->group);
}

/// "pods. has 1 resource instances, deployments.apps has 2 resource instances"
std::string listed(const std::map<std::string, std::size_t>& counts, const std::string& middle) {
  std::string out;
  for (const auto& [name, count] : counts)
    out += (out.empty() ? "" : ", ") + name + middle + std::to_string(count) + " resource instances";
  return out;
}

void set(std::vector<schema::condition_view>& conditions, std::string type, bool bad, std::string reason,
         std::string message, wall_time now) {
  // The message counts what is left: it follows even where status and reason stay.
  for (auto& condition : conditions)
    if (condition.type == type && condition.status == (bad ? "True" : "False") &&
        condition.reason == reason) {
      condition.message = std::move(message);
      return;
    }
  set_condition(conditions, {std::move(type), bad ? "True" : "False", std::move(reason), std::move(message),
                             whole_seconds(now), std::nullopt, 0});
}

std::vector<schema::condition_view> next_conditions(const namespace_state& state, wall_time now) {
  std::map<std::string, std::size_t> remaining = state.foreign.remaining;
  std::map<std::string, std::size_t> finalizers = state.foreign.finalizers;
  for (const auto& item : state.content) {
    ++remaining[resource_name(item.key)];
    for (const auto& finalizer : item.finalizers) ++finalizers[finalizer];
  }
  std::vector<schema::condition_view> out = state.space.view.conditions;
  if (state.foreign.discovery_failure.empty())
    set(out, "NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered",
        "All resources successfully discovered", now);
  else
    set(out, "NamespaceDeletionDiscoveryFailure", true, "DiscoveryFailed", state.foreign.discovery_failure,
        now);
  set(out, "NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions",
      "All legacy kube types successfully parsed", now);
  if (state.foreign.deletion_failure.empty())
    set(out, "NamespaceDeletionContentFailure", false, "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization", now);
  else
    set(out, "NamespaceDeletionContentFailure", true, "ContentDeletionFailed", state.foreign.deletion_failure,
        now);
  if (remaining.empty())
    set(out, "NamespaceContentRemaining", false, "ContentRemoved", "All content successfully removed", now);
  else
    set(out, "NamespaceContentRemaining", true, "SomeResourcesRemain",
        "Some resources are remaining: " + listed(remaining, " has "), now);
  if (finalizers.empty())
    set(out, "NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers",
        "All content-preserving finalizers finished", now);
  else
    set(out, "NamespaceFinalizersRemaining", true, "SomeFinalizersRemain",
        "Some content in the namespace has finalizers remaining: " + listed(finalizers, " in "), now);
  return out;
}

} // namespace

plan reconcile(const namespace_state& state, wall_time now) {
  const schema::namespace_view& space = state.space.view;
  plan out;
  if (!space.meta.being_deleted()) {
    out.verdict = "active";
    return out;
  }
  const auto ours = std::find(space.spec_finalizers.begin(), space.spec_finalizers.end(), our_finalizer);
  if (ours == space.spec_finalizers.end()) {
    out.verdict = "emptied; finalizers of others hold it";
    return out;
  }
  if (state.content.empty() && state.foreign.gone()) {
    json left = json::array();
    for (const auto& finalizer : space.spec_finalizers)
      if (finalizer != our_finalizer) left.push_back(finalizer);
    out.verdict = "empty: let go";
    out.patch.push_back({state.key,
                         "finalize",
                         space.meta.uid,
                         std::nullopt,
                         {{"spec", {{"finalizers", std::move(left)}}}},
                         "all content is gone"});
    return out;
  }
  // Pods go first: what they use must outlive them.
  const resource_id pods = schema::builtin("", "pods").id;
  const bool pods_left = std::any_of(state.content.begin(), state.content.end(),
                                     [&](const auto& item) { return item.key.resource == pods; });
  for (const auto& item : state.content) {
    if (item.being_deleted || (pods_left && item.key.resource != pods) || out.remove.size() == burst)
      continue;
    out.remove.push_back(
        {item.key, item.uid, std::nullopt, propagation::background, "namespace is being deleted"});
  }
  // Until extension servers have answered, nothing is known that could be said.
  const auto conditions = state.foreign.known ? next_conditions(state, now) : space.conditions;
  if (conditions != space.conditions)
    out.patch.push_back({state.key,
                         "status",
                         space.meta.uid,
                         std::nullopt,
                         {{"status", {{"phase", "Terminating"}, {"conditions", to_json(conditions)}}}},
                         "progress"});
  out.requeue_at = now + look_again;
  out.verdict = "being deleted: " + std::to_string(state.content.size()) + " objects left";
  if (!state.foreign.gone()) out.verdict += ", more with extension servers";
  return out;
}

} // namespace actord::actors
