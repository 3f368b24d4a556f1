#include "actors/scheduler/scheduling_pod.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace actord::actors {

namespace {

constexpr std::int64_t assumed_milli_cpu = 100;
constexpr std::int64_t assumed_memory_bytes = 200LL << 20;

using amounts = std::map<std::string, std::int64_t>;

amounts amounts_of(const schema::resource_list_view& list) {
  amounts out(list.others.begin(), list.others.end());
  if (list.milli_cpu) out["cpu"] = *list.milli_cpu;
  if (list.memory_bytes) out["memory"] = *list.memory_bytes;
  if (list.ephemeral_storage_bytes) out["ephemeral-storage"] = *list.ephemeral_storage_bytes;
  return out;
}

void add(amounts& to, const amounts& more) {
  for (const auto& [name, amount] : more) to[name] += amount;
}

void raise(amounts& to, const amounts& least) {
  for (const auto& [name, amount] : least) to[name] = std::max(to[name], amount);
}

std::int64_t take(amounts& from, const char* name) {
  const auto found = from.find(name);
  if (found == from.end()) return 0;
  const std::int64_t out = found->second;
  from.erase(found);
  return out;
}

template <class PerContainer>
amounts total(const schema::pod_spec_view& spec, PerContainer of, const amounts& whole) {
  amounts together;
  for (const auto& container : spec.containers) add(together, of(container));
  amounts sidecars, peak;
  for (const auto& container : spec.init_containers) {
    amounts here = of(container);
    if (container.is_sidecar()) {
      add(sidecars, here);
      raise(peak, sidecars);
    } else {
      add(here, sidecars);
      raise(peak, here);
    }
  }
  add(together, sidecars);
  raise(together, peak);
  for (const auto& [name, amount] : whole) together[name] = amount;
  add(together, amounts_of(spec.overhead));
  return together;
}

/// What a pod may name for itself as a whole.
amounts whole_amounts(const schema::resource_list_view& list) {
  amounts out = amounts_of(list);
  std::erase_if(out, [](const auto& each) {
    return each.first != "cpu" && each.first != "memory" && !each.first.starts_with("hugepages-");
  });
  return out;
}

template <class PerContainer>
pod_request request_with(const schema::pod_spec_view& spec, PerContainer of, const amounts& whole) {
  amounts real = total(spec, of, whole);
  amounts scored = total(
      spec,
      [&](const auto& container) {
        amounts out = of(container);
        out.try_emplace("cpu", assumed_milli_cpu);
        out.try_emplace("memory", assumed_memory_bytes);
        return out;
      },
      whole);
  pod_request out;
  out.milli_cpu = take(real, "cpu");
  out.memory_bytes = take(real, "memory");
  out.ephemeral_bytes = take(real, "ephemeral-storage");
  for (const auto& [name, amount] : real)
    if (amount > 0) out.others.emplace_back(name, amount);
  out.scored_milli_cpu = scored["cpu"];
  out.scored_memory_bytes = scored["memory"];
  return out;
}

const schema::container_status_view* status_of(const schema::pod_view& pod, const std::string& name) {
  for (const auto* list : {&pod.status.containers, &pod.status.init_containers})
    for (const auto& status : *list)
      if (status.name == name) return &status;
  return nullptr;
}

const schema::condition_view* pending_resize(const schema::pod_view& pod) {
  return schema::find_condition(pod.status.conditions, "PodResizePending");
}

} // namespace

pod_request request_of(const schema::pod_spec_view& spec) {
  return request_with(
      spec, [](const auto& container) { return amounts_of(container.requests); },
      spec.resources ? whole_amounts(spec.resources->requests) : amounts{});
}

