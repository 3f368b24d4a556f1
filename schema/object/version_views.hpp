#pragma once

#include "schema/base/json_fwd.hpp"

/// Some resources are two views of one stored object: events.k8s.io/v1 and v1 events, autoscaling/v1 and v2
/// autoscalers. One view is what is stored (resource_type::stored_as); these functions go there and back,
/// without loss.

namespace actord::schema {

struct resource_type;

/// An object of `type` in the form it is stored in. Objects whose view is what is stored come back as they
/// are.
json to_stored_view(const resource_type& type, json object);
/// A stored object as an object of `type`. kind and apiVersion are left to the caller.
json from_stored_view(const resource_type& type, json object);

} // namespace actord::schema
