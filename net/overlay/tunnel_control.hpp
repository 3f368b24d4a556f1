#pragma once

#include "net/overlay/overlay_plan.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <string>

/// What the tunnel needs of the kernel, by rtnetlink.

namespace actord::net {

/// The tunnel of these options, up and with no peers. One of that name is replaced.
result<void> create_tunnel(const overlay_options& own);
/// Route, neighbour and forwarding entry of a peer.
result<void> add_tunnel_peer(const std::string& device, const overlay_peer& peer);
/// Missing is success.
result<void> remove_tunnel_peer(const std::string& device, const overlay_peer& peer);

bool has_tunnel(const std::string& device);

/// The largest packet of the interface that has this address; 0 when none has, or the loopback.
int mtu_of_address(std::uint32_t address);

} // namespace actord::net
