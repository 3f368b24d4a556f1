#pragma once

#include "actors/controllers/plan.hpp"
#include "schema/view/meta_view.hpp"

namespace actord::actors {

/// What the cluster's register says of a machine.
enum class machine_role : std::uint8_t {
  unknown, ///< it is not in the register
  worker,
  server,
};

/// Keeps the label by which people see that a node serves the API on those that do and on no worker: nodes
/// may not say it of themselves. A machine that the register does not know keeps what it has.
plan reconcile(const object_key& key, const seen<schema::meta_view>& node, machine_role role);

} // namespace actord::actors
