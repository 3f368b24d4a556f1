#pragma once

#include "actors/objects/write_plan.hpp"
#include "schema/tables/resource_table.hpp"

/// What a namespace means to writes of other objects.

namespace actord::actors {

bool is_namespace(const schema::resource_type& type);

/// Holds while the namespace exists and is not going away; its refusal is the answer for the client that
/// wants to create `name` of `type` there.
storage::object_change namespace_guard(schema::resource_handle type, const std::string& space,
                                       const std::string& name);

/// A namespace is born with what its pods need: the service account `default` and the certificate of the API.
void add_namespace_companions(const write_environment& environment, const json& space, wall_time now,
                              write_plan& plan);

} // namespace actord::actors
