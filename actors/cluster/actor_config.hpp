#pragma once

#include <caf/actor_system_config.hpp>

#include <cstddef>

namespace actord::actors {

/// How the daemon's actors are scheduled.
class actor_config : public caf::actor_system_config {
public:
  actor_config() {
    constexpr std::size_t scheduler_threads = 2;
    set("scheduler.max-threads", scheduler_threads);
    // Idle workers wait instead of polling: polling costs an idle cluster more than all its work.
    set("scheduler.policy", caf::atom("sharing"));
  }
};

} // namespace actord::actors
