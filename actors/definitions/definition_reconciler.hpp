#pragma once

#include "actors/controllers/plan.hpp"
#include "schema/custom/definition_view.hpp"

#include <vector>

/// What becomes of a CustomResourceDefinition:
///
///   created ──names free──▶ NamesAccepted, Established ──deleted──▶ Terminating ──objects gone──▶ gone
///      └─────names taken──▶ NamesAccepted=False; looked at again when a definition of its group changes

namespace actord::actors {

inline constexpr std::string_view cleanup_finalizer = "customresourcecleanup.apiextensions.k8s.io";

struct definition_instance {
  object_key key;
  std::string uid;
  bool being_deleted = false;

  bool operator==(const definition_instance&) const = default;
};

struct definition_state {
  object_key key;
  seen<schema::definition_view> definition;
  std::vector<schema::definition_view> neighbours; ///< others of the group, while names are not accepted
  std::vector<definition_instance> instances;      ///< only of a definition that is being deleted
};

plan reconcile(const definition_state& state, wall_time now);

} // namespace actord::actors
