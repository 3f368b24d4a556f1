#pragma once

#include "actors/objects/write_command.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/ids.hpp"
#include "schema/base/json.hpp"

#include <optional>
#include <string>
#include <vector>

/// What a reconciler decided: the whole of it, as a value. Carrying it out is the actor's business; tests
/// compare it.

namespace actord::actors {

/// An Event about the object that is reconciled, unless `regarding` names another.
struct planned_event {
  bool warning = false;
  std::string reason;
  std::string message;
  std::optional<object_key> regarding = {};

  bool operator==(const planned_event&) const = default;
};

/// `key.name` empty means metadata.generateName of the body names it.
struct planned_create {
  object_key key;
  json body; ///< complete, with apiVersion and kind
  std::string note;
  /// Recorded once it succeeded; {} in the message stands for the name the object was given.
  std::optional<planned_event> announce = {};

  bool operator==(const planned_create&) const = default;
};

/// A merge patch (RFC 7386): members not named stay, null removes.
struct planned_patch {
  object_key key;
  std::string subresource;
  std::string uid; ///< only this very object
  std::optional<revision>
      at; ///< and only while it is as the decision saw it; unset where we own what we write
  json patch;
  std::string note;
  std::optional<planned_event> announce = {};

  bool operator==(const planned_patch&) const = default;
};

struct planned_remove {
  object_key key;
  std::string uid;
  std::optional<revision> at;
  propagation how = propagation::background;
  std::string note;
  std::optional<planned_event> announce = {};
  std::optional<std::int64_t> grace_s = {}; ///< unset: the object's own

  bool operator==(const planned_remove&) const = default;
};

struct plan {
  std::vector<planned_create> create;
  std::vector<planned_patch> patch;
  std::vector<planned_remove> remove;
  /// Look again then, even if nothing changes.
  std::optional<wall_time> requeue_at;
  std::vector<planned_event> events;
  /// Why this is the plan, in a few words, for people who ask.
  std::string verdict;

  bool operator==(const plan&) const = default;
  [[nodiscard]] bool acts() const { return !create.empty() || !patch.empty() || !remove.empty(); }
};

/// A view together with the revision it was read at.
template <class View>
struct seen {
  View view;
  revision at;
};

/// The plan as text, one line per item, for scenario tests and for people.
std::string describe(const plan& what);

} // namespace actord::actors
