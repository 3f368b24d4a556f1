#include "actors/controllers/nodes/pod_fencing_reconciler.hpp"

#include "schema/base/json.hpp"

#include <fmt/format.h>

namespace actord::actors {

plan reconcile(const stranded_pod& pod, steady_time now, wall_time wall_now) {
  plan out;
  out.verdict = "its node ends it";
  if (pod.node_ready) return out;
  planned_remove removal{.key = pod.key, .uid = pod.uid, .at = std::nullopt, .note = {}, .grace_s = 0};
  if (pod.node_out_of_service) {
    removal.note = out.verdict = fmt::format("its node {} is out of service", pod.node_name);
    out.patch.push_back(
        {pod.key, "status", pod.uid, std::nullopt, {{"status", {{"phase", "Failed"}}}}, out.verdict});
    out.remove.push_back(std::move(removal));
    return out;
  }
  out.verdict = fmt::format("waits for its node {}", pod.node_name);
  if (!pod.fenced) return out;
  if (!pod.epoch.over) {
    if (pod.epoch.look_again) out.requeue_at = wall_now + (*pod.epoch.look_again - now);
    return out;
  }
  removal.note = out.verdict = fmt::format("its node {} has ended it by now", pod.node_name);
  removal.at = pod.at;
  removal.announce = planned_event{.reason = "FencedPodRemoved",
                                   .message = fmt::format("Node {} is unreachable and has ended Pod {}/{}",
                                                          pod.node_name, pod.key.space, pod.key.name)};
  out.remove.push_back(std::move(removal));
  return out;
}

plan detach(const std::vector<volume_attachment>& attachments) {
  plan out;
  for (const volume_attachment& each : attachments)
    out.remove.push_back(
        {.key = each.key, .uid = each.uid, .at = std::nullopt, .note = "its node is out of service"});
  out.verdict = attachments.empty() ? "nothing is attached" : "out of service";
  return out;
}

} // namespace actord::actors
