#pragma once

#include "schema/base/json.hpp"
#include "schema/patch/field_manager.hpp"
#include "schema/write/versioned_context.hpp"

#include <string>
#include <vector>

/// The second half of preparing a write, which all ways of writing share: from the object that shall be,
/// decoded and defaulted, to what is stored. Internal to schema/write.

namespace actord::schema {

/// Whether the writer's ownership is still to be computed, or was by an apply.
enum class ownership_state : std::uint8_t { to_track, tracked };

result<prepared_write> finish_create(const versioned_context& context, json object,
                                     std::vector<std::string> warnings, ownership_state owned);

result<prepared_write> finish_update(const versioned_context& context, json object, const json& current,
                                     std::vector<std::string> warnings, ownership_state owned);

/// The writer of this request, for field ownership.
field_writer writer_of(const versioned_context& context);

} // namespace actord::schema
