#include "actors/scheduler/scheduler_writes.hpp"

#include "actors/controllers/event_recorder.hpp"
#include "schema/base/timestamp.hpp"

namespace actord::actors {

namespace {

/// Of the note of an Event.
constexpr std::size_t longest_note = 1024;

std::string shortened(std::string text) {
  constexpr std::string_view end = " ...";
  if (text.size() <= longest_note) return text;
  text.resize(longest_note - end.size());
  return text.append(end);
}

} // namespace

write_command scheduler_writes::command_for(const scheduling_pod& pod, revision at, std::string_view verb,
                                            std::string why) const {
  write_command command;
  command.key = key_of(pod);
  command.only_uid = pod.uid;
  command.only_in_term = context_->term;
  command.field_manager = scheduler_name;
  command.caller = {.user = "system:kube-scheduler",
                    .uid = {},
                    .groups = {"system:masters", "system:authenticated"},
                    .extra = {}};
  command.cause = {std::string(scheduler_name), std::string(verb), "", at, std::move(why)};
  return command;
}

write_command scheduler_writes::patch_status(const scheduling_pod& pod, revision at, json status,
                                             std::string why) const {
  write_command command = command_for(pod, at, "patch", std::move(why));
  command.verb = write_verb::patch;
  command.subresource = "status";
  command.patch = schema::patch_format::strategic_merge_patch;
  command.body = json{{"status", std::move(status)}}.dump();
  return command;
}

json scheduler_writes::condition(const scheduling_pod& pod, const char* type, const char* status,
                                 const char* reason, const std::string& message) const {
  json out{{"type", type},
           {"status", status},
           {"reason", reason},
           {"message", message},
           {"lastProbeTime", nullptr},
           {"lastTransitionTime", schema::format_time(context_->store.now())}};
  if (pod.generation > 0) out["observedGeneration"] = pod.generation;
  return out;
}

write_command scheduler_writes::bind(const scheduling_pod& pod, revision at, const std::string& node) const {
  write_command command = command_for(pod, at, "bind", "placed on " + node);
  command.verb = write_verb::create;
  command.subresource = "binding";
  command.body = json{{"apiVersion", "v1"},
                      {"kind", "Binding"},
                      {"metadata", {{"name", pod.name}, {"namespace", pod.space}, {"uid", pod.uid}}},
                      {"target", {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node}}}}
                     .dump();
  return command;
}

write_command scheduler_writes::tell_unplaced(const scheduling_pod& pod, revision at,
                                              const std::string& message,
                                              const std::optional<std::string>& nominate) const {
  json status{
      {"conditions", json::array({condition(pod, "PodScheduled", "False", "Unschedulable", message)})}};
  if (nominate) status["nominatedNodeName"] = nominate->empty() ? json() : json(*nominate);
  return patch_status(pod, at, std::move(status), "no node fits");
}

write_command scheduler_writes::clear_nomination(const scheduling_pod& pod, revision at) const {
  return patch_status(pod, at, {{"nominatedNodeName", nullptr}}, "a pod of a higher priority takes its room");
}

write_command scheduler_writes::mark_victim(const scheduling_pod& victim, revision at) const {
  const std::string message =
      std::string(scheduler_name) + ": preempting to accommodate a higher priority pod";
  return patch_status(victim, at,
                      {{"conditions", json::array({condition(victim, "DisruptionTarget", "True",
                                                             "PreemptionByScheduler", message)})}},
                      "makes room for a pod of a higher priority");
}

write_command scheduler_writes::delete_victim(const scheduling_pod& victim, revision at) const {
  write_command command = command_for(victim, at, "delete", "makes room for a pod of a higher priority");
  command.verb = write_verb::remove;
  return command;
}

void scheduler_writes::announce(const scheduling_pod& pod, bool warning, const char* reason,
                                std::string message) const {
  context_->events.record({key_of(pod), pod.uid, "", warning, reason, shortened(std::move(message)),
                           std::string(scheduler_name), ""});
}

void scheduler_writes::announce_unplaced(const scheduling_pod& pod, const std::string& message) const {
  announce(pod, true, "FailedScheduling", message);
}

void scheduler_writes::announce_placed(const scheduling_pod& pod, const std::string& node) const {
  announce(pod, false, "Scheduled", "Successfully assigned " + pod.space + '/' + pod.name + " to " + node);
}

void scheduler_writes::announce_preempted(const scheduling_pod& victim, const std::string& preemptor_uid,
                                          const std::string& node) const {
  announce(victim, false, "Preempted", "Preempted by pod " + preemptor_uid + " on node " + node);
}

} // namespace actord::actors
