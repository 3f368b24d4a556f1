#pragma once

#include "schema/base/json.hpp"
#include "schema/codec/decode.hpp"
#include "schema/write/prepare.hpp"

#include <string>
#include <string_view>
#include <vector>

/// From the body of a PATCH request to the object it makes. Internal to schema/write.

namespace actord::schema {

struct patched_object {
  json object; ///< decoded, not defaulted
  std::vector<std::string> warnings;
  /// The patch itself speaks about metadata.resourceVersion: it is a precondition then.
  bool names_revision = false;
};

/// `current` with a JSON, merge or strategic merge patch applied.
///   bad_request             the patch cannot be read
///   invalid                 it does not apply, or what it makes is no object of the kind
///   too_large               too many operations
///   unsupported_media_type  strategic merge of a custom resource
result<patched_object> patch_object(const body_kind& kind, patch_format format, std::string_view body,
                                    const json& current, field_validation validation);

/// The configuration of an apply request, YAML or JSON, as it was sent. Members that are there twice are
/// refused with validation `strict` and added to `warnings` with `warn`; the last one counts.
result<json> read_configuration(std::string_view body, field_validation validation,
                                std::vector<std::string>& warnings);

} // namespace actord::schema
