#pragma once

#include "actors/objects/write_plan.hpp"
#include "schema/tables/resource_table.hpp"

/// What a custom resource definition means to writes: of itself, and of the objects it describes.

namespace actord::actors {

bool is_definition(const schema::resource_type& type);

/// Holds while the definition of a custom kind exists and is not going away; its refusal is the answer for
/// the client that wants to create an object of it.
storage::object_change definition_guard(const schema::resource_handle& type);

/// A definition that is written has a number in the store from then on.
void claim_for_definition(const std::string& definition, const schema::write_cause& cause, write_plan& plan);
/// A definition that ends gives its number back if nothing is stored under it, and nothing can come any more.
void release_from_definition(const write_environment& environment, const std::string& definition,
                             const schema::write_cause& cause, write_plan& plan);

} // namespace actord::actors
