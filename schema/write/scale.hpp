#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

namespace actord::schema {

struct resource_type;

/// Whether the resource is shown through the scale subresource.
bool can_scale(const resource_type& type);

/// The autoscaling/v1 Scale that shows how many replicas `object` wants and has. `object` is complete; the
/// resource must be one that can_scale.
json scale_of(const resource_type& type, const json& object);

/// Writes the wanted replicas to where objects of the kind have them.
void set_replicas(const resource_type& type, json& object, const json& wanted);

/// `object` with the replicas a Scale asks for. `scale` is decoded; its names are checked by the caller.
///   invalid  spec.replicas is negative
result<json> with_scale(const resource_type& type, const json& object, const json& scale);

} // namespace actord::schema
