#pragma once

#include "actors/worker/node_services.hpp"
#include "schema/base/result.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace actord::actors {

class node_link;

/// Where to ask for streams into a node's containers: this machine's own worker, or any other node over the
/// network between nodes. Any thread.
///
///   daemon: makes it with the server, `connect_own` once its worker runs; it and the worker outlive the API
class node_directory {
public:
  /// `link` may be null: there is no other node then.
  node_directory(std::string own_name, node_link* link);
  ~node_directory();
  node_directory(const node_directory&) = delete;
  node_directory& operator=(const node_directory&) = delete;

  /// The worker of this machine; null when it stops. Before the first, and without one, streams to our own
  /// name are refused.
  void connect_own(node_services* own);

  /// Good for as long as the directory. Whether another node is connected shows only when it is asked:
  /// `unavailable`, with its name. `unavailable` here for our own node before it runs.
  [[nodiscard]] result<node_services*> find(const std::string& node);
  /// This machine runs pods: it is in the network of all pods, and reaches each by its address.
  [[nodiscard]] bool is_among_pods() const;
  /// The node for an image: the one that was named, which must be one of `nodes`; else our own; else the only
  /// one there is. `bad_request` names those there are.
  [[nodiscard]] result<node_services*> find_for_image(const std::string& named,
                                                      const std::vector<std::string>& nodes);

private:
  class state;
  std::unique_ptr<state> state_;
};

/// The same where there may be no directory: a daemon that has just started.
result<node_services*> find_node(node_directory* nodes, const std::string& node);

} // namespace actord::actors
