#include "schema/print/pod_printer.hpp"

#include "schema/base/timestamp.hpp"
#include "schema/value/api_time.hpp"

#include <fmt/format.h>
#include <optional>

namespace actord::schema::print {
namespace {

/// What the columns READY, STATUS and RESTARTS are made of.
struct pod_summary {
  std::string reason;
  std::int64_t ready = 0;
  std::int64_t total = 0;
  std::int64_t restarts = 0;
  std::optional<wall_time> last_restart;
};

const json& items(const json& list) {
  static const json none = json::array();
  return list.is_array() ? list : none;
}

/// An init container that runs along with the others.
bool is_sidecar(const json& pod, const std::string& name) {
  for (const json& container : items(at(pod, {"spec", "initContainers"})))
    if (text(at(container, {"name"})) == name) return text(at(container, {"restartPolicy"})) == "Always";
  return false;
}

void count_restarts(const json& status, pod_summary& summary) {
  summary.restarts += number(at(status, {"restartCount"}));
  const auto finished = parse_time(text(at(status, {"lastState", "terminated", "finishedAt"})));
  if (finished && (!summary.last_restart || *summary.last_restart < *finished))
    summary.last_restart = finished;
}

/// How a container ended, when it says no reason: "Signal:9" or "ExitCode:3".
std::string ended_how(const json& terminated) {
  if (const auto reason = text(at(terminated, {"reason"})); !reason.empty()) return reason;
  if (const auto signal = number(at(terminated, {"signal"})); signal != 0)
    return fmt::format("Signal:{}", signal);
  return fmt::format("ExitCode:{}", number(at(terminated, {"exitCode"})));
}

/// Goes through the init containers up to the first that keeps the pod waiting. True when there is one. Only
/// sidecars count for a pod past its initialization: `sidecars` sums up those.
bool look_at_init_containers(const json& pod, pod_summary& summary, pod_summary& sidecars) {
  const json& statuses = items(at(pod, {"status", "initContainerStatuses"}));
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    const json& status = statuses[i];
    const bool sidecar = is_sidecar(pod, text(at(status, {"name"})));
    count_restarts(status, summary);
    if (sidecar) count_restarts(status, sidecars);
    const json& terminated = at(status, {"state", "terminated"});
    const std::string waiting = text(at(status, {"state", "waiting", "reason"}));
    if (!terminated.is_null() && number(at(terminated, {"exitCode"})) == 0) continue;
    if (sidecar && truth(at(status, {"started"}))) {
      if (truth(at(status, {"ready"}))) ++summary.ready;
      continue;
    }
    if (!terminated.is_null())
      summary.reason = "Init:" + ended_how(terminated);
    else if (!waiting.empty() && waiting != "PodInitializing")
      summary.reason = "Init:" + waiting;
    else
      summary.reason = fmt::format("Init:{}/{}", i, count(at(pod, {"spec", "initContainers"})));
    return true;
  }
  return false;
}

void look_at_containers(const json& pod, pod_summary& summary) {
  bool any_running = false;
  std::string failure;
  const json& statuses = items(at(pod, {"status", "containerStatuses"}));
  for (std::size_t i = statuses.size(); i-- > 0;) {
    const json& status = statuses[i];
    count_restarts(status, summary);
    const json& terminated = at(status, {"state", "terminated"});
    if (const auto waiting = text(at(status, {"state", "waiting", "reason"})); !waiting.empty()) {
      summary.reason = waiting;
    } else if (!terminated.is_null()) {
      summary.reason = ended_how(terminated);
      if (number(at(terminated, {"exitCode"})) != 0) failure = summary.reason;
    } else if (truth(at(status, {"ready"})) && !at(status, {"state", "running"}).is_null()) {
      any_running = true;
      ++summary.ready;
    }
  }
  if (summary.reason != "Completed") return;
  // One container is done while others go on: the pod as a whole is not.
  if (any_running && text(at(condition(pod, "Ready"), {"status"})) == "True")
    summary.reason = "Running";
  else if (!failure.empty())
    summary.reason = failure;
  else if (any_running)
    summary.reason = "NotReady";
}

pod_summary summarize(const json& pod) {
  pod_summary summary;
  const std::string phase = text(at(pod, {"status", "phase"}));
  const std::string status_reason = text(at(pod, {"status", "reason"}));
  summary.reason = status_reason.empty() ? phase : status_reason;
  for (const json& one : items(at(pod, {"status", "conditions"})))
    if (text(at(one, {"type"})) == "PodScheduled" && text(at(one, {"reason"})) == "SchedulingGated")
      summary.reason = "SchedulingGated";
  summary.total = count(at(pod, {"spec", "containers"}));
  for (const json& container : items(at(pod, {"spec", "initContainers"})))
    if (text(at(container, {"restartPolicy"})) == "Always") ++summary.total;

  pod_summary sidecars;
  const bool initializing = look_at_init_containers(pod, summary, sidecars);
  if (!initializing || text(at(condition(pod, "Initialized"), {"status"})) == "True") {
    summary.restarts = sidecars.restarts;
    summary.last_restart = sidecars.last_restart;
    look_at_containers(pod, summary);
  }
  if (being_deleted(pod)) {
    if (status_reason == "NodeLost")
      summary.reason = "Unknown";
    else if (phase != "Succeeded" && phase != "Failed")
      summary.reason = "Terminating";
  }
  return summary;
}

std::string readiness_gates(const json& pod) {
  const json& gates = items(at(pod, {"spec", "readinessGates"}));
  if (gates.empty()) return "<none>";
  int open = 0;
  for (const json& gate : gates)
    if (text(at(condition(pod, text(at(gate, {"conditionType"}))), {"status"})) == "True") ++open;
  return fmt::format("{}/{}", open, gates.size());
}

} // namespace

void print_pod(const row_writer& row) {
  const pod_summary summary = summarize(row.object);
  std::string restarts = std::to_string(summary.restarts);
  if (summary.restarts != 0 && summary.last_restart)
    restarts += fmt::format(" ({} ago)", human_duration(row.now - *summary.last_restart));
  const json& addresses = items(at(row.object, {"status", "podIPs"}));
  row.add(name_of(row.object), fmt::format("{}/{}", summary.ready, summary.total), summary.reason, restarts,
          age(row), addresses.empty() ? "<none>" : text_or(at(addresses[0], {"ip"}), "<none>"),
          text_or(at(row.object, {"spec", "nodeName"}), "<none>"),
          text_or(at(row.object, {"status", "nominatedNodeName"}), "<none>"), readiness_gates(row.object));
}

json pod_row_conditions(const json& pod) {
  const std::string phase = text(at(pod, {"status", "phase"}));
  if (phase != "Succeeded" && phase != "Failed") return nullptr;
  const char* message = phase == "Failed" ? "The pod failed." : "The pod has completed successfully.";
  return json::array({{{"type", "Completed"}, {"status", "True"}, {"reason", phase}, {"message", message}}});
}

} // namespace actord::schema::print
