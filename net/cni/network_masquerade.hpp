#pragma once

#include "net/cni/pod_network.hpp"

#include <string>

namespace actord::net {

/// What pods send out of the cluster leaves with the node's address: one chain of our own, named after the
/// bridge.
std::string masquerade_chain(const cni_options& options);
/// The chain's content for iptables-restore --noflush.
std::string masquerade_program(const cni_options& options);

/// Installs the chain and the jump to it. Repeating it changes nothing.
result<void> install_masquerade(const cni_options& options, program_runner& runner);
result<void> remove_masquerade(const cni_options& options, program_runner& runner);

} // namespace actord::net
