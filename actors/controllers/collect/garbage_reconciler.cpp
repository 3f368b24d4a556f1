#include "actors/controllers/collect/garbage_reconciler.hpp"

#include "actors/controllers/ownership.hpp"
#include "schema/base/json.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {

namespace {

planned_patch without_finalizer(const garbage_state& state, std::string_view finalizer, std::string note) {
  json left = json::array();
  for (const auto& other : state.object.view.finalizers)
    if (other != finalizer) left.push_back(other);
  if (left.empty()) left = nullptr;
  return {state.key,
          "",
          state.object.view.uid,
          state.object.at,
          {{"metadata", {{"finalizers", std::move(left)}}}},
          std::move(note)};
}

json owner_list(const schema::meta_view& object, const auto& keep) {
  json out = json::array();
  for (std::size_t i = 0; i < object.owners.size(); ++i)
    if (keep(i)) out.push_back(to_json(object.owners[i]));
  return out.empty() ? json() : out;
}

/// Dependents are set free, then the object may go.
void orphan_dependents(const garbage_state& state, plan& out) {
  for (const dependent& item : state.dependents)
    out.patch.push_back(
        {item.key,
         "",
         item.uid,
         item.at,
         {{"metadata",
           {{"ownerReferences",
             owner_list(item.meta,
                        [&](std::size_t i) { return item.meta.owners[i].uid != state.object.view.uid; })}}}},
         "orphaned: its owner goes without it"});
  out.verdict = "orphans " + std::to_string(state.dependents.size()) + " dependents";
  if (state.dependents.empty())
    out.patch.push_back(without_finalizer(state, orphan_finalizer, "dependents are free"));
}

/// The object no longer holds its owners back.
void let_owners_go(const garbage_state& state, plan& out) {
  const auto& owners = state.object.view.owners;
  if (std::ranges::none_of(owners, &schema::owner_view::blocks_deletion)) return;
  json references = json::array();
  for (schema::owner_view owner : owners) {
    owner.blocks_deletion = false;
    references.push_back(to_json(owner));
  }
  out.patch.push_back({state.key,
                       "",
                       state.object.view.uid,
                       state.object.at,
                       {{"metadata", {{"ownerReferences", std::move(references)}}}},
                       "owners and dependents wait for each other"});
}

/// Dependents go first; those that block hold the object until they are gone.
void await_dependents(const garbage_state& state, plan& out) {
  std::size_t blocking = 0;
  for (const dependent& item : state.dependents) {
    blocking += static_cast<std::size_t>(
        std::any_of(item.meta.owners.begin(), item.meta.owners.end(), [&](const auto& owner) {
          return owner.uid == state.object.view.uid && owner.blocks_deletion;
        }));
    if (item.meta.being_deleted() || item.meta.owners.size() > 1) continue; // the latter decides for itself
    out.remove.push_back({item.key, item.uid, std::nullopt,
                          item.has_dependents ? propagation::foreground : propagation::background,
                          "its owner is being deleted"});
  }
  out.verdict = "waits for " + std::to_string(blocking) + " dependents";
  if (state.in_circle) let_owners_go(state, out);
  if (blocking == 0)
    out.patch.push_back(without_finalizer(state, foreground_finalizer, "no dependent blocks any more"));
}

} // namespace

plan reconcile(const garbage_state& state) {
  const schema::meta_view& object = state.object.view;
  plan out;
  out.verdict = "kept";
  if (object.being_deleted()) {
    if (object.has_finalizer(orphan_finalizer))
      orphan_dependents(state, out);
    else if (object.has_finalizer(foreground_finalizer))
      await_dependents(state, out);
    return out;
  }
  const auto count = [&](owner_fate fate) {
    return std::count(state.owners.begin(), state.owners.end(), fate);
  };
  const auto solid = count(owner_fate::solid), dangling = count(owner_fate::dangling),
             waiting = count(owner_fate::waiting);
  if (dangling + waiting == 0) return out;
  if (solid > 0) {
    out.verdict = "some owners are gone";
    out.patch.push_back(
        {state.key,
         "",
         object.uid,
         state.object.at,
         {{"metadata",
           {{"ownerReferences",
             owner_list(object, [&](std::size_t i) { return state.owners[i] == owner_fate::solid; })}}}},
         "owners that are gone"});
    return out;
  }
  propagation how = propagation::background;
  if (object.has_finalizer(orphan_finalizer))
    how = propagation::orphan;
  else if (object.has_finalizer(foreground_finalizer) || (waiting > 0 && state.has_dependents))
    how = propagation::foreground;
  out.verdict = "all owners are gone";
  for (const schema::owner_view& owner : state.elsewhere)
    out.events.push_back({true, "OwnerRefInvalidNamespace",
                          fmt::format("ownerRef [{}/{}, namespace: {}, name: {}, uid: {}] does not exist in "
                                      "namespace \"{}\"",
                                      owner.api_version, owner.kind, state.key.space, owner.name, owner.uid,
                                      state.key.space)});
  out.remove.push_back({state.key, object.uid, state.object.at, how, out.verdict});
  return out;
}

} // namespace actord::actors
