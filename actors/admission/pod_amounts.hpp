#pragma once

#include "schema/base/json_fwd.hpp"

#include <string_view>

namespace actord::actors {

struct amounts_options {
  bool with_overhead = true;
  /// Also what the node reports to have given out, while it is more than the spec asks for: a resize that is
  /// not carried out yet.
  bool with_status = false;
};

/// What a pod asks for as a whole ("requests" or "limits"): an object of resource name to quantity. What the
/// pod names for itself counts instead of the sum of its containers.
json pod_amounts(const json& pod, std::string_view list, const amounts_options& options);

} // namespace actord::actors
