#pragma once

#include "schema/view/pod_view.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// A pod reduced to what placing it, or placing others around it, depends on.

namespace actord::actors {

/// CPU in thousandths of a core, the rest in bytes or whole units.
struct pod_request {
  std::int64_t milli_cpu = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t ephemeral_bytes = 0;
  std::vector<std::pair<std::string, std::int64_t>>
      others; ///< sorted by name; extended resources and huge pages
  /// What scoring assumes for pods that ask for nothing: 100m and 200 MiB a container, so that they spread
  /// too.
  std::int64_t scored_milli_cpu = 0;
  std::int64_t scored_memory_bytes = 0;

  bool operator==(const pod_request&) const = default;
};

/// Containers run together, init containers one after another beside the sidecars started before them: the
/// larger of the two counts, and the overhead of the pod's runtime.
/// What the pod asks for as a whole counts instead, resource by resource.
pod_request request_of(const schema::pod_spec_view& spec);

/// What the pod holds on its node: while a resize is not carried out, the larger of what is asked for, what
/// the node has set aside and what is in force; when it never will be, the larger of the latter two.
pod_request held_request_of(const schema::pod_view& pod);

/// A resize may be under way: the node has yet to see it, to carry it out or to report that it did.
bool is_being_resized(const schema::pod_view& pod);

struct host_port {
  std::string ip; ///< "0.0.0.0" for every address
  std::string protocol;
  std::int64_t port = 0;

  bool operator==(const host_port&) const = default;
  [[nodiscard]] bool clashes_with(const host_port& other) const;
};

struct scheduling_pod {
  std::string space;
  std::string name;
  std::string uid;
  schema::text_map labels;
  std::string controller_uid;
  std::int64_t generation = 0;
  bool being_deleted = false;
  bool preempted = false; ///< its end was ordered by a scheduler, to make room
  std::int64_t priority = 0;
  bool preempts = true;             ///< unless its preemptionPolicy is Never
  std::optional<wall_time> started; ///< by its node; unset until that is known
  std::string nominated_node;       ///< status.nominatedNodeName
  pod_request request;
  std::vector<host_port> host_ports;
  std::vector<std::string> images; ///< as written in the containers
  std::string node_name;           ///< demanded by matchFields or already bound
  schema::text_map node_selector;
  schema::node_affinity_view node_affinity;
  /// Names of the only nodes that `node_affinity` allows, sorted: when each of its required terms names some.
  /// None of them: the terms contradict themselves.
  std::optional<std::vector<std::string>> only_nodes;
  schema::pod_affinity_view affinity;
  schema::pod_affinity_view anti_affinity;
  std::vector<schema::toleration_view> tolerations;
  std::vector<schema::topology_spread_view> spread;
  std::vector<std::string> gates;
};

scheduling_pod scheduling_view(const schema::pod_view& pod);

std::optional<std::vector<std::string>> nodes_named_by(const schema::node_affinity_view& affinity);

} // namespace actord::actors
