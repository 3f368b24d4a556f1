#pragma once

#include "schema/write/prepare.hpp"

namespace actord::schema {

class object_versions;

/// A write of a kind whose fields have other names in other versions, for the same steps as any other write
/// (schema/write/prepare.hpp).
struct versioned_context : write_context {
  object_versions* versions = nullptr; ///< null: fields have the same names in all versions
};

result<prepared_write> prepare_create(const versioned_context& context, body_format format,
                                      std::string_view body);
result<prepared_write> prepare_update(const versioned_context& context, body_format format,
                                      std::string_view body, const json& current);
result<prepared_write> prepare_patch(const versioned_context& context, patch_format format,
                                     std::string_view body, const json* current);

} // namespace actord::schema
