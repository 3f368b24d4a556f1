#pragma once

#include "actors/controllers/controller_actor.hpp"

#include <caf/all.hpp>

#include <memory>
#include <optional>

/// Messages between a controller and its reconcilers.

namespace actord::actors {

/// Look at your object: something happened at this revision (none: at the start).
struct look_request {
  revision at;
  bool own = false; ///< it happened to the object itself
};

/// I have nothing to do and handled that many looks.
struct idle_notice {
  object_key key;
  std::uint64_t looks = 0;
};

using start_atom = caf::atom_constant<caf::atom("start")>;
using retire_atom = caf::atom_constant<caf::atom("retire")>;
using requeue_atom = caf::atom_constant<caf::atom("requeue")>;
using wake_atom = caf::atom_constant<caf::atom("wake")>;
using drain_atom = caf::atom_constant<caf::atom("drain")>;
using again_atom = caf::atom_constant<caf::atom("again")>;

/// The answer to one action of a round's plan.
struct action_answer {
  std::uint64_t round = 0;
  std::size_t index = 0;
  result<write_answer> outcome;
};

/// The name a controller signs its writes with.
std::string signature_of(const controller_kind& kind);

class reconciler_work;

/// Ends with the actor, whoever still has a handle to it.
struct reconciler_state {
  std::unique_ptr<reconciler_work> work;

  reconciler_state();
  ~reconciler_state();
};
using reconciler_self = caf::stateful_actor<reconciler_state>;

/// Works on one key until its controller lets it go: rounds of look, decide, submit, await all answers.
caf::behavior reconciler(reconciler_self* self, std::shared_ptr<const controller_context> context,
                         std::shared_ptr<const controller_kind> kind, object_key key, caf::actor parent);

} // namespace actord::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::look_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::idle_notice)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<actord::actors::action_answer>)
