#pragma once

#include "actors/worker/node_services.hpp"

#include <memory>

namespace actord::actors {

class node_methods;

/// The answering end of remote_node_services: servers reach this machine's containers through it.
///
///   serve, before the network starts ──connect, once the worker runs──▶ answers ──disconnect──▶ refuses, for
///   good
class node_service_host {
public:
  node_service_host();
  /// Disconnects.
  ~node_service_host();
  node_service_host(const node_service_host&) = delete;
  node_service_host& operator=(const node_service_host&) = delete;

  /// For servers only. Asked while nothing is connected, it answers `unavailable`.
  void serve(node_methods& methods);
  /// Once. `node` outlives `disconnect`.
  result<void> connect(node_services& node);
  /// Before the worker stops: ends what is under way, after which nothing calls the worker. Logs that are
  /// being read come back from their receivers at once.
  void disconnect();

private:
  class state;
  std::shared_ptr<state> state_;
};

} // namespace actord::actors
