#pragma once

#include "net/cni/address_pool.hpp"
#include "net/cni/link_control.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Pods of different nodes reach each other through a VXLAN (RFC 7348) between the nodes' addresses:
///
///   pod 10.244.1.7 ─▶ route to 10.244.2.0/24 via 10.244.2.0 on the tunnel ─▶ UDP 4789 to that node ─▶ pod
///
/// Nothing is learned and nothing is flooded: whose pods are behind which address is what the Nodes say. A
/// node's end of the tunnel has the first address of its pods' range, and a hardware address made from that.

namespace actord::net {

inline constexpr std::uint16_t overlay_port = 4789;
inline constexpr int overlay_overhead_bytes = 50; ///< of each packet, for the outer headers

/// Another node and its pods.
struct overlay_peer {
  std::string node;
  std::uint32_t address = 0; ///< of the node, host byte order
  address_range pods;

  bool operator==(const overlay_peer&) const = default;
};

struct overlay_options {
  std::string device;        ///< at most 15 bytes
  std::uint32_t address = 0; ///< of this node
  address_range pods;        ///< of this node
  std::uint32_t number = 0;  ///< of the network (overlay_number)
  int mtu = 0;               ///< of the tunnel; 0: the kernel's choice
};

hardware_address overlay_hardware(const address_range& pods);
/// Of a cluster: tells its packets from another cluster's on the same wire. 24 bits, never 0.
std::uint32_t overlay_number(std::string_view cluster);

/// Those that can be reached, in the order of their nodes' names: none whose pods have addresses that are
/// this node's or those of one before it, however it came to say so.
std::vector<overlay_peer> sound_peers(const overlay_options& own, std::vector<overlay_peer> peers);

/// What leads from one list of peers to the next. A peer that moved is in both.
struct overlay_change {
  std::vector<overlay_peer> remove;
  std::vector<overlay_peer> add;
};
overlay_change compare(const std::vector<overlay_peer>& before, const std::vector<overlay_peer>& after);

/// The chain that lets nobody but peers speak into the tunnel, for iptables-restore --noflush.
std::string overlay_filter_chain(const overlay_options& own);
std::string overlay_filter(const overlay_options& own, const std::vector<overlay_peer>& peers);

} // namespace actord::net
