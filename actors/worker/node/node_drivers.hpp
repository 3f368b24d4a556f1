#pragma once

#include "net/cni/pod_network.hpp"
#include "net/cni/program_runner.hpp"
#include "net/overlay/overlay_network.hpp"
#include "net/services/iptables_driver.hpp"
#include "runtime/fence/deadline_file.hpp"
#include "runtime/images/image_store.hpp"
#include "runtime/oci/oci_runtime.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/result.hpp"

#include <memory>
#include <string>

namespace actord::actors {

struct worker_options;

/// What acts on the machine for a node, in the order of dependence. Everything that is named on the machine
/// (bridge, cgroups, namespaces, sockets) derives from the data directory, so that two nodes never touch each
/// other and a later process finds what an earlier one left.
struct node_drivers {
  std::unique_ptr<net::program_runner> runner;
  std::unique_ptr<runtime::image_store> images;
  std::unique_ptr<net::pod_network> network;
  std::unique_ptr<net::overlay_network> overlay;
  std::unique_ptr<runtime::container_runtime> runtime;
  std::unique_ptr<net::iptables_driver> services;
  std::unique_ptr<runtime::deadline_file> deadline;
};

/// Adopts the containers that are there. `clock` outlives the drivers.
result<node_drivers> open_node_drivers(const worker_options& options, const clock_source& clock,
                                       const std::string& pod_range);

/// Ends every container of the node and takes back what it put on the machine: namespaces, bridge, cgroups,
/// mounts, iptables rules, and the runtime directory. The data directory stays. No daemon may be running on
/// it.
result<void> remove_node(const worker_options& options, const clock_source& clock);

} // namespace actord::actors
