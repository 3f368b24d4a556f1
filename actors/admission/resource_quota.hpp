#pragma once

#include "actors/admission/quota_usage.hpp"
#include "schema/base/json_fwd.hpp"

#include <optional>
#include <string>

/// What a write does to a ResourceQuota. Runs when the batch that stores the write is sealed, on the quota as
/// it is then: what is used is exact at every revision, and nobody waits for anybody.

namespace actord::actors {

/// One write of an object, as quotas see it. `before` is unset on create, `after` on removal.
struct quota_demand {
  counted_kind kind;
  std::optional<counted_object> before;
  std::optional<counted_object> after;
  /// False for writes that only report (status, deletion): they are counted but never refused.
  bool enforced = false;
};

struct quota_verdict {
  /// The quota with its new status.used; unset when that stays as it is.
  std::optional<json> charged;
  /// "exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2"
  std::optional<std::string> refusal;
};

/// `now` is when the batch is sealed.
quota_verdict charge_quota(const json& quota, const quota_demand& demand, wall_time now);

/// Whether the scopes of a quota take in an object.
bool in_scope(const json& quota, const counted_object& object);

/// A count of everything a quota limits, at one state of the store.
struct quota_count {
  json hard;    ///< spec.hard as it was then
  json counted; ///< what there was
  json noted;   ///< what status.used said
};

/// Corrects status.used by what the count found to be wrong, however much was charged since then. Unset when
/// the quota limits something else now: it must be counted again.
std::optional<json> correct_quota(const json& quota, const quota_count& count);

} // namespace actord::actors