pod_request held_request_of(const schema::pod_view& pod) {
  const schema::condition_view* const pending = pending_resize(pod);
  const bool never = pending != nullptr && pending->reason == "Infeasible";
  const auto held = [never](const schema::resource_list_view& asked,
                            const schema::resource_list_view& allocated,
                            const schema::resource_list_view& actual) {
    amounts out = never ? amounts{} : amounts_of(asked);
    raise(out, amounts_of(allocated));
    raise(out, amounts_of(actual));
    return out;
  };
  amounts whole;
  if (pod.spec.resources) {
    whole = whole_amounts(pod.spec.resources->requests);
    if (pod.status.resources) {
      // Only what the specification names for the pod: the node reports sums of its containers as well.
      const amounts reported =
          held(pod.spec.resources->requests, pod.status.allocated, pod.status.resources->requests);
      for (auto& [name, amount] : whole)
        if (const auto found = reported.find(name); found != reported.end()) amount = found->second;
    }
  }
  return request_with(
      pod.spec,
      [&](const schema::container_view& container) {
        const schema::container_status_view* const status = status_of(pod, container.name);
        if (status == nullptr || !status->resources) return amounts_of(container.requests);
        return held(container.requests, status->allocated, status->resources->requests);
      },
      whole);
}

bool is_being_resized(const schema::pod_view& pod) {
  return (pod.meta.generation > 1 && pod.status.observed_generation < pod.meta.generation) ||
         pending_resize(pod) != nullptr ||
         schema::find_condition(pod.status.conditions, "PodResizeInProgress") != nullptr ||
         !(held_request_of(pod) == request_of(pod.spec));
}

bool host_port::clashes_with(const host_port& other) const {
  if (port != other.port || protocol != other.protocol) return false;
  return ip == other.ip || ip == "0.0.0.0" || other.ip == "0.0.0.0";
}

std::optional<std::vector<std::string>> nodes_named_by(const schema::node_affinity_view& affinity) {
  if (!affinity.required || affinity.required->empty()) return std::nullopt;
  std::set<std::string> all;
  for (const schema::node_selector_term& term : *affinity.required) {
    std::optional<std::set<std::string>> here;
    for (const auto& requirement : term.fields) {
      if (requirement.key != "metadata.name" || requirement.op != schema::selector_operator::in) continue;
      std::set<std::string> names(requirement.values.begin(), requirement.values.end());
      if (here) std::erase_if(names, [&](const auto& name) { return here->count(name) == 0; });
      here = std::move(names);
    }
    if (!here) return std::nullopt;
    all.merge(*here);
  }
  return std::vector<std::string>(all.begin(), all.end());
}

scheduling_pod scheduling_view(const schema::pod_view& pod) {
  scheduling_pod out;
  out.space = pod.meta.space;
  out.name = pod.meta.name;
  out.uid = pod.meta.uid;
  out.labels = pod.meta.labels;
  if (const auto* const controller = pod.meta.controller()) out.controller_uid = controller->uid;
  out.generation = pod.meta.generation;
  out.being_deleted = pod.meta.being_deleted();
  if (const auto* const target = schema::find_condition(pod.status.conditions, "DisruptionTarget"))
    out.preempted = target->status == "True" && target->reason == "PreemptionByScheduler";
  out.priority = pod.spec.priority;
  out.preempts = pod.spec.preemption_policy != "Never";
  out.started = pod.status.start_time;
  out.nominated_node = pod.status.nominated_node_name;
  out.request = held_request_of(pod);
  const auto collect = [&](const schema::container_view& container) {
    for (const auto& port : container.ports)
      if (port.host_port > 0)
        out.host_ports.push_back(
            {port.host_ip.empty() ? "0.0.0.0" : port.host_ip, port.protocol, port.host_port});
  };
  for (const auto& container : pod.spec.containers) collect(container);
  for (const auto& container : pod.spec.init_containers)
    if (container.is_sidecar()) collect(container);
  for (const auto* const list : {&pod.spec.containers, &pod.spec.init_containers})
    for (const auto& container : *list) out.images.push_back(container.image);
  out.node_name = pod.spec.node_name;
  out.node_selector = pod.spec.node_selector;
  out.node_affinity = pod.spec.node_affinity;
  out.only_nodes = nodes_named_by(out.node_affinity);
  out.affinity = pod.spec.pod_affinity;
  out.anti_affinity = pod.spec.pod_anti_affinity;
  out.tolerations = pod.spec.tolerations;
  out.spread = pod.spec.topology_spread;
  out.gates = pod.spec.scheduling_gates;
  return out;
}

} // namespace actord::actors
