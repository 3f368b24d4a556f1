#pragma once

#include "schema/rules/checks/field.hpp"
#include "schema/rules/kind_rules.hpp"

/// Checks that network kinds share.

namespace actord::schema::rules {

/// An address traffic may be sent to: neither loopback nor link-local.
void check_endpoint_ip(const field& address, field_errors& errors);

} // namespace actord::schema::rules
