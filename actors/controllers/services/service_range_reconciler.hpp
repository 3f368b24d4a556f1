#pragma once

#include "actors/controllers/plan.hpp"
#include "schema/view/network/service_range_view.hpp"

#include <string>
#include <vector>

/// Lets addresses of services be taken from a ServiceCIDR, and lets it go only when none of them would be
/// left without a range.

namespace actord::actors {

struct service_range_state {
  object_key key;
  seen<schema::service_range_view> range;
  /// While it is being deleted: an address that a service holds and no range that stays has; empty for none.
  std::string orphan;
};

plan reconcile(const service_range_state& state, wall_time now);

/// Whether the address is in a block of that range.
bool holds(const schema::service_range_view& range, std::string_view address);

} // namespace actord::actors
