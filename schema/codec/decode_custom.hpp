#pragma once

#include "schema/codec/decode.hpp"
#include "schema/codec/decode_kind.hpp"

/// Objects of custom kinds, which no compiled type describes. Only for sources of schema/codec.

namespace actord::schema {

/// A parsed body of an accepted kind. `text` is the JSON it was parsed from. The error's message is only the
/// reason.
result<decoded> decode_custom(const body_kind& expected, json tree, std::string_view text,
                              field_validation validation);

/// Custom objects must say what they are: the body's own words are judged, nothing is filled in.
result<void> check_custom_kind(const named_kind& sent, const body_kind& expected, std::string_view text);

} // namespace actord::schema
