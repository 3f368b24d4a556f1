#pragma once

#include <string_view>

namespace actord::schema {

struct resource_type;

/// The warning that every answer about a kind on its way out carries; empty for all others.
std::string_view deprecation_of(const resource_type& type);

} // namespace actord::schema
