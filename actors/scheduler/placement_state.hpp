#pragma once

#include "actors/scheduler/nominations.hpp"
#include "actors/scheduler/scheduling_pod.hpp"
#include "schema/view/node_view.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace actord::actors {

using node_slot = std::size_t;

/// All that is asked of every node for every pod, one array per question, so that a decision over thousands
/// of nodes reads memory in order. Index is the node's slot; free slots have alive = 0.
struct node_columns {
  std::vector<std::uint8_t> alive;
  /// Unschedulable or tainted NoSchedule or NoExecute: look at the details before placing anything.
  std::vector<std::uint8_t> guarded;
  std::vector<std::int64_t> milli_cpu, memory_bytes, ephemeral_bytes, pods; ///< allocatable
  std::vector<std::int64_t> used_milli_cpu, used_memory_bytes, used_ephemeral_bytes, used_pods;
  std::vector<std::int64_t> scored_milli_cpu, scored_memory_bytes; ///< used, as scoring counts it
  std::vector<std::uint32_t> zone; ///< a number for each topology.kubernetes.io/zone; 0 for none

  [[nodiscard]] std::size_t size() const { return alive.size(); }
  void resize(std::size_t slots);
};

/// What the pods of one priority take of a node together.
struct priority_band {
  std::int64_t priority = 0;
  std::int64_t pods = 0;
  std::int64_t milli_cpu = 0, memory_bytes = 0, ephemeral_bytes = 0;
};

struct node_detail {
  std::string name;
  schema::text_map labels;
  std::vector<schema::taint_view> taints;
  bool unschedulable = false;
  bool soft_taints = false; ///< has a PreferNoSchedule one
  std::map<std::string, std::int64_t, std::less<>> others, used_others;
  std::vector<host_port> used_ports;
  std::vector<std::string> images;
  std::vector<std::shared_ptr<const scheduling_pod>> pods;
  std::vector<std::shared_ptr<const scheduling_pod>> wishing; ///< of those: who want others near or away
  std::vector<priority_band> bands;                           ///< of `pods`, in no order
};

/// The scheduler's picture of the cluster: nodes and the pods that count against them. Owned by one actor and
/// fed by events; a pod that was assumed is simply put before its binding is seen. Pods of a node that is not
/// known (yet) are remembered and count once it appears.
class placement_state {
public:
  void put_node(const schema::node_view& node);
  void remove_node(std::string_view name);
  /// A pod that holds resources on `node`; replaces what was known of its uid.
  void put_pod(std::shared_ptr<const scheduling_pod> pod, std::string node);
  void remove_pod(std::string_view uid);
  void put_namespace(std::string name, schema::text_map labels) {
    spaces_[std::move(name)] = std::move(labels);
  }
  void remove_namespace(const std::string& name) { spaces_.erase(name); }

  [[nodiscard]] std::size_t node_count() const { return by_name_.size(); }
  [[nodiscard]] std::size_t pod_count() const { return pods_.size(); }
  /// Node a pod of that uid counts against; empty when it is not known.
  [[nodiscard]] std::string_view node_of(std::string_view uid) const;
  /// The pod that was put with that uid; null for none.
  [[nodiscard]] std::shared_ptr<const scheduling_pod> placed_pod(std::string_view uid) const;
  [[nodiscard]] bool knows_node(std::string_view name) const { return by_name_.find(name) != by_name_.end(); }

  [[nodiscard]] std::optional<node_slot> slot_of(std::string_view name) const;
  /// Pods that wait for room on a node. They do not count against it.
  [[nodiscard]] nominations& nominated() { return nominated_; }
  [[nodiscard]] const nominations& nominated() const { return nominated_; }

  [[nodiscard]] const node_columns& columns() const { return columns_; }
  [[nodiscard]] const node_detail& detail(node_slot slot) const { return details_[slot]; }
  [[nodiscard]] bool any_soft_taints() const { return soft_tainted_ > 0; }
  /// Nodes with at least one pod that has required anti-affinity.
  [[nodiscard]] const std::map<node_slot, std::size_t>& anti_affinity_nodes() const { return anti_nodes_; }
  /// Nodes with at least one pod in `node_detail::wishing`.
  [[nodiscard]] const std::set<node_slot>& wishing_nodes() const { return wishing_nodes_; }
  /// Some pod that counts against a node has a lower priority.
  [[nodiscard]] bool any_below(std::int64_t priority) const {
    return !priorities_.empty() && priorities_.begin()->first < priority;
  }
  /// Zone numbers are below this.
  [[nodiscard]] std::size_t zone_limit() const { return zone_limit_; }
  /// How many pods of one controller, that are not being deleted, each node has; null for none.
  [[nodiscard]] const std::map<node_slot, std::size_t>* siblings(std::string_view controller_uid) const;
  /// Nodes that have the image and its size; null for none.
  [[nodiscard]] const std::map<node_slot, std::int64_t>* image_nodes(std::string_view image) const;
  [[nodiscard]] const schema::text_map* namespace_labels(std::string_view name) const;

private:
  struct placed {
    std::shared_ptr<const scheduling_pod> pod;
    std::string node;
    bool counted = false;
  };

  node_slot take_slot();
  void count(node_slot slot, const std::shared_ptr<const scheduling_pod>& pod);
  void uncount(node_slot slot, const scheduling_pod& pod);
  void set_images(node_slot slot, const schema::node_view& node);
  void set_zone(node_slot slot, const schema::text_map& labels);

  struct zone_entry {
    std::uint32_t number = 0;
    std::size_t nodes = 0;
  };

  node_columns columns_;
  std::vector<node_detail> details_;
  std::vector<node_slot> free_;
  std::map<std::string, node_slot, std::less<>> by_name_;
  std::map<std::string, placed, std::less<>> pods_;                   ///< by uid
  std::map<std::string, std::set<std::string>, std::less<>> waiting_; ///< uids by the name of an unknown node
  std::map<node_slot, std::size_t> anti_nodes_;
  std::set<node_slot> wishing_nodes_;
  std::map<std::int64_t, std::size_t> priorities_;       ///< how many pods of each count
  std::map<std::string, zone_entry, std::less<>> zones_; ///< that some node has
  std::vector<std::uint32_t> free_zones_;
  std::uint32_t zone_limit_ = 1;
  std::map<std::string, std::map<node_slot, std::size_t>, std::less<>> siblings_;
  std::map<std::string, std::map<node_slot, std::int64_t>, std::less<>> images_;
  std::map<std::string, schema::text_map, std::less<>> spaces_;
  std::size_t soft_tainted_ = 0;
  nominations nominated_;
};

/// "nginx" is "docker.io/library/nginx:latest": images compare in this form.
std::string normalized_image(std::string_view image);

} // namespace actord::actors
