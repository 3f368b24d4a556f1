#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/view/workloads/daemon_set_view.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Which nodes a DaemonSet wants a pod on, and what such a pod looks like.

namespace actord::actors {

/// A node as far as it matters here.
struct daemon_node {
  std::string name;
  schema::text_map labels;
  std::vector<schema::taint_view> taints;
};

/// What the set says to a node.
///
///     run  stay
///     yes  yes   a pod belongs here
///     no   yes   one that is here may stay: a taint keeps only new ones away
///     no   no    one that is here goes
struct daemon_verdict {
  bool run = false;
  bool stay = false;

  bool operator==(const daemon_verdict&) const = default;
};
daemon_verdict verdict_on(const schema::daemon_set_view& set, const daemon_node& node);

/// A pod for that node: the scheduler will find no other one for it, and taints that come with a node's
/// troubles do not drive it away.
json daemon_pod_body(const schema::daemon_set_view& set, std::string_view node, std::string_view hash);

} // namespace actord::actors
