#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

#include <optional>

namespace actord::actors {

/// A bound pod can only become what its node could hold at all. `node` is unset when there is none.
result<void> check_pod_resize(const json& pod, const json& old, const std::optional<json>& node);

} // namespace actord::actors
