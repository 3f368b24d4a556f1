#pragma once

#include "actors/admission/quota_usage.hpp"
#include "actors/controllers/plan.hpp"

namespace actord::actors {

/// A quota and what there is of everything it limits, at one state of the store.
struct quota_state {
  object_key key;
  std::string uid;
  json hard;       ///< spec.hard
  json noted_hard; ///< status.hard
  json noted_used; ///< status.used
  usage_map counted;
  /// When the next of the pods that hang in deletion stops to count.
  std::optional<wall_time> next_release = {};
};

/// Writes notice what they use themselves; this gives a new or changed quota its first count, and finds out
/// now and then whether the notes are still right.
plan reconcile(const quota_state& state, wall_time now);

} // namespace actord::actors
