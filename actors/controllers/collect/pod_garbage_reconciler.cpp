#include "actors/controllers/collect/pod_garbage_reconciler.hpp"

#include "actors/controllers/conditions.hpp"
#include "schema/base/json.hpp"

namespace actord::actors {

namespace {

constexpr auto quarantine = std::chrono::seconds(40);

} // namespace

plan reconcile(const pod_garbage_state& state, steady_time now, wall_time wall_now) {
  plan out;
  out.verdict = "in its place";
  if (state.node_name.empty()) {
    if (!state.being_deleted) return out;
    out.verdict = "deleted before it had a node";
  } else {
    if (state.node_exists) return out;
    out.verdict = "its node " + state.node_name + " is gone";
    if (state.created + quarantine > wall_now) {
      out.requeue_at = state.created + quarantine;
      return out;
    }
    if (state.fenced && !state.epoch.over) {
      if (state.epoch.look_again) out.requeue_at = wall_now + (*state.epoch.look_again - now);
      if (!state.being_deleted)
        out.remove.push_back({state.key, state.uid, std::nullopt, propagation::background, out.verdict});
      return out;
    }
    if (state.fenced) {
      out.remove.push_back(
          {state.key, state.uid, state.at, propagation::background, out.verdict, std::nullopt, 0});
      return out;
    }
    if (state.phase != "Succeeded" && state.phase != "Failed")
      out.patch.push_back(
          {state.key, "status", state.uid, std::nullopt, {{"status", {{"phase", "Failed"}}}}, out.verdict});
  }
  out.remove.push_back(
      {state.key, state.uid, std::nullopt, propagation::background, out.verdict, std::nullopt, 0});
  return out;
}

} // namespace actord::actors
