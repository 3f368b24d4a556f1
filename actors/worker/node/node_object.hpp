#pragma once

#include "runtime/images/image_store.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// The Node object of this machine: what it says of itself, as pure functions of measured facts.

namespace actord::actors {

struct machine_facts {
  std::string address; ///< the address other nodes reach it by
  std::int64_t cores = 1;
  std::int64_t memory_bytes = 0;
  std::int64_t memory_available_bytes = 0;
  std::int64_t disk_bytes = 0;
  std::int64_t disk_available_bytes = 0;
  std::int64_t processes = 0;
  std::int64_t processes_max = 0;
  std::string machine_id;
  std::string boot_id;
  std::string kernel;
  std::string os_image;
  std::string architecture; ///< "amd64"
  std::string runtime;      ///< "actord://crun 1.8.1"
};

/// Reads them from /proc, /etc and the routing table. `disk_path` tells which file system holds the pods'
/// data.
machine_facts measure_machine(const std::string& disk_path);

/// "10.244.0.0/16" and a slot → that /24 of it; `unavailable` when there are not so many.
result<std::string> pod_range_at(std::string_view cluster_cidr, std::uint64_t slot);

/// The whole object, for its creation.
json node_object(const std::string& name, const machine_facts& machine, const std::string& pod_cidr);
/// `before` is the status reported earlier (or null): a condition keeps the time it last changed.
/// The status this node reports: capacity, addresses, conditions, versions, images.
json node_status(const std::string& name, const machine_facts& machine,
                 const std::vector<runtime::image_info>& images, const json& before, wall_time now);
/// The Lease that says this node lives.
json node_lease(const std::string& name, wall_time now);

} // namespace actord::actors
