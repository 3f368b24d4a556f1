#include "actors/worker/resize/resize_record.hpp"

#include "schema/base/json.hpp"

namespace actord::actors {
namespace {

json limits_json(const runtime::resource_limits& limits) {
  return {{"shares", limits.cpu_shares},
          {"quotaUs", limits.cpu_quota_us},
          {"memoryBytes", limits.memory_limit_bytes}};
}

runtime::resource_limits parse_limits(const json& value) {
  runtime::resource_limits limits;
  value.at("shares").get_to(limits.cpu_shares);
  value.at("quotaUs").get_to(limits.cpu_quota_us);
  value.at("memoryBytes").get_to(limits.memory_limit_bytes);
  return limits;
}

} // namespace

std::string record_text(const resize_record& record) {
  json text{{"allocated", json::object()}, {"inForce", json::object()}};
  for (const auto& [name, amounts] : record.allocated.containers)
    text["allocated"][name] = amounts_json(amounts);
  if (record.allocated.whole) text["allocatedToPod"] = amounts_json(*record.allocated.whole);
  for (const auto& [name, each] : record.actuated)
    text["inForce"][name] = {{"attempt", each.attempt},
                             {"resources", amounts_json(each.amounts)},
                             {"limits", limits_json(each.limits)}};
  text["podLimits"] = limits_json(record.pod_limits);
  if (!record.ended_attempts.empty()) text["endedAttempts"] = record.ended_attempts;
  return text.dump();
}

std::optional<resize_record> parse_resize_record(std::string_view text) {
  try {
    const json value = json::parse(text);
    resize_record record;
    for (const auto& [name, amounts] : value.at("allocated").items())
      record.allocated.containers[name] = parse_amounts(amounts);
    if (value.contains("allocatedToPod")) record.allocated.whole = parse_amounts(value.at("allocatedToPod"));
    for (const auto& [name, each] : value.at("inForce").items())
      record.actuated[name] = {each.at("attempt").get<int>(), parse_amounts(each.at("resources")),
                               parse_limits(each.at("limits"))};
    record.pod_limits = parse_limits(value.at("podLimits"));
    if (value.contains("endedAttempts")) value.at("endedAttempts").get_to(record.ended_attempts);
    return record;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

} // namespace actord::actors
