#pragma once

#include "net/cni/program_runner.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace actord::net {

/// One pod's wish for a network. `id` names the attachment for ever: attaching or detaching it again is
/// harmless.
struct pod_attachment {
  std::string id;
  std::string namespace_path; ///< of the pod's network namespace
  std::string pod_space;
  std::string pod_name;
  std::string pod_uid;
  struct port_mapping {
    std::string protocol; ///< "tcp", "udp", "sctp"
    std::uint16_t host_port = 0;
    std::uint16_t container_port = 0;
    std::string host_address;
  };
  std::vector<port_mapping> ports;
};

struct pod_addresses {
  std::vector<std::string> addresses; ///< without prefix length, the pod's own first
};

/// How pods of this node get addresses. Blocks.
class pod_network {
public:
  virtual ~pod_network() = default;
  virtual result<pod_addresses> attach(const pod_attachment& pod) = 0;
  /// Gives the address back. Unknown attachments and vanished namespaces are success.
  virtual result<void> detach(const std::string& id, const std::string& namespace_path) = 0;
  /// Attachments that hold an address, to find those whose pod is gone.
  [[nodiscard]] virtual std::vector<std::string> attachments() = 0;
  /// Removes what the network as a whole left on the machine (bridge, address translation). Only without
  /// pods.
  virtual result<void> dismantle() = 0;
};

struct cni_options {
  std::string state_dir; ///< results of plugins and addresses in use
  std::string plugin_dir = "/usr/lib/cni";
  std::string config_dir; ///< e.g. "/etc/cni/net.d"; empty, or without a configuration in it: ours
  std::string network_name = "actord";
  std::string bridge = "actord0";         ///< at most 15 bytes, one per daemon
  std::string pod_cidr = "10.244.0.0/24"; ///< this node's part
  std::string cluster_cidr;               ///< not translated when pods talk to it; empty: pod_cidr
  int mtu = 0;                            ///< 0: the kernel's choice
  bool in_process = true;                 ///< do what bridge and host-local do without running them
};

/// CNI (spec 1.0.0): plugins are executed, but for the bridge of our own configuration (see
/// cni_options::in_process).
std::unique_ptr<pod_network> make_cni_network(cni_options options, program_runner& runner);

/// Creates a network namespace with its loopback up and binds it to `path`. One that is there stays.
result<void> create_network_namespace(const std::string& path);
/// Missing is success.
result<void> remove_network_namespace(const std::string& path);

} // namespace actord::net
