#pragma once

#include "actors/audit/audit_options.hpp"
#include "actors/authentication/openid_options.hpp"
#include "schema/base/result.hpp"

#include <chrono>
#include <cstdint>

#include <memory>
#include <optional>

#include <string>

namespace actord::actors {

/// How this member was started (DESIGN section 10).
struct daemon_options {
  std::string data_dir = "/var/lib/actord";
  std::string listen_address = "0.0.0.0";
  std::uint16_t listen_port = 6443;
  std::string rpc_listen_address = "0.0.0.0"; ///< for other servers, once there are any
  std::uint16_t rpc_listen_port = 7443;
  std::string join;  ///< "HOST:6443": a server of the cluster to become a part of; empty: its own
  std::string token; ///< that lets this machine in; needed until it has joined
  std::string node_name;
  bool serves = true;            ///< role "server": store, API, controllers
  bool works = true;             ///< role "worker": runs pods
  std::string controllers = "*"; ///< "*", "none", or names with '-' in front of those left out
  std::string cluster_cidr = "10.244.0.0/16";
  std::string service_cidr = "10.96.0.0/16";
  std::string runtime = "auto";
  audit_options audit;
  std::string encryption_config;          ///< file; empty: DIR/pki/encryption.yaml, made on the first start
  openid_options openid;                  ///< people of an identity provider
  std::string authentication_config = {}; ///< file with several of them (AuthenticationConfiguration)
  /// How long certificates are good (renewed at half of it); none: 90 days, the administrator's a year.
  std::optional<std::chrono::seconds> certificate_life = {};
};

/// All of one actord process. Started in this order, stopped in the reverse:
///
///   data directory → joining, if asked to → store → keys and admin.kubeconfig → actors → HTTPS → network of
///   the servers → leadership, while this server leads (leadership.hpp) → worker
class daemon {
public:
  static result<std::unique_ptr<daemon>> start(daemon_options options);
  virtual ~daemon() = default;

  /// Of the API; 0 on a worker.
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// Empty on a worker.
  [[nodiscard]] virtual std::string kubeconfig_path() const = 0;
};

} // namespace actord::actors
