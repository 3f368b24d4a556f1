#pragma once

#include "actors/objects/write_plan.hpp"

namespace actord::schema {
struct resource_type;
}

/// Adds to a Service's transaction what it takes from the cluster's addresses and node ports and gives back.

namespace actord::actors {

bool is_service(const schema::resource_type& type);

/// `old` is null on create. Fills in the service's addresses and ports.
result<void> claim_for_service(const write_environment& environment, json& service, const json* old,
                               const schema::write_cause& cause, write_plan& plan);
void release_from_service(const write_environment& environment, const json& service,
                          const schema::write_cause& cause, write_plan& plan);

} // namespace actord::actors
