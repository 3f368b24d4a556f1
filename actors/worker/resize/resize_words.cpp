#include "actors/worker/resize/resize_words.hpp"

#include "actors/scheduler/scheduling_pod.hpp"
#include "actors/worker/container_spec.hpp"
#include "runtime/oci/cgroup_amounts.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/value/quantity.hpp"

namespace actord::actors {
namespace {

/// What the kernel's least shares and quota amount to.
constexpr std::int64_t least_request_milli = 2;
constexpr std::int64_t least_limit_milli = 10;
constexpr std::int64_t shares_per_core = 1024;
constexpr std::int64_t page_bytes = 4096;

std::string milli_text(std::int64_t milli) { return schema::quantity::of_milli(milli).text(); }
std::string bytes_text(std::int64_t bytes) {
  return schema::quantity::of_units(bytes, schema::quantity::form::binary).text();
}

std::int64_t milli_of_shares(std::int64_t shares) {
  return (shares * 1000 + shares_per_core - 1) / shares_per_core;
}
std::int64_t milli_of_quota(const runtime::resource_limits& limits) {
  return limits.cpu_period_us > 0 ? limits.cpu_quota_us * 1000 / limits.cpu_period_us : 0;
}

std::optional<schema::quantity> amount_in(const std::map<std::string, std::string>& texts, const char* name) {
  const auto found = texts.find(name);
  if (found == texts.end()) return std::nullopt;
  auto parsed = schema::quantity::parse(found->second);
  return parsed ? std::optional(*parsed) : std::nullopt;
}

/// The text as it is when it says the same, else the amount anew.
void show_milli(std::map<std::string, std::string>& texts, std::int64_t milli, std::int64_t least) {
  const auto said = amount_in(texts, "cpu");
  const std::int64_t before = said ? said->milli() : 0;
  if (before == milli || (milli <= least && before <= least)) return;
  texts["cpu"] = milli_text(milli);
}
/// The kernel keeps whole pages.
void show_bytes(std::map<std::string, std::string>& texts, std::int64_t bytes) {
  const auto said = amount_in(texts, "memory");
  if (said && said->units() / page_bytes == bytes / page_bytes) return;
  texts["memory"] = bytes_text(bytes);
}

/// Version 2 of control groups keeps weights, coarser than shares: those of the same weight are the same.
bool same_shares(std::int64_t measured, std::int64_t expected) {
  return measured == expected || measured == runtime::cpu_shares(runtime::cpu_weight(expected));
}

void take_over(std::map<std::string, std::string>& texts, const std::map<std::string, std::string>& from,
               const char* name) {
  const auto found = from.find(name);
  if (found != from.end())
    texts[name] = found->second;
  else
    texts.erase(name);
}

void append_containers(std::string& text, const char* title, const std::vector<schema::container_view>& list,
                       const pod_resources& resources) {
  if (list.empty()) return;
  json shown = json::array();
  for (const auto& container : list) {
    const auto found = resources.containers.find(container.name);
    shown.push_back(
        {{"name", container.name},
         {"resources", found == resources.containers.end() ? json::object() : amounts_json(found->second)}});
  }
  text.append("\"").append(title).append("\":").append(shown.dump()).append(",");
}

json resize_condition(const schema::pod_view& pod, const char* type, std::int64_t generation,
                      const std::string& reason, const std::string& message, wall_time now) {
  const schema::condition_view* before = schema::find_condition(pod.status.conditions, type);
  const bool same = before != nullptr && before->transitioned;
  json made{{"type", type},
            {"status", "True"},
            {"lastTransitionTime", schema::format_time(same ? *before->transitioned : now)}};
  if (generation > 0) made["observedGeneration"] = generation;
  if (!reason.empty()) made["reason"] = reason;
  if (!message.empty()) made["message"] = message;
  return made;
}

} // namespace

std::string resize_summary(const schema::pod_view& pod, const pod_resources& resources,
                           std::int64_t generation, const std::string& trouble) {
  std::string text = "{";
  append_containers(text, "initContainers", pod.spec.init_containers, resources);
  append_containers(text, "containers", pod.spec.containers, resources);
  text += "\"generation\":" + std::to_string(generation);
  if (!trouble.empty()) text += ",\"error\":" + json(trouble).dump();
  return text + "}";
}

json amounts_in_force(const amount_texts& allocated, const resize_record::in_force* actuated,
                      const std::optional<runtime::measured_resources>& measured) {
  amount_texts shown = allocated;
  // A limit that it has from the pod as a whole is not its own.
  const auto has_limit = [&](const char* name) {
    return allocated.limits.contains(name) ||
           (actuated != nullptr && actuated->amounts.limits.contains(name));
  };
  if (measured && has_limit("cpu")) {
    if (measured->limits.cpu_quota_us > 0)
      show_milli(shown.limits, milli_of_quota(measured->limits), least_limit_milli);
    else
      shown.limits.erase("cpu");
  }
  if (measured && has_limit("memory")) {
    if (measured->limits.memory_limit_bytes > 0)
      show_bytes(shown.limits, measured->limits.memory_limit_bytes);
    else
      shown.limits.erase("memory");
  }
  if (!measured) return amounts_json(shown);
  if (actuated != nullptr && same_shares(measured->limits.cpu_shares, actuated->limits.cpu_shares))
    take_over(shown.requests, actuated->amounts.requests, "cpu");
  else if (!shown.requests.empty() && measured->limits.cpu_shares > 0)
    show_milli(shown.requests, milli_of_shares(measured->limits.cpu_shares), least_request_milli);
  // The kernel knows no request for memory: what was written down at the start or the last change counts.
  if (actuated != nullptr) take_over(shown.requests, actuated->amounts.requests, "memory");
  return amounts_json(shown);
}

json resize_conditions(const schema::pod_view& pod, const pod_resizer& resizer, wall_time now) {
  json list = json::array();
  if (const auto& pending = resizer.given().pending)
    list.push_back(resize_condition(pod, "PodResizePending", pending->generation, pending->reason,
                                    pending->message, now));
  if (const auto generation = resizer.in_progress())
    list.push_back(resize_condition(pod, "PodResizeInProgress", *generation,
                                    resizer.trouble().empty() ? "" : "Error", resizer.trouble(), now));
  return list;
}

whole_amounts amounts_of_pod(const schema::pod_view& pod,
                             const std::optional<runtime::measured_resources>& measured) {
  const pod_request request = request_of(pod.spec);
  const runtime::resource_limits wanted = pod_limits_of(pod);
  std::map<std::string, std::string> requests;
  if (request.milli_cpu > 0) requests["cpu"] = milli_text(request.milli_cpu);
  if (request.memory_bytes > 0) requests["memory"] = bytes_text(request.memory_bytes);
  whole_amounts shown{json::object(), json(requests)};
  const runtime::resource_limits& limits = measured ? measured->limits : wanted;
  if (measured && limits.cpu_shares > 0 && !same_shares(limits.cpu_shares, wanted.cpu_shares))
    show_milli(requests, milli_of_shares(limits.cpu_shares), least_request_milli);
  std::map<std::string, std::string> most;
  if (wanted.memory_limit_bytes > 0) most["memory"] = bytes_text(wanted.memory_limit_bytes);
  if (limits.cpu_quota_us > 0) most["cpu"] = milli_text(milli_of_quota(limits));
  if (limits.memory_limit_bytes > 0)
    show_bytes(most, limits.memory_limit_bytes);
  else
    most.erase("memory");
  shown.resources = amounts_json({requests, most});
  return shown;
}

} // namespace actord::actors
