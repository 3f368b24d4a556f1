#pragma once

#include "actors/controllers/controller_actor.hpp"
#include "schema/base/rng.hpp"

#include <caf/actor.hpp>

#include <memory>

namespace actord::actors {

/// The default scheduler: keeps its picture of nodes and pods by events, decides with `place`, binds through
/// the binding subresource and counts a pod against its node from the moment it decided (assumes), until the
/// binding is seen or refused. Pods of another spec.schedulerName are left to their scheduler.
caf::actor spawn_scheduler(std::shared_ptr<const controller_context> context, random_source& random);

} // namespace actord::actors
