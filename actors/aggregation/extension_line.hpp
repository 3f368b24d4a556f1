#pragma once

#include "actors/aggregation/availability.hpp"
#include "actors/aggregation/extension_services.hpp"
#include "actors/worker/streams/node_streams.hpp"
#include "net/proxy/tls_client_terms.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace actord::actors {

class node_directory;

/// How an extension server is reached now.
struct extension_line {
  net::upstream_target to;
  node_streams* through = nullptr; ///< the node of the pod; null: straight to its address
  std::string pod_uid = {};
};

/// Finds the way to extension servers: an endpoint of the Service, over TLS on the terms of the APIService,
/// as the front proxy that this server is. Must not outlive the store. Any thread.
class extension_lines {
public:
  extension_lines(storage::store& store, random_source& random) : store_(store), random_(random) {}

  /// The front proxy's certificate from now on.
  void use_identity(net::certified_key identity);
  /// Null: this server reaches pods by their addresses.
  void connect_nodes(node_directory* nodes) { nodes_ = nodes; }

  /// What stands in the way of asking; none: nothing.
  [[nodiscard]] std::optional<availability> obstacle_of(const extension_service& service) const;
  /// The error is only the reason.
  [[nodiscard]] result<extension_line> find(const extension_service& service);

private:
  struct kept_terms {
    std::string authority_pem;
    bool insecure = false;
    std::uint64_t identity = 0;
    std::shared_ptr<const net::tls_client_terms> terms;
  };
  result<std::shared_ptr<const net::tls_client_terms>> terms_of(const extension_service& service);

  storage::store& store_;
  random_source& random_;
  std::atomic<node_directory*> nodes_{nullptr};
  std::mutex mutex_; ///< guards what follows
  net::certified_key identity_;
  std::uint64_t identity_number_ = 0;
  std::map<std::string, kept_terms> terms_; ///< by APIService
};

} // namespace actord::actors
