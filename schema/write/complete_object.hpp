#pragma once

#include "schema/base/json_fwd.hpp"

namespace actord::schema {

struct object_type;

/// Gives an object that rules and admission have changed the form a decoded one has: members that are always
/// shown are there, and empty lists among them are null.
void complete_object(const object_type& type, json& object);

} // namespace actord::schema
