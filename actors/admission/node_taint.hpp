#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/view/meta_view.hpp"

namespace actord::actors {

/// A node starts as not ready: nothing is placed on it before its first good status report.
void taint_new_node(json& node);

/// Where a node is, in the labels that its pods take over.
schema::text_map topology_labels(const schema::text_map& node_labels);

} // namespace actord::actors
