#pragma once

#include "actors/controllers/plan.hpp"
#include "storage/store.hpp"

#include <chrono>
#include <string_view>
#include <vector>

namespace actord::actors {

struct reconcile_input {
  const storage::snapshot& state;
  const object_key& key; ///< may name an object that is gone: then there is usually nothing to do
  wall_time now;
  /// Why an action of the previous round for this key was refused for good (invalid, forbidden: not a
  /// conflict, which this snapshot explains); null when all went well. For conditions such as ReplicaFailure.
  const error* refused_before = nullptr;
};

/// What makes one controller differ from another; the controller actor does the rest. Stateless and shared by
/// all of its reconcilers, from any thread: everything they know is in the snapshot.
///
///   store event ──keys_for──▶ keys to look at ──reconcile(snapshot, key, now)──▶ plan
///
/// `reconcile` reads a view (plain structs) and calls a pure function; the decision is in that function.
class controller_kind {
public:
  virtual ~controller_kind() = default;

  /// As `--controllers` and the debug console name it: "deployment-controller" is "deployment".
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// Resources whose changes can matter. Empty: all of them.
  [[nodiscard]] virtual std::vector<resource_id> watches() const = 0;
  /// How long events may gather before they are looked at: for those that watch everything, so that a storm
  /// of writes that are none of their business wakes them fifty times a second and not with every batch.
  [[nodiscard]] virtual std::chrono::milliseconds patience() const { return std::chrono::milliseconds(0); }
  /// Keys to look at when the controller starts or has lost track of events.
  virtual void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const = 0;
  /// Keys to look at because of one event. `now` is the state at or after it.
  virtual void keys_for(const storage::store_event& event, const storage::snapshot& now,
                        std::vector<object_key>& keys) const = 0;
  [[nodiscard]] virtual plan reconcile(const reconcile_input& input) const = 0;
};

} // namespace actord::actors
