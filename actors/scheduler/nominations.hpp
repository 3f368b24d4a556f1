#pragma once

#include "actors/scheduler/scheduling_pod.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace actord::actors {

/// Pods without a node for which room is being made on one (status.nominatedNodeName). A promise, not a
/// place: others of their priority or lower must leave that room to them, those above need not.
class nominations {
public:
  using pods = std::vector<std::shared_ptr<const scheduling_pod>>;

  /// Replaces what was known of the pod's uid.
  void put(std::shared_ptr<const scheduling_pod> pod, std::string node);
  void withdraw(std::string_view uid);
  [[nodiscard]] bool empty() const { return nodes_.empty(); }
  /// Empty when the pod has none.
  [[nodiscard]] std::string_view node_of(std::string_view uid) const;
  [[nodiscard]] const pods& on(std::string_view node) const;
  /// Those whom `pod` has to leave room on the node: of its priority or above, without itself.
  [[nodiscard]] pods before(const scheduling_pod& pod, std::string_view node) const;
  /// Those who have to leave the room to `pod`.
  [[nodiscard]] pods below(const scheduling_pod& pod, std::string_view node) const;

private:
  std::map<std::string, pods, std::less<>> by_node_; ///< never an empty list
  std::map<std::string, std::string, std::less<>> nodes_;
};

} // namespace actord::actors
