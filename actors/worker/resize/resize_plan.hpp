#pragma once

#include "runtime/container_runtime.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// In which order the amounts of a running pod change: pure.
///
/// A control group never gives its children more than it has itself. So the pod's group grows before its
/// containers and shrinks after them; among containers those that shrink come first. Memory, then cpu; of the
/// pod's cpu the limit grows before the request and shrinks after it.

namespace actord::actors {

struct resize_step {
  std::string container;           ///< empty: the pod's group
  runtime::resource_limits limits; ///< what to set; 0 stays as it is

  bool operator==(const resize_step&) const = default;
};

struct sized_container {
  std::string name;
  runtime::resource_limits wanted;
  runtime::resource_limits current;
};

struct resize_plan {
  std::vector<resize_step> steps;
  /// Memory limits that come or fall: container (empty: the pod) and bytes. None of them may be below what is
  /// in use.
  std::vector<std::pair<std::string, std::int64_t>> falling_limits;

  bool operator==(const resize_plan&) const = default;
};

/// `may_lower_pod`: false while a container still runs with more than it will have, waiting to be restarted.
resize_plan plan_resize(const runtime::resource_limits& pod_wanted,
                        const runtime::resource_limits& pod_current,
                        const std::vector<sized_container>& running, bool may_lower_pod);

/// The pod's group has yet to grow before a container may have what it was given.
bool pod_must_grow(const runtime::resource_limits& wanted, const runtime::resource_limits& current);

/// Why memory limits cannot fall, by what containers (and the pod, as "") use; nothing when they can.
std::optional<std::string> refuse_limits(const resize_plan& plan,
                                         const std::map<std::string, std::int64_t>& usage_bytes);

} // namespace actord::actors
