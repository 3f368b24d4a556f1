#pragma once

#include "schema/codec/decode.hpp"

/// The protobuf form of objects, which client-go's typed clients send: four bytes of mark ("k8s" and a zero),
/// then a runtime.Unknown that holds kind, apiVersion and the object's message. Field numbers come from the
/// type table.

namespace actord::schema {

/// Reads a protobuf body. Errors are bad_request. Unknown fields are skipped, as protobuf readers do.
result<decoded> decode_protobuf(const body_kind& expected, std::string_view body,
                                field_validation validation);

/// Writes a normal object (an outcome of decode_object or decode_tree) as a protobuf body. Its kind and
/// apiVersion are taken from it.
std::string encode_protobuf(const object_type& type, const json& object);

} // namespace actord::schema
