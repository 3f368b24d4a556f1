#pragma once

#include "schema/base/json_fwd.hpp"

#include <string_view>

namespace actord::schema::rules {

/// Defaults of a PodSpec, wherever it stands.
void default_pod_spec(json& spec);
/// Defaults of a PodTemplateSpec.
void default_pod_template(json& pod_template);
/// Defaults of a Pod: those of its spec and what only pods get (requests from limits, host ports).
void default_pod(json& pod);
/// Defaults of those volume sources that pods and persistent volumes share; `holder` has them as members.
void default_volume_source(json& holder);
/// What a pod as a whole asks for, where some of it follows from its containers.
void default_pod_level_resources(json& spec);
/// Defaults of a PersistentVolumeClaimSpec.
void default_claim_spec(json& spec);
/// Rounds quantities up to thousandths, the finest the API keeps.
void round_quantities(json& quantities);
/// The same for the `limits` and `requests` of resource requirements.
void round_resources(json& resources);

/// The tag an image reference names: "latest" when it names neither tag nor digest, empty for one that is
/// malformed or has a digest only.
std::string_view image_tag(std::string_view image);

} // namespace actord::schema::rules
