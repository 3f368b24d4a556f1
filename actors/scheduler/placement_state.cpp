#include "actors/scheduler/placement_state.hpp"

#include <algorithm>
#include <limits>

namespace actord::actors {

void node_columns::resize(std::size_t slots) {
  alive.resize(slots);
  guarded.resize(slots);
  for (auto* const column :
       {&milli_cpu, &memory_bytes, &ephemeral_bytes, &pods, &used_milli_cpu, &used_memory_bytes,
        &used_ephemeral_bytes, &used_pods, &scored_milli_cpu, &scored_memory_bytes})
    column->resize(slots);
  zone.resize(slots);
}

node_slot placement_state::take_slot() {
  if (!free_.empty()) {
    const node_slot slot = free_.back();
    free_.pop_back();
    return slot;
  }
  const node_slot slot = columns_.size();
  columns_.resize(slot + 1);
  details_.resize(slot + 1);
  return slot;
}

void placement_state::put_node(const schema::node_view& node) {
  const auto known = by_name_.find(node.meta.name);
  const bool fresh = known == by_name_.end();
  const node_slot slot = fresh ? take_slot() : known->second;
  node_detail& detail = details_[slot];
  if (fresh) {
    detail = {};
    for (auto* const column :
         {&columns_.used_milli_cpu, &columns_.used_memory_bytes, &columns_.used_ephemeral_bytes,
          &columns_.used_pods, &columns_.scored_milli_cpu, &columns_.scored_memory_bytes})
      (*column)[slot] = 0;
    by_name_.emplace(node.meta.name, slot);
  }
  set_zone(slot, node.meta.labels);
  detail.name = node.meta.name;
  detail.labels = node.meta.labels;
  detail.taints = node.taints;
  detail.unschedulable = node.unschedulable;
  detail.others = node.allocatable.others;
  const auto is_soft = [](const auto& taint) {
    return taint.effect == schema::taint_effect::prefer_no_schedule;
  };
  const bool soft = std::any_of(node.taints.begin(), node.taints.end(), is_soft);
  soft_tainted_ += static_cast<std::size_t>(soft) - static_cast<std::size_t>(detail.soft_taints);
  detail.soft_taints = soft;
  columns_.alive[slot] = 1;
  columns_.guarded[slot] = static_cast<std::uint8_t>(
      node.unschedulable || !std::all_of(node.taints.begin(), node.taints.end(), is_soft));
  columns_.milli_cpu[slot] = node.allocatable.milli_cpu.value_or(0);
  columns_.memory_bytes[slot] = node.allocatable.memory_bytes.value_or(0);
  columns_.ephemeral_bytes[slot] = node.allocatable.ephemeral_storage_bytes.value_or(0);
  columns_.pods[slot] = node.allocatable.pods.value_or(0);
  set_images(slot, node);
  if (!fresh) return;
  if (const auto waiting = waiting_.find(node.meta.name); waiting != waiting_.end()) {
    for (const std::string& uid : waiting->second) {
      placed& entry = pods_.find(uid)->second;
      entry.counted = true;
      count(slot, entry.pod);
    }
    waiting_.erase(waiting);
  }
}

/// `details_[slot].labels` are the labels before.
void placement_state::set_zone(node_slot slot, const schema::text_map& labels) {
  constexpr std::string_view key = "topology.kubernetes.io/zone";
  const auto& before = details_[slot].labels;
  const auto was = before.find(key), is = labels.find(key);
  if (was != before.end()) {
    const auto entry = zones_.find(was->second);
    if (--entry->second.nodes == 0) {
      free_zones_.push_back(entry->second.number);
      zones_.erase(entry);
    }
  }
  columns_.zone[slot] = 0;
  if (is == labels.end()) return;
  zone_entry& entry = zones_[is->second];
  if (entry.nodes++ == 0) {
    if (free_zones_.empty()) free_zones_.push_back(zone_limit_++);
    entry.number = free_zones_.back();
    free_zones_.pop_back();
  }
  columns_.zone[slot] = entry.number;
}

void placement_state::set_images(node_slot slot, const schema::node_view& node) {
  for (const auto& image : details_[slot].images) {
    const auto found = images_.find(image);
    found->second.erase(slot);
    if (found->second.empty()) images_.erase(found);
  }
  details_[slot].images.clear();
  for (const auto& image : node.images)
    for (const auto& name : image.names) {
      std::string normal = normalized_image(name);
      if (images_[normal].insert_or_assign(slot, image.size_bytes).second)
        details_[slot].images.push_back(std::move(normal));
    }
}

void placement_state::remove_node(std::string_view name) {
  const auto known = by_name_.find(name);
  if (known == by_name_.end()) return;
  const node_slot slot = known->second;
  const auto pods = details_[slot].pods;
  for (const auto& pod : pods) {
    uncount(slot, *pod);
    pods_.find(pod->uid)->second.counted = false;
    waiting_[std::string(name)].insert(pod->uid);
  }
  set_images(slot, {});
  set_zone(slot, {});
  if (details_[slot].soft_taints) --soft_tainted_;
  details_[slot] = {};
  columns_.alive[slot] = 0;
  columns_.guarded[slot] = 0;
  free_.push_back(slot);
  by_name_.erase(known);
}

void placement_state::put_pod(std::shared_ptr<const scheduling_pod> pod, std::string node) {
  remove_pod(pod->uid);
  const auto slot = by_name_.find(node);
  const bool counted = slot != by_name_.end();
  if (counted)
    count(slot->second, pod);
  else
    waiting_[node].insert(pod->uid);
  std::string uid = pod->uid;
  pods_.emplace(std::move(uid), placed{std::move(pod), std::move(node), counted});
}

void placement_state::remove_pod(std::string_view uid) {
  const auto found = pods_.find(uid);
  if (found == pods_.end()) return;
  if (found->second.counted) {
    uncount(by_name_.find(found->second.node)->second, *found->second.pod);
  } else if (const auto waiting = waiting_.find(found->second.node); waiting != waiting_.end()) {
    waiting->second.erase(std::string(uid));
    if (waiting->second.empty()) waiting_.erase(waiting);
  }
  pods_.erase(found);
}

namespace {

/// Adds (sign 1) or takes back (sign -1) what a pod uses.
void apply(node_columns& columns, node_detail& detail, node_slot slot, const pod_request& request,
           std::int64_t sign) {
  columns.used_milli_cpu[slot] += sign * request.milli_cpu;
  columns.used_memory_bytes[slot] += sign * request.memory_bytes;
  columns.used_ephemeral_bytes[slot] += sign * request.ephemeral_bytes;
  columns.used_pods[slot] += sign;
  columns.scored_milli_cpu[slot] += sign * request.scored_milli_cpu;
  columns.scored_memory_bytes[slot] += sign * request.scored_memory_bytes;
  for (const auto& [name, amount] : request.others) detail.used_others[name] += sign * amount;
}

bool has_wishes(const scheduling_pod& pod) {
  return !pod.affinity.required.empty() || !pod.affinity.preferred.empty() ||
         !pod.anti_affinity.preferred.empty();
}

bool is_sibling(const scheduling_pod& pod) { return !pod.controller_uid.empty() && !pod.being_deleted; }

void apply(std::vector<priority_band>& bands, const scheduling_pod& pod, std::int64_t sign) {
  auto band = std::find_if(bands.begin(), bands.end(),
                           [&](const auto& known) { return known.priority == pod.priority; });
  if (band == bands.end()) band = bands.insert(band, priority_band{.priority = pod.priority});
  band->pods += sign;
  band->milli_cpu += sign * pod.request.milli_cpu;
  band->memory_bytes += sign * pod.request.memory_bytes;
  band->ephemeral_bytes += sign * pod.request.ephemeral_bytes;
  if (band->pods == 0) bands.erase(band);
}

} // namespace

void placement_state::count(node_slot slot, const std::shared_ptr<const scheduling_pod>& pod) {
  node_detail& detail = details_[slot];
  apply(columns_, detail, slot, pod->request, 1);
  apply(detail.bands, *pod, 1);
  ++priorities_[pod->priority];
  detail.used_ports.insert(detail.used_ports.end(), pod->host_ports.begin(), pod->host_ports.end());
  detail.pods.push_back(pod);
  if (!pod->anti_affinity.required.empty()) ++anti_nodes_[slot];
  if (is_sibling(*pod)) ++siblings_[pod->controller_uid][slot];
  if (!has_wishes(*pod)) return;
  detail.wishing.push_back(pod);
  wishing_nodes_.insert(slot);
}

void placement_state::uncount(node_slot slot, const scheduling_pod& pod) {
  node_detail& detail = details_[slot];
  apply(columns_, detail, slot, pod.request, -1);
  apply(detail.bands, pod, -1);
  if (const auto same = priorities_.find(pod.priority); --same->second == 0) priorities_.erase(same);
  for (const host_port& port : pod.host_ports) {
    const auto found = std::find(detail.used_ports.begin(), detail.used_ports.end(), port);
    if (found != detail.used_ports.end()) detail.used_ports.erase(found);
  }
  if (!pod.anti_affinity.required.empty() && --anti_nodes_[slot] == 0) anti_nodes_.erase(slot);
  if (has_wishes(pod)) {
    std::erase_if(detail.wishing, [&](const auto& other) { return other->uid == pod.uid; });
    if (detail.wishing.empty()) wishing_nodes_.erase(slot);
  }
  if (is_sibling(pod)) {
    const auto group = siblings_.find(pod.controller_uid);
    if (--group->second[slot] == 0) group->second.erase(slot);
    if (group->second.empty()) siblings_.erase(group);
  }
  const auto here = std::find_if(detail.pods.begin(), detail.pods.end(),
                                 [&](const auto& other) { return other->uid == pod.uid; });
  std::iter_swap(here, std::prev(detail.pods.end()));
  detail.pods.pop_back(); // may end `pod`: nothing reads it after this
}

std::string_view placement_state::node_of(std::string_view uid) const {
  const auto found = pods_.find(uid);
  return found == pods_.end() ? std::string_view() : std::string_view(found->second.node);
}

std::shared_ptr<const scheduling_pod> placement_state::placed_pod(std::string_view uid) const {
  const auto found = pods_.find(uid);
  return found == pods_.end() ? nullptr : found->second.pod;
}

std::optional<node_slot> placement_state::slot_of(std::string_view name) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return std::nullopt;
  return found->second;
}

const std::map<node_slot, std::size_t>* placement_state::siblings(std::string_view controller_uid) const {
  const auto found = siblings_.find(controller_uid);
  return found == siblings_.end() ? nullptr : &found->second;
}

const std::map<node_slot, std::int64_t>* placement_state::image_nodes(std::string_view image) const {
  const auto found = images_.find(image);
  return found == images_.end() ? nullptr : &found->second;
}

const schema::text_map* placement_state::namespace_labels(std::string_view name) const {
  const auto found = spaces_.find(name);
  return found == spaces_.end() ? nullptr : &found->second;
}

std::string normalized_image(std::string_view image) {
  std::string out(image);
  const std::size_t slash = out.find('/');
  const std::string first = out.substr(0, slash);
  const bool has_registry =
      slash != std::string::npos && (first.find_first_of(".:") != std::string::npos || first == "localhost");
  if (!has_registry) out.insert(0, slash == std::string::npos ? "docker.io/library/" : "docker.io/");
  const std::size_t last_slash = out.rfind('/');
  if (out.find('@') == std::string::npos && out.find(':', last_slash) == std::string::npos) out += ":latest";
  return out;
}

} // namespace actord::actors
