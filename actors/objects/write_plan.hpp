#pragma once

#include "actors/objects/root_certificate.hpp"
#include "actors/objects/service_allocation.hpp"
#include "actors/objects/write_command.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/store.hpp"

#include <memory>
#include <optional>

/// From a write command and what is stored now to the transaction that carries it out. Decides everything;
/// stores nothing.

namespace actord::actors {

class admission_chain;
class role_guard;
class webhook_gate;
class write_conversions;
class write_reviews;

struct write_environment {
  storage::store& store;
  const admission_chain& admission;
  random_source& random;
  service_network network;
  root_certificate published;
  const role_guard* roles = nullptr;      ///< null in tests without authorization
  const webhook_gate* webhooks = nullptr; ///< null where nobody is asked
};

/// What a change of the transaction is there for, which decides what its refusal means.
enum class change_role : std::uint8_t {
  object,     ///< the object the command is about
  guard,      ///< something that must hold elsewhere; the refusal carries the answer
  allocation, ///< a shared resource somebody else took first: plan again
  companion,  ///< an object made or removed along with it, left alone if it is there already
};

/// An object that a webhook has to convert before it can be stored.
struct unstored_object {
  schema::resource_handle type; ///< of the object
  json object;
  bool removes = false;  ///< it is the last form of what the plan removes
  bool dry_run = false;  ///< nothing is stored
  revision dry_revision; ///< what the answer to a dry run shows
};

struct write_plan {
  storage::transaction transaction; ///< empty: nothing to store, the answer stands
  std::vector<change_role> roles;   ///< one per change
  write_answer answer;              ///< `stored` is null while `stored_bytes` waits for its revision
  std::string stored_bytes;
  /// What the object's own change decided when the batch was sealed; null unless it does decide.
  std::shared_ptr<std::string> decided_bytes;
  std::string name;       ///< of the object, also when generateName made it
  bool generated = false; ///< another try may make another name
  /// Until `store_converted`, in place of the object's bytes; none where no webhook converts.
  std::optional<unstored_object> unstored;
  /// The client named the revision it knows: a newer head is its conflict, not ours to resolve.
  bool pinned = false;
};

/// `reviews` (null: none) has the outcome of webhooks and is told what they must be asked; where it
/// interrupts the plan, the error means nothing. The same with `conversions` (null: none), where it wants
/// something, plan and error mean nothing.
result<write_plan> plan_write(const write_environment& environment, const write_command& command,
                              write_reviews* reviews = nullptr, write_conversions* conversions = nullptr);

/// What the webhook made of `plan.unstored`, in the version that is stored: completes the plan.
void store_converted(const write_command& command, const json& converted, write_plan& plan);

struct refusal_verdict {
  bool retry = false;
  error answer;
};
/// What to do after the store refused attempt number `attempt` (from 1).
refusal_verdict judge_refusal(const write_command& command, const write_plan& plan,
                              const storage::refused& refusal, int attempt);

/// The answer once the transaction took effect.
write_answer finish_write(write_plan plan, const storage::committed& outcome);

} // namespace actord::actors
