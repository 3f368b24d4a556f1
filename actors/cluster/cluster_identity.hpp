#pragma once

#include "actors/cluster/daemon.hpp"
#include "actors/cluster/joining/joined_identity.hpp"
#include "actors/objects/service_allocation.hpp"
#include "net/pki/cluster_pki.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace actord::actors {

/// What exists before any actor: the keys of the cluster and where this server is reached.
struct cluster_identity {
  service_network network;
  std::string address;    ///< of the API, for pods and other machines
  net::cluster_pki pki;   ///< once the store is open, which may have to restore it
  std::string kubeconfig; ///< path of the administrator's
  /// What this machine knows of its cluster: none on the first start of a cluster's first server.
  std::optional<joined_identity> joined;
};

/// All but the keys, after joining the cluster that `options.join` names, unless that was done before.
/// Blocks. What the cluster has decided replaces what `options` say: its networks.
result<cluster_identity> open_identity(daemon_options& options);
net::cluster_pki_options pki_options(const daemon_options& options, const cluster_identity& identity);
/// "192.0.2.11:7443", "[2001:db8::1]:7443"
std::string host_and_port(const std::string& host, std::uint16_t port);
/// Whether an address to listen on says nothing of where others reach it.
bool is_vague(std::string_view address);
/// Before the API answers, so that whoever waits for it can use it.
result<void> save_kubeconfig(const daemon_options& options, const cluster_identity& identity,
                             std::uint16_t port);

/// The same error, told with what was being done.
error in_context(const error& why, std::string_view what);

} // namespace actord::actors
