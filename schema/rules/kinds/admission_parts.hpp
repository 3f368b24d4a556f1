#pragma once

#include "schema/rules/checks/field.hpp"
#include "schema/rules/kind_rules.hpp"

/// How servers outside are called, for all kinds that name one.

namespace actord::schema::rules {

/// A URL or a service.
void check_webhook_client(const field& client, field_errors& errors);
void check_webhook_url(const field& url, field_errors& errors);

} // namespace actord::schema::rules
