#include "actors/scheduler/nominations.hpp"

#include <algorithm>
#include <iterator>

namespace actord::actors {

void nominations::put(std::shared_ptr<const scheduling_pod> pod, std::string node) {
  withdraw(pod->uid);
  nodes_[pod->uid] = node;
  by_node_[std::move(node)].push_back(std::move(pod));
}

void nominations::withdraw(std::string_view uid) {
  const auto known = nodes_.find(uid);
  if (known == nodes_.end()) return;
  const auto list = by_node_.find(known->second);
  std::erase_if(list->second, [&](const auto& pod) { return pod->uid == uid; });
  if (list->second.empty()) by_node_.erase(list);
  nodes_.erase(known);
}

std::string_view nominations::node_of(std::string_view uid) const {
  const auto known = nodes_.find(uid);
  return known == nodes_.end() ? std::string_view() : std::string_view(known->second);
}

const nominations::pods& nominations::on(std::string_view node) const {
  static const pods none;
  const auto known = by_node_.find(node);
  return known == by_node_.end() ? none : known->second;
}

nominations::pods nominations::before(const scheduling_pod& pod, std::string_view node) const {
  pods out;
  const pods& all = on(node);
  std::copy_if(all.begin(), all.end(), std::back_inserter(out),
               [&](const auto& other) { return other->priority >= pod.priority && other->uid != pod.uid; });
  return out;
}

nominations::pods nominations::below(const scheduling_pod& pod, std::string_view node) const {
  pods out;
  const pods& all = on(node);
  std::copy_if(all.begin(), all.end(), std::back_inserter(out),
               [&](const auto& other) { return other->priority < pod.priority; });
  return out;
}

} // namespace actord::actors
