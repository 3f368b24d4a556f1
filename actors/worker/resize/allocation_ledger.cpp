#include "actors/worker/resize/allocation_ledger.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <tuple>

namespace actord::actors {
namespace {

bool rises(const pod_request& asked, const pod_request& allocated) {
  return asked.milli_cpu > allocated.milli_cpu || asked.memory_bytes > allocated.memory_bytes;
}

bool is_over(const schema::pod_view& pod) { return pod.finished() || pod.meta.being_deleted(); }

} // namespace

resize_verdict judge_resize(const pod_request& asked, const pod_request& allocated, const pod_request& others,
                            const schema::resource_list_view& allocatable) {
  const auto judge = [](const char* resource, std::int64_t now, std::int64_t before, std::int64_t used,
                        std::optional<std::int64_t> capacity) -> resize_verdict {
    if (!capacity || now <= before || now <= *capacity - used) return {};
    if (now > *capacity)
      return {"Infeasible", fmt::format("Node didn't have enough capacity: {}, requested: {}, capacity: {}",
                                        resource, now, *capacity)};
    return {"Deferred",
            fmt::format("Node didn't have enough resource: {}, requested: {}, used: {}, capacity: {}",
                        resource, now, used, *capacity)};
  };
  const resize_verdict cpu =
      judge("cpu", asked.milli_cpu, allocated.milli_cpu, others.milli_cpu, allocatable.milli_cpu);
  const resize_verdict memory = judge("memory", asked.memory_bytes, allocated.memory_bytes,
                                      others.memory_bytes, allocatable.memory_bytes);
  if (cpu.reason == "Infeasible" || memory.reason.empty()) return cpu;
  return cpu.reason.empty() || memory.reason == "Infeasible" ? memory : cpu;
}

void allocation_ledger::allocate(kept_pod& entry, pod_resources resources) {
  entry.given.resources = std::move(resources);
  entry.pod = with_amounts(std::move(entry.pod), entry.given.resources);
  entry.allocated_sum = request_of(entry.pod.spec);
  entry.held = held_request_of(entry.pod);
}

void allocation_ledger::put(schema::pod_view pod, pod_resources asked,
                            const std::optional<pod_resources>& before) {
  auto [at, is_new] = pods_.try_emplace(pod.meta.uid);
  kept_pod& own = at->second;
  if (is_new) {
    own.given.resources = before.value_or(asked);
    own.given.generation = pod.meta.generation;
    if (const auto* pending = schema::find_condition(pod.status.conditions, "PodResizePending"))
      own.waiting_since = pending->transitioned;
  }
  own.asked = std::move(asked);
  own.asked_sum = request_of(pod.spec);
  own.pod = std::move(pod);
  allocate(own, own.given.resources);
}

pod_request allocation_ledger::held_by_others(const std::string& uid) const {
  pod_request sum;
  for (const auto& [other, entry] : pods_) {
    if (other == uid || entry.pod.finished()) continue;
    sum.milli_cpu += entry.held.milli_cpu;
    sum.memory_bytes += entry.held.memory_bytes;
  }
  return sum;
}

std::vector<std::string> allocation_ledger::in_turn() const {
  std::vector<std::string> waiting;
  for (const auto& [uid, entry] : pods_)
    if (!is_over(entry.pod) && !same_amounts(entry.asked, entry.given.resources)) waiting.push_back(uid);
  const auto turn = [&](const std::string& uid) {
    const kept_pod& each = pods_.at(uid);
    return std::tuple(rises(each.asked_sum, each.allocated_sum), -each.pod.spec.priority,
                      each.pod.status.qos_class != "Guaranteed",
                      each.waiting_since.value_or(wall_time::max()));
  };
  std::ranges::stable_sort(waiting,
                           [&](const auto& left, const auto& right) { return turn(left) < turn(right); });
  return waiting;
}

std::set<std::string> allocation_ledger::settle(wall_time now) {
  std::set<std::string> changed;
  const std::vector<std::string> waiting = in_turn();
  for (auto& [uid, entry] : pods_) {
    if (!entry.given.pending || std::ranges::find(waiting, uid) != waiting.end()) continue;
    entry.given.pending.reset(); // taken back, or the pod is over
    entry.waiting_since.reset();
    changed.insert(uid);
  }
  for (const auto& uid : waiting) {
    kept_pod& own = pods_.at(uid);
    const resize_verdict verdict =
        judge_resize(own.asked_sum, own.allocated_sum, held_by_others(uid), allocatable_);
    const std::int64_t generation = own.pod.meta.generation;
    if (verdict.reason.empty()) {
      own.given.pending.reset();
      own.given.generation = generation;
      own.waiting_since.reset();
      allocate(own, own.asked);
      changed.insert(uid);
      continue;
    }
    const pending_resize pending{verdict.reason, verdict.message, generation, own.asked};
    if (own.given.pending == pending) continue;
    own.given.pending = pending;
    if (!own.waiting_since) own.waiting_since = now;
    changed.insert(uid);
  }
  return changed;
}

} // namespace actord::actors
