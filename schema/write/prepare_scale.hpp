#pragma once

#include "schema/write/versioned_context.hpp"

/// Writes through the scale subresource: the body is a Scale, what is stored is the object it scales.
/// Internal to schema/write.

namespace actord::schema {

/// The outcome's object is the scaled object; `scale_of` shows it as the answer.
result<prepared_write> prepare_scale_update(const versioned_context& context, body_format format,
                                            std::string_view body, const json& current);
result<prepared_write> prepare_scale_patch(const versioned_context& context, patch_format format,
                                           std::string_view body, const json& current);

} // namespace actord::schema
