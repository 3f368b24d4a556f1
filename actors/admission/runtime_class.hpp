#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

#include <functional>
#include <optional>
#include <string_view>

namespace actord::actors {

using runtime_class_lookup = std::function<std::optional<json>(std::string_view name)>;

/// The overhead of the pod's RuntimeClass, and where its pods can run. A pod may not claim an overhead of its
/// own.
result<void> apply_runtime_class(json& pod, const runtime_class_lookup& find);

} // namespace actord::actors
