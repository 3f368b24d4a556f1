#pragma once

#include "schema/base/json.hpp"

#include <string_view>
#include <vector>

/// The FlowSchema and PriorityLevelConfiguration objects that every cluster has (Kubernetes v1.36), complete
/// but for what the server adds to any object.

namespace actord::actors {

/// "true": the spec follows the server's; "false": it is the operator's.
inline constexpr std::string_view keep_spec_annotation = "apf.kubernetes.io/autoupdate-spec";

/// Who owns their fields.
inline constexpr const char* flow_object_manager = "api-priority-and-fairness-config-producer-v1";

/// `exempt` and `catch-all`: always there, always with this spec.
const std::vector<json>& mandatory_flow_schemas();
const std::vector<json>& mandatory_priority_levels();
/// Made where missing, and kept at this spec unless an operator took them over.
const std::vector<json>& suggested_flow_schemas();
const std::vector<json>& suggested_priority_levels();

} // namespace actord::actors
