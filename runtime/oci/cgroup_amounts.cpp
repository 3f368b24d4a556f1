#include "runtime/oci/cgroup_amounts.hpp"

#include <algorithm>
#include <charconv>

namespace actord::runtime {
namespace {

constexpr std::int64_t shares_min = 2;
constexpr std::int64_t shares_range = 262'144 - shares_min;
constexpr std::int64_t weight_range = 10'000 - 1;
/// What version 1 shows for "no limit" is the largest number of whole pages.
constexpr std::int64_t no_memory_limit = std::int64_t{1} << 62;

/// The first number of a file; nothing for "max" and for what cannot be read.
std::optional<std::int64_t> number(const std::optional<std::string>& text, std::size_t from = 0) {
  std::int64_t value = 0;
  if (!text || from >= text->size()) return std::nullopt;
  const auto parsed = std::from_chars(text->data() + from, text->data() + text->size(), value);
  return parsed.ec == std::errc{} ? std::optional(value) : std::nullopt;
}

/// Limits below zero and beyond all memory are none.
std::int64_t limit_of(const std::optional<std::int64_t>& value) {
  return value && *value > 0 && *value < no_memory_limit ? *value : 0;
}

} // namespace

std::int64_t cpu_weight(std::int64_t shares) {
  const std::int64_t above = std::clamp<std::int64_t>(shares - shares_min, 0, shares_range);
  return 1 + above * weight_range / shares_range;
}

std::int64_t cpu_shares(std::int64_t weight) {
  const std::int64_t above = std::clamp<std::int64_t>(weight - 1, 0, weight_range);
  return shares_min + (above * shares_range + weight_range - 1) / weight_range;
}

std::vector<cgroup_setting> cgroup_settings(const resource_limits& limits, bool version_2) {
  std::vector<cgroup_setting> settings;
  const auto add = [&](const char* controller, const char* file, std::string text) {
    settings.push_back({controller, file, std::move(text)});
  };
  const std::string quota = std::to_string(limits.cpu_quota_us);
  const std::string period = std::to_string(limits.cpu_period_us);
  if (limits.cpu_shares > 0 && version_2)
    add("cpu", "cpu.weight", std::to_string(cpu_weight(limits.cpu_shares)));
  if (limits.cpu_shares > 0 && !version_2) add("cpu", "cpu.shares", std::to_string(limits.cpu_shares));
  if (limits.cpu_quota_us > 0 && version_2) add("cpu", "cpu.max", quota + " " + period);
  if (limits.cpu_quota_us > 0 && !version_2) {
    add("cpu", "cpu.cfs_period_us", period);
    add("cpu", "cpu.cfs_quota_us", quota);
  }
  if (limits.memory_limit_bytes > 0)
    add("memory", version_2 ? "memory.max" : "memory.limit_in_bytes",
        std::to_string(limits.memory_limit_bytes));
  return settings;
}

measured_resources measured_amounts(const cgroup_reader& read, bool version_2) {
  measured_resources found;
  if (version_2) {
    if (const auto weight = number(read("cpu", "cpu.weight"))) found.limits.cpu_shares = cpu_shares(*weight);
    const auto most = read("cpu", "cpu.max");
    found.limits.cpu_quota_us = limit_of(number(most));
    const std::size_t gap = most ? most->find(' ') : std::string::npos;
    if (gap != std::string::npos) found.limits.cpu_period_us = number(most, gap + 1).value_or(100'000);
    found.limits.memory_limit_bytes = limit_of(number(read("memory", "memory.max")));
    found.memory_usage_bytes = number(read("memory", "memory.current")).value_or(0);
    return found;
  }
  found.limits.cpu_shares = number(read("cpu", "cpu.shares")).value_or(0);
  found.limits.cpu_quota_us = limit_of(number(read("cpu", "cpu.cfs_quota_us")));
  found.limits.cpu_period_us = number(read("cpu", "cpu.cfs_period_us")).value_or(100'000);
  found.limits.memory_limit_bytes = limit_of(number(read("memory", "memory.limit_in_bytes")));
  found.memory_usage_bytes = number(read("memory", "memory.usage_in_bytes")).value_or(0);
  return found;
}

} // namespace actord::runtime
