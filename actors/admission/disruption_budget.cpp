#include "actors/admission/disruption_budget.hpp"

#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/field.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

using schema::rules::field;

constexpr std::size_t disrupted_pods_max = 2000;

bool is_ready(const json& pod) {
  for (const field condition : field(pod).at("status").at("conditions").items())
    if (condition.at("type").text() == "Ready") return condition.at("status").text() == "True";
  return false;
}

error too_many(std::string cause, int retry_after_s) {
  return {.kind = error_kind::too_many_requests,
          .message = "Cannot evict pod as it would violate the pod's disruption budget.",
          .causes = {{"DisruptionBudget", std::move(cause), {}}},
          .subject = error_subject{},
          .retry_after_s = retry_after_s};
}

error refused(std::string_view name, std::string_view why) {
  return {.kind = error_kind::forbidden,
          .message = fmt::format("poddisruptionbudget.policy \"{}\" is forbidden: {}", name, why),
          .causes = {},
          .subject = error_subject{"policy", "poddisruptionbudget", std::string(name), {}}};
}

std::string none_left(const field& budget) {
  const std::string_view name = budget.at("metadata").at("name").text();
  const field status = budget.at("status");
  const auto healthy = status.at("currentHealthy").integer();
  const auto wanted = status.at("desiredHealthy").integer();
  std::string_view reason;
  std::string_view message;
  for (const field condition : status.at("conditions").items())
    if (condition.at("type").text() == "DisruptionAllowed" && condition.at("status").text() == "False") {
      reason = condition.at("reason").text();
      message = condition.at("message").text();
    }
  if (reason == "SyncFailed" && !message.empty())
    return fmt::format(
        "The disruption budget {} does not allow evicting pods currently because it failed sync: {}", name,
        message);
  if (healthy <= wanted)
    return fmt::format("The disruption budget {} needs {} healthy pods and has {} currently", name, wanted,
                       healthy);
  if (!message.empty())
    return fmt::format("The disruption budget {} does not allow evicting pods currently ({}): {}", name,
                       reason, message);
  return fmt::format("The disruption budget {} does not allow evicting pods currently", name);
}

} // namespace

bool evicts_freely(const json& pod) {
  const std::string_view phase = field(pod).at("status").at("phase").text();
  return phase == "Succeeded" || phase == "Failed" || phase == "Pending" ||
         field(pod).at("metadata").contains("deletionTimestamp");
}

bool budget_selects(const json& budget, const json& pod) {
  const field selector = field(budget).at("spec").at("selector");
  return schema::rules::usable_selector(selector) &&
         schema::rules::selector_matches(selector, field(pod).at("metadata").at("labels"));
}

bool spares_budget(const json& budget, const json& pod) {
  if (is_ready(pod)) return false;
  if (field(budget).at("spec").at("unhealthyPodEvictionPolicy").text() == "AlwaysAllow") return true;
  const field status = field(budget).at("status");
  const auto wanted = status.at("desiredHealthy").integer();
  return wanted > 0 && status.at("currentHealthy").integer() >= wanted;
}

result<json> take_disruption(const json& budget, std::string_view pod, wall_time now) {
  const field whole(budget);
  const std::string_view name = whole.at("metadata").at("name").text();
  const field status = whole.at("status");
  if (status.at("observedGeneration").integer() < whole.at("metadata").at("generation").integer())
    return too_many(fmt::format("The disruption budget {} is still being processed by the server.", name),
                    10);
  const auto allowed = status.at("disruptionsAllowed").integer();
  if (allowed < 0) return refused(name, "pdb disruptions allowed is negative");
  if (status.at("disruptedPods").size() > disrupted_pods_max)
    return refused(name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
  if (allowed == 0) return too_many(none_left(whole), 0);
  json taken = budget;
  taken["status"]["disruptionsAllowed"] = allowed - 1;
  taken["status"]["disruptedPods"][std::string(pod)] = schema::format_time(now);
  if (allowed == 1) tell_disruption_allowed(taken, now);
  return taken;
}

bool tell_disruption_allowed(json& budget, wall_time now) {
  json& status = budget["status"];
  const bool allowed = field(status).at("disruptionsAllowed").integer() > 0;
  const char* wanted = allowed ? "True" : "False";
  const json generation = field(status).at("observedGeneration").integer();
  json& conditions = status["conditions"];
  if (!conditions.is_array()) conditions = json::array();
  json made = {{"type", "DisruptionAllowed"},
               {"status", wanted},
               {"observedGeneration", generation},
               {"lastTransitionTime", schema::format_time(now)},
               {"reason", allowed ? "SufficientPods" : "InsufficientPods"},
               {"message", ""}};
  for (json& condition : conditions) {
    if (field(condition).at("type").text() != "DisruptionAllowed") continue;
    if (field(condition).at("status").text() == wanted)
      made["lastTransitionTime"] = condition.value("lastTransitionTime", "");
    if (condition == made) return false;
    condition = std::move(made);
    return true;
  }
  conditions.push_back(std::move(made));
  return true;
}

void mark_disruption_target(json& pod, wall_time now) {
  json& conditions = pod["status"]["conditions"];
  if (!conditions.is_array()) conditions = json::array();
  json made = {{"type", "DisruptionTarget"},        {"status", "True"},
               {"reason", "EvictionByEvictionAPI"}, {"message", "Eviction API: evicting"},
               {"lastProbeTime", nullptr},          {"lastTransitionTime", schema::format_time(now)}};
  for (json& condition : conditions) {
    if (field(condition).at("type").text() != "DisruptionTarget") continue;
    if (field(condition).at("status").text() == "True")
      made["lastTransitionTime"] = condition.value("lastTransitionTime", "");
    condition = std::move(made);
    return;
  }
  conditions.push_back(std::move(made));
}

} // namespace actord::actors
