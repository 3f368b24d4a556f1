#pragma once

#include "schema/base/json_fwd.hpp"

namespace actord::actors {

/// Five minutes on a node that is lost, unless the pod says something about that itself.
void add_default_tolerations(json& pod);

} // namespace actord::actors
