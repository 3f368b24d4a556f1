#pragma once

#include "actors/cluster/daemon.hpp"
#include "schema/base/result.hpp"

namespace actord::actors {

/// Undoes what a daemon with these options did to the machine: ends the containers of its pods, takes back
/// network, mounts, cgroups and iptables rules, and removes what lies in its data directory (nothing of
/// anybody else's). `conflict` while a daemon runs on the directory, `not_found` when it is no daemon's.
result<void> reset_member(const daemon_options& options);

} // namespace actord::actors
