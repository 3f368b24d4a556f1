#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/json_fwd.hpp"

namespace actord::schema {

struct resource_type;

/// How long an Event is kept after it was last written, as Kubernetes' --event-ttl has it by default.
inline constexpr std::chrono::hours event_life{1};

/// When an object in its stored form has outlived its time and is to be removed; zero for never.
///
///   Event                        an hour after its last write: the newest of creationTimestamp and the times
///                                of managedFields, which the server stamps (what the reporter says of the
///                                event's own time could lie in any future)
///   Secret of a bootstrap token  data.expiration, where it names a time
///   being deleted                never: whoever holds its finalizers is asked already
wall_time object_deadline(const resource_type& type, const json& object);

} // namespace actord::schema
