#pragma once

#include "schema/base/bytes.hpp"
#include "schema/codec/decode.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// The protobuf form of objects, which client-go's typed clients send: four bytes of mark ("k8s" and a zero),
/// then a runtime.Unknown that holds kind, apiVersion and the object's message. Field numbers come from the
/// type table.

namespace actord::schema {

/// Reads a protobuf body. Errors are bad_request. Unknown fields are skipped, as protobuf readers do.
result<decoded> decode_protobuf(const body_kind& expected, std::string_view body,
                                field_validation validation);

inline constexpr std::string_view protobuf_mark("k8s\0", 4);

/// Writes a normal object (an outcome of decode_object or decode_tree) as a protobuf body. Its kind and
/// apiVersion are taken from it.
std::string encode_protobuf(const object_type& type, const json& object);
/// The same of its canonical text, with kind and apiVersion. No tree is made.
std::string encode_protobuf_text(const object_type& type, std::string_view text);

/// An object's message alone, of its canonical text with or without kind and apiVersion.
std::string protobuf_message(const object_type& type, std::string_view text);
/// The body of a message.
std::string protobuf_envelope(std::string_view api_version, std::string_view kind, std::string_view message);

/// What a list says before its items.
struct list_head {
  std::string_view resource_version;
  std::string_view continue_token;       ///< empty: this is the end
  std::optional<std::int64_t> remaining; ///< behind this page
};
/// The body of a list of messages, handed to `take` in pieces that are full from `full_bytes` on, or in one
/// when that is 0; `kind` is the list's.
void protobuf_list(std::string_view api_version, std::string_view kind, const list_head& head,
                   std::span<const shared_bytes> items, std::size_t full_bytes,
                   const std::function<void(std::string piece)>& take);

} // namespace actord::schema
