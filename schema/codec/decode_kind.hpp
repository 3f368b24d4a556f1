#pragma once

#include "schema/codec/decode.hpp"
#include "schema/codec/json_reader.hpp"

#include <string>

/// Which kind a body says it is, and whether that will do. Only for sources of schema/codec.

namespace actord::schema {

class decode_errors;

struct named_kind {
  std::string group;
  std::string version;
  std::string kind;
};

/// The error's message is Go's.
result<named_kind> read_named_kind(const simdjson::dom::element& root);
named_kind named_kind_of(std::string_view api_version, std::string_view kind);
/// What the body leaves out is as expected.
named_kind fill_in(named_kind named, const body_kind& expected);
/// The error is the reason for "cannot be handled as a ...: <reason>"; one with a cause is the whole message
/// of the answer and only counts when the body itself is fine.
result<void> check_kind(const named_kind& actual, const body_kind& expected);
/// Writes kind and apiVersion of `expected` into the object.
void set_kind(const body_kind& expected, json& object);

/// The outcome of a decoder that has read everything. The error's message is only the reason.
result<decoded> finish_decoding(json object, decode_errors& errors, field_validation validation);

} // namespace actord::schema
