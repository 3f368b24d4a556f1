#include "actors/worker/resize/resize_plan.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

namespace actord::actors {
namespace {

using runtime::resource_limits;

/// 0 is no limit: more than any.
std::int64_t as_amount(std::int64_t limit) {
  return limit == 0 ? std::numeric_limits<std::int64_t>::max() : limit;
}

/// Only this amount of `from`, the rest 0.
template <std::int64_t resource_limits::* Amount>
resource_limits only(const resource_limits& from) {
  resource_limits limits;
  limits.*Amount = from.*Amount;
  limits.cpu_period_us = from.cpu_period_us;
  return limits;
}

template <std::int64_t resource_limits::* Amount>
bool grows(const resource_limits& wanted, const resource_limits& current) {
  return wanted.*Amount != 0 && as_amount(wanted.*Amount) > as_amount(current.*Amount);
}
template <std::int64_t resource_limits::* Amount>
bool shrinks(const resource_limits& wanted, const resource_limits& current) {
  return wanted.*Amount != 0 && as_amount(wanted.*Amount) < as_amount(current.*Amount);
}

constexpr auto memory = &resource_limits::memory_limit_bytes;
constexpr auto quota = &resource_limits::cpu_quota_us;
constexpr auto shares = &resource_limits::cpu_shares;

/// Requests are never "none": the least there is counts as 0.
bool shares_grow(const resource_limits& wanted, const resource_limits& current) {
  return wanted.cpu_shares > current.cpu_shares;
}
bool shares_shrink(const resource_limits& wanted, const resource_limits& current) {
  return wanted.cpu_shares != 0 && wanted.cpu_shares < current.cpu_shares;
}

void resize_memory(const resource_limits& pod_wanted, const resource_limits& pod_current,
                   const std::vector<sized_container>& running, bool may_lower_pod, resize_plan& plan) {
  if (grows<memory>(pod_wanted, pod_current)) plan.steps.push_back({"", only<memory>(pod_wanted)});
  for (const auto& each : running) {
    if (!shrinks<memory>(each.wanted, each.current)) continue;
    plan.steps.push_back({each.name, only<memory>(each.wanted)});
    plan.falling_limits.emplace_back(each.name, each.wanted.memory_limit_bytes);
  }
  for (const auto& each : running)
    if (grows<memory>(each.wanted, each.current))
      plan.steps.push_back({each.name, only<memory>(each.wanted)});
  if (!may_lower_pod || !shrinks<memory>(pod_wanted, pod_current)) return;
  plan.steps.push_back({"", only<memory>(pod_wanted)});
  plan.falling_limits.emplace_back("", pod_wanted.memory_limit_bytes);
}

void resize_cpu(const resource_limits& pod_wanted, const resource_limits& pod_current,
                const std::vector<sized_container>& running, bool may_lower_pod, resize_plan& plan) {
  if (grows<quota>(pod_wanted, pod_current)) plan.steps.push_back({"", only<quota>(pod_wanted)});
  if (shares_grow(pod_wanted, pod_current)) plan.steps.push_back({"", only<shares>(pod_wanted)});
  const auto change = [&](const sized_container& each) {
    resource_limits limits = only<quota>(each.wanted);
    limits.cpu_shares = each.wanted.cpu_shares;
    plan.steps.push_back({each.name, limits});
  };
  const auto shrinking = [](const sized_container& each) {
    return shrinks<quota>(each.wanted, each.current) ||
           (!grows<quota>(each.wanted, each.current) && shares_shrink(each.wanted, each.current));
  };
  const auto changed = [](const sized_container& each) {
    return each.wanted.cpu_quota_us != each.current.cpu_quota_us ||
           each.wanted.cpu_shares != each.current.cpu_shares;
  };
  for (const auto& each : running)
    if (changed(each) && shrinking(each)) change(each);
  for (const auto& each : running)
    if (changed(each) && !shrinking(each)) change(each);
  if (!may_lower_pod) return;
  if (shares_shrink(pod_wanted, pod_current)) plan.steps.push_back({"", only<shares>(pod_wanted)});
  if (shrinks<quota>(pod_wanted, pod_current)) plan.steps.push_back({"", only<quota>(pod_wanted)});
}

} // namespace

resize_plan plan_resize(const resource_limits& pod_wanted, const resource_limits& pod_current,
                        const std::vector<sized_container>& running, bool may_lower_pod) {
  resize_plan plan;
  resize_memory(pod_wanted, pod_current, running, may_lower_pod, plan);
  resize_cpu(pod_wanted, pod_current, running, may_lower_pod, plan);
  return plan;
}

bool pod_must_grow(const resource_limits& wanted, const resource_limits& current) {
  return grows<memory>(wanted, current) || grows<quota>(wanted, current) || shares_grow(wanted, current);
}

std::optional<std::string> refuse_limits(const resize_plan& plan,
                                         const std::map<std::string, std::int64_t>& usage_bytes) {
  std::vector<std::string> reasons;
  for (const auto& [name, limit] : plan.falling_limits) {
    const auto usage = usage_bytes.find(name);
    if (usage == usage_bytes.end() || usage->second < limit) continue;
    reasons.push_back(
        name.empty()
            ? fmt::format("attempting to set pod memory limit ({}) below current usage ({})", limit,
                          usage->second)
            : fmt::format("attempting to set container \"{}\" memory limit ({}) below current usage ({})",
                          name, limit, usage->second));
  }
  if (reasons.empty()) return std::nullopt;
  const std::string all = fmt::format("{}", fmt::join(reasons, ", "));
  return "cannot decrease memory limits: " + (reasons.size() == 1 ? all : "[" + all + "]");
}

} // namespace actord::actors
