#pragma once

#include "schema/patch/field_set.hpp"

#include <string_view>

namespace actord::schema {

struct resource_type;

/// The fields that a write of this (sub)resource cannot change, because the server resets them to what they
/// were. Nobody comes to own a field by such a write. The set lives as long as the process.
const field_set& untouchable_fields(const resource_type& type, std::string_view subresource);

} // namespace actord::schema
