#pragma once

#include "actors/cluster/daemon.hpp"
#include "actors/objects/service_allocation.hpp"
#include "net/pki/cluster_pki.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace actord::actors {

/// What exists before any actor: the keys of the cluster and where this server is reached.
struct cluster_identity {
  service_network network;
  std::string address;    ///< of the API, for pods and other machines
  net::cluster_pki pki;   ///< once the store is open, which may have to restore it
  std::string kubeconfig; ///< path of the administrator's
};

/// All but the keys.
result<cluster_identity> open_identity(const daemon_options& options);
net::cluster_pki_options pki_options(const daemon_options& options, const cluster_identity& identity);
/// Before the API answers, so that whoever waits for it can use it.
result<void> save_kubeconfig(const daemon_options& options, const cluster_identity& identity,
                             std::uint16_t port);

/// The same error, told with what was being done.
error in_context(const error& why, std::string_view what);

} // namespace actord::actors
