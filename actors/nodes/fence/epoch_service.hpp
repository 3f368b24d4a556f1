#pragma once

#include "actors/cluster/leader_link.hpp"
#include "actors/nodes/fence/epoch_board.hpp"
#include "actors/nodes/fence/epoch_keeper.hpp"
#include "schema/base/clock.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace actord::storage {
class store;
}

namespace actord::actors {

/// From a worker, about itself, and from a server, about the worker that asked it (schema/worker.capnp).
inline constexpr std::string_view own_epoch_method = "node.epoch";
inline constexpr std::string_view epoch_of_method = "node.epoch-of";

/// Confirms epochs of nodes: on the server that leads after a majority has said that it does, on any other by
/// asking that one. Any thread, never blocks; its store and link outlive every answer.
class epoch_service {
public:
  struct collaborators {
    storage::store& store;
    leader_link& link;
    std::shared_ptr<epoch_board> board;
    const clock_source& clock;
  };
  explicit epoch_service(collaborators with) : with_(std::move(with)) {}

  void confirm(std::string node, std::function<void(result<void>)> done) const;
  /// Of a node whose server has asked us. Not passed on any further.
  void confirm_here(std::string node, std::function<void(result<void>)> done) const;
  /// For the keeper of this server's own node.
  void answer_own(std::string node, std::function<void(result<epoch_answer>)> done) const;

private:
  collaborators with_;
};

} // namespace actord::actors
