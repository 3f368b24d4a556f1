#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

#include <string>
#include <string_view>

namespace actord::schema {

struct resource_type;

/// Whether the resource is shown through the scale subresource.
bool can_scale(const resource_type& type);

/// The autoscaling/v1 Scale that shows how many replicas `object` wants and has. `object` is complete; the
/// resource must be one that can_scale.
json scale_of(const resource_type& type, const json& object);

/// `object` with the replicas a Scale asks for. `scale` is decoded; its names are checked by the caller.
///   invalid  spec.replicas is negative
result<json> with_scale(const resource_type& type, const json& object, const json& scale);

/// A label selector as one line, as in Scale.status.selector: `a=b,tier in (x,y),!old`.
std::string selector_text(const json& label_selector);
/// The same for a plain map of labels, in order of the keys.
std::string label_text(const json& labels);

} // namespace actord::schema
