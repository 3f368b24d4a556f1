#pragma once

#include "actors/objects/write_command.hpp"
#include "schema/base/clock.hpp"

/// What a DELETE does to an object, and when an object that is being deleted goes.
///
///   present ──delete──▶ terminating ──(grace over, last finalizer gone)──▶ gone
///      └────delete, nothing to wait for───────────────────────────────────▶ gone
///
/// terminating ⇔ metadata.deletionTimestamp is set. An object waits for `deletionGracePeriodSeconds` (pods:
/// until their node deletes them with 0), for metadata.finalizers, and, a namespace, for spec.finalizers.

namespace actord::actors {

enum class deletion_step : std::uint8_t {
  nothing, ///< already on its way and nothing to change: answer with the object as it is
  mark,    ///< store `object`: it is terminating now, or sooner than before
  remove,  ///< `object` is its last form
};

struct deletion_plan {
  deletion_step step = deletion_step::nothing;
  json object;
};

/// `object` is complete (kind, apiVersion, metadata.resourceVersion). Preconditions of the options that do
/// not hold are a conflict.
result<deletion_plan> plan_deletion(const schema::resource_type& type, json object,
                                    const delete_options& options, wall_time now);

/// After an update: a terminating object with nothing left to wait for goes with that update.
bool goes_with_update(const schema::resource_type& type, const json& object);

/// DELETE answers with the last form of these kinds instead of a Status.
bool answers_with_deleted_object(const schema::resource_type& type);

} // namespace actord::actors
