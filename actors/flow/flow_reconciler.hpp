#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/json.hpp"

#include <span>
#include <string>
#include <vector>

/// What must be written so that the flow control objects are as every cluster has them.

namespace actord::actors {

struct flow_plan {
  std::vector<json> create; ///< complete objects
  std::vector<json> update; ///< complete objects, with the resourceVersion they were read at
  std::vector<json> status; ///< apply configurations of flow schemas' Dangling condition

  bool operator==(const flow_plan&) const = default;
};

/// `schemas` and `levels` are all there are. Mandatory and suggested objects are created where they are
/// missing; their specs follow the server's, of suggested ones only while the annotation
/// apf.kubernetes.io/autoupdate-spec says true, or says nothing and nobody has changed the spec. Objects of
/// neither list are the operators'.
flow_plan plan_flow_objects(std::span<const json> schemas, std::span<const json> levels, wall_time now);

} // namespace actord::actors
