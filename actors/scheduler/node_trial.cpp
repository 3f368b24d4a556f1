#include "actors/scheduler/node_trial.hpp"

#include <algorithm>

namespace actord::actors {

namespace {

std::int64_t amount_in(const std::map<std::string, std::int64_t, std::less<>>& amounts,
                       std::string_view name) {
  const auto found = amounts.find(name);
  return found == amounts.end() ? 0 : found->second;
}

std::int64_t amount_in(const std::vector<std::pair<std::string, std::int64_t>>& amounts,
                       std::string_view name) {
  const auto found =
      std::lower_bound(amounts.begin(), amounts.end(), name,
                       [](const auto& pair, std::string_view key) { return pair.first < key; });
  return found == amounts.end() || found->first != name ? 0 : found->second;
}

} // namespace

node_room::node_room(const placement_state& cluster, const scheduling_pod& pod, node_slot slot)
    : milli_cpu(cluster.columns().milli_cpu[slot]), memory_bytes(cluster.columns().memory_bytes[slot]),
      ephemeral_bytes(cluster.columns().ephemeral_bytes[slot]), pods(cluster.columns().pods[slot]),
      used_milli_cpu(cluster.columns().used_milli_cpu[slot]),
      used_memory_bytes(cluster.columns().used_memory_bytes[slot]),
      used_ephemeral_bytes(cluster.columns().used_ephemeral_bytes[slot]),
      used_pods(cluster.columns().used_pods[slot]) {
  const node_detail& node = cluster.detail(slot);
  for (const auto& [name, amount] : pod.request.others) {
    others.push_back(amount_in(node.others, name));
    used_others.push_back(amount_in(node.used_others, name));
  }
  if (!pod.host_ports.empty()) used_ports = node.used_ports;
}

void node_room::count(const scheduling_pod& pod, const scheduling_pod& other, std::int64_t sign) {
  used_milli_cpu += sign * other.request.milli_cpu;
  used_memory_bytes += sign * other.request.memory_bytes;
  used_ephemeral_bytes += sign * other.request.ephemeral_bytes;
  used_pods += sign;
  for (std::size_t i = 0; i < used_others.size(); ++i)
    used_others[i] += sign * amount_in(other.request.others, pod.request.others[i].first);
  if (pod.host_ports.empty()) return;
  for (const host_port& port : other.host_ports) {
    if (sign > 0) {
      used_ports.push_back(port);
    } else if (const auto found = std::find(used_ports.begin(), used_ports.end(), port);
               found != used_ports.end()) {
      used_ports.erase(found);
    }
  }
}

bool node_room::has_free_ports(const scheduling_pod& pod) const {
  return std::none_of(pod.host_ports.begin(), pod.host_ports.end(), [&](const host_port& port) {
    return std::any_of(used_ports.begin(), used_ports.end(),
                       [&](const host_port& used) { return port.clashes_with(used); });
  });
}

node_refusals node_room::lacks(const pod_request& request) const {
  node_refusals out;
  if (used_pods + 1 > pods) out.add(refusal::too_many_pods);
  // A pod that asks for none of a resource may run even where it is overcommitted.
  const auto ask = [&](std::int64_t wanted, std::int64_t used, std::int64_t there, refusal why) {
    if (wanted <= 0 || used + wanted <= there) return false;
    out.add(why);
    out.resolvable = out.resolvable && wanted <= there;
    return true;
  };
  ask(request.milli_cpu, used_milli_cpu, milli_cpu, refusal::cpu);
  ask(request.memory_bytes, used_memory_bytes, memory_bytes, refusal::memory);
  ask(request.ephemeral_bytes, used_ephemeral_bytes, ephemeral_bytes, refusal::ephemeral_storage);
  for (std::size_t i = 0; i < others.size(); ++i)
    if (ask(request.others[i].second, used_others[i], others[i], refusal::other_resource))
      out.lacking.push_back(static_cast<std::uint16_t>(i));
  return out;
}

node_trial::node_trial(const placement_state& cluster, const scheduling_pod& pod, node_slot slot,
                       pod_relations& relations)
    : cluster_(cluster), pod_(pod), slot_(slot), node_(cluster.detail(slot)), relations_(relations),
      nominees_(cluster.nominated().empty() ? nominations::pods()
                                            : cluster.nominated().before(pod, cluster.detail(slot).name)),
      heeds_pods_(relations.heeds_pods_of(slot)), room_(cluster, pod, slot) {}

node_trial::~node_trial() {
  for (const scheduling_pod* const other : gone_) relations_.suppose(node_, *other, 1);
}

std::int64_t node_trial::remove_lower() {
  std::int64_t count = 0;
  const bool one_by_one = heeds_pods_ || !room_.others.empty() || !pod_.host_ports.empty();
  for (const priority_band& band : node_.bands) {
    if (band.priority >= pod_.priority) continue;
    count += band.pods;
    if (one_by_one) continue;
    room_.used_pods -= band.pods;
    room_.used_milli_cpu -= band.milli_cpu;
    room_.used_memory_bytes -= band.memory_bytes;
    room_.used_ephemeral_bytes -= band.ephemeral_bytes;
  }
  if (one_by_one && count > 0)
    for (const auto& other : node_.pods)
      if (other->priority < pod_.priority) remove(*other);
  return count;
}

void node_trial::remove(const scheduling_pod& other) {
  room_.count(pod_, other, -1);
  if (!heeds_pods_) return;
  relations_.suppose(node_, other, -1);
  gone_.push_back(&other);
}

void node_trial::put_back(const scheduling_pod& other) {
  room_.count(pod_, other, 1);
  if (!heeds_pods_) return;
  relations_.suppose(node_, other, 1);
  gone_.erase(std::find(gone_.begin(), gone_.end(), &other));
}

node_refusals node_trial::judge() const {
  if (!room_.has_free_ports(pod_)) return node_refusals::of(refusal::host_ports);
  if (auto lacking = room_.lacks(pod_.request); !lacking.empty()) return lacking;
  if (relations_.restricts())
    if (const auto why = relations_.refuses(node_)) return node_refusals::of(*why);
  return {};
}

node_refusals node_trial::refusals() {
  if (nominees_.empty()) return judge();
  const auto suppose = [&](std::int64_t sign) {
    for (const auto& nominee : nominees_) {
      room_.count(pod_, *nominee, sign);
      relations_.suppose(node_, *nominee, sign);
    }
  };
  suppose(1);
  node_refusals with = judge();
  suppose(-1);
  return with.empty() ? judge() : with;
}

} // namespace actord::actors
