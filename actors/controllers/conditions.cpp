#include "actors/controllers/conditions.hpp"

#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"

namespace actord::actors {

wall_time whole_seconds(wall_time when) { return std::chrono::floor<std::chrono::seconds>(when); }

bool set_condition(std::vector<schema::condition_view>& conditions, schema::condition_view condition) {
  if (const auto* const old = schema::find_condition(conditions, condition.type)) {
    if (old->status == condition.status && old->reason == condition.reason) return false;
    if (old->status == condition.status) condition.transitioned = old->transitioned;
    remove_condition(conditions, condition.type);
  }
  conditions.push_back(std::move(condition));
  return true;
}

bool remove_condition(std::vector<schema::condition_view>& conditions, std::string_view type) {
  return std::erase_if(conditions, [&](const auto& condition) { return condition.type == type; }) > 0;
}

json to_json(const std::vector<schema::condition_view>& conditions) {
  json out = json::array();
  for (const auto& condition : conditions) {
    json item{{"type", condition.type}, {"status", condition.status}};
    if (!condition.reason.empty()) item["reason"] = condition.reason;
    if (!condition.message.empty()) item["message"] = condition.message;
    if (condition.transitioned) item["lastTransitionTime"] = schema::format_time(*condition.transitioned);
    if (condition.updated) item["lastUpdateTime"] = schema::format_time(*condition.updated);
    if (condition.observed_generation > 0) item["observedGeneration"] = condition.observed_generation;
    out.push_back(std::move(item));
  }
  return out;
}

} // namespace actord::actors
