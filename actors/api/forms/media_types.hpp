#pragma once

#include "schema/base/result.hpp"
#include "schema/write/prepare.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Which form a request has and which form its answer takes.

namespace actord::actors {

enum class wire_format : std::uint8_t { json, yaml, protobuf };
/// What of an object is shown: itself, its Table rows, its metadata, or (discovery) the aggregated document.
enum class object_form : std::uint8_t { whole, table, metadata, aggregated_discovery };

struct answer_form {
  wire_format format = wire_format::json;
  object_form form = object_form::whole;

  bool operator==(const answer_form&) const = default;
};

/// `has_protobuf` is false for kinds that have no protobuf form: then whole objects are not offered in it.
result<answer_form> negotiate(std::string_view accept, bool has_protobuf = true);

std::string_view content_type_of(wire_format format);

/// The format of a create's or update's body; an absent Content-Type is JSON.
result<schema::body_format> body_format_of(std::string_view content_type);
result<schema::patch_format> patch_format_of(std::string_view content_type);

} // namespace actord::actors
