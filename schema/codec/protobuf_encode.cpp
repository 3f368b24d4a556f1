#include "schema/base/always.hpp"
#include "schema/base/json.hpp"
#include "schema/base/prefetch.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/codec/base64.hpp"
#include "schema/codec/json_reader.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/codec/protobuf.hpp"
#include "schema/codec/protobuf_wire.hpp"
#include "schema/tables/type_table.hpp"

#include <array>
#include <bit>
#include <charconv>

namespace actord::schema {
namespace {

using protobuf::append_bytes;
using protobuf::append_fixed64;
using protobuf::append_number;
using protobuf::append_varint;
using simdjson::dom::element;
using simdjson::dom::element_type;

std::string_view text_of(const element& value) { return std::string_view(value); }

std::int64_t integer_of(const element& value) {
  switch (value.type()) {
  case element_type::UINT64:
    return static_cast<std::int64_t>(std::uint64_t(value));
  case element_type::DOUBLE:
    return static_cast<std::int64_t>(double(value));
  default:
    return std::int64_t(value);
  }
}

/// A message inside a message, written in place: behind a byte for its length, which grows where one is too
/// few.
template <class Fill>
void append_message(std::string& out, std::uint32_t number, Fill fill) {
  append_varint(out, (number << 3U) | 2U);
  const std::size_t place = out.size();
  out += '\0';
  fill();
  const std::size_t size = out.size() - place - 1;
  if (size < 0x80) {
    out[place] = static_cast<char>(size);
    return;
  }
  std::string length;
  append_varint(length, size);
  out.replace(place, 1, length);
}

void append_wrapped(std::string& out, std::uint32_t number, std::string_view bytes) {
  append_message(out, number, [&] { append_bytes(out, 1, bytes); });
}

void append_time(std::string& out, std::uint32_t number, const element& value) {
  if (value.is_null()) return append_bytes(out, number, {});
  const auto when = parse_time(text_of(value));
  ALWAYS_WITH(when.has_value(), text_of(value)); // decoding has made it canonical
  const auto seconds = std::chrono::floor<std::chrono::seconds>(*when);
  append_message(out, number, [&] {
    append_number(out, 1, static_cast<std::uint64_t>(seconds.time_since_epoch().count()));
    append_number(out, 2, static_cast<std::uint64_t>((*when - seconds).count()));
  });
}

void append_int_or_string(std::string& out, std::uint32_t number, const element& value) {
  append_message(out, number, [&] {
    append_number(out, 1, value.is_string() ? 1 : 0);
    if (value.is_string())
      append_bytes(out, 3, text_of(value));
    else
      append_number(out, 2, static_cast<std::uint64_t>(integer_of(value)));
  });
}

void append_base64(std::string& out, std::uint32_t number, const element& value) {
  std::size_t wrong_at = 0;
  const auto raw = decode_base64(text_of(value), wrong_at);
  ALWAYS(raw.has_value()); // decoding has made it canonical
  append_bytes(out, number, *raw);
}

/// As append_json_text writes the same value; objects and strings, which is what there is much of, without a
/// tree.
void append_element_text(std::string& out, const element& value) {
  if (value.is_string()) return append_json_string(out, text_of(value));
  if (!value.is_object()) return append_json_text(out, copy_tree(value));
  out += '{';
  bool first = true;
  for (const auto& [key, member] : simdjson::dom::object(value)) {
    if (!std::exchange(first, false)) out += ',';
    append_json_string(out, key);
    out += ':';
    append_element_text(out, member);
  }
  out += '}';
}

void append_structure(std::string& out, const object_type& type, const element& object);
void append_value(std::string& out, std::uint32_t number, const value_type& type, const element& value);

void append_nested_structure(std::string& out, std::uint32_t number, const object_type& type,
                             const element& object) {
  append_message(out, number, [&] { append_structure(out, type, object); });
}

void append_schema_choice(std::string& out, const value_type& type, const element& value) {
  const bool with_bool = type.kind == value_kind::schema_or_bool;
  if (value.is_object()) {
    if (with_bool) append_number(out, 1, 1);
    append_nested_structure(out, with_bool ? 2 : 1, *type.structure, value);
  } else if (value.is_bool()) {
    append_number(out, 1, bool(value) ? 1 : 0);
  } else if (value.is_array()) {
    for (const element item : simdjson::dom::array(value)) {
      if (item.is_string())
        append_bytes(out, 2, text_of(item));
      else
        append_nested_structure(out, 2, *type.structure, item);
    }
  }
}

void append_list(std::string& out, std::uint32_t number, const value_type& item_type, const element& list) {
  for (const element item : simdjson::dom::array(list)) append_value(out, number, item_type, item);
}

void append_value(std::string& out, std::uint32_t number, const value_type& type, const element& value) {
  switch (type.kind) {
  case value_kind::boolean:
    return append_number(out, number, bool(value) ? 1 : 0);
  case value_kind::int32:
  case value_kind::int64:
    return append_number(out, number, static_cast<std::uint64_t>(integer_of(value)));
  case value_kind::number:
    return append_fixed64(out, number, std::bit_cast<std::uint64_t>(double(value)));
  case value_kind::string:
    return append_bytes(out, number, text_of(value));
  case value_kind::bytes:
    return append_base64(out, number, value);
  case value_kind::time:
  case value_kind::micro_time:
    return append_time(out, number, value);
  case value_kind::quantity:
    return append_wrapped(out, number, text_of(value));
  case value_kind::int_or_string:
    return append_int_or_string(out, number, value);
  case value_kind::any:
  case value_kind::any_object:
    return append_message(out, number,
                          [&] { append_message(out, 1, [&] { append_element_text(out, value); }); });
  case value_kind::structure:
    return append_nested_structure(out, number, *type.structure, value);
  case value_kind::list: // as a map's value
    return append_message(out, number, [&] {
      if (value.is_array()) append_list(out, 1, *type.items, value);
    });
  case value_kind::map:
    return;
  default:
    return append_message(out, number, [&] { append_schema_choice(out, type, value); });
  }
}

void append_field(std::string& out, std::uint32_t number, const value_type& type, const element& value) {
  if (type.kind == value_kind::list) return append_list(out, number, *type.items, value);
  if (type.kind != value_kind::map) return append_value(out, number, type, value);
  for (const auto& [key, member] : simdjson::dom::object(value))
    append_message(out, number, [&, name = key, entry = member] {
      append_bytes(out, 1, name);
      append_value(out, 2, *type.items, entry);
    });
}

/// The field below as many embedded messages as it has numbers. Readers merge an embedded message that comes
/// in several pieces, so each field may bring its own wrapping; one without content is left out.
void append_wrapped_field(std::string& out, const field_type& field, const element& value,
                          std::size_t depth) {
  const std::uint32_t number = field.protobuf.at(depth);
  if (depth + 1 == field.protobuf.size() || field.protobuf.at(depth + 1) == 0)
    return append_field(out, number, field.value, value);
  const std::size_t before = out.size();
  bool empty = true;
  append_message(out, number, [&] {
    const std::size_t inside = out.size();
    append_wrapped_field(out, field, value, depth + 1);
    empty = out.size() == inside;
  });
  if (empty) out.resize(before);
}

void append_structure(std::string& out, const object_type& type, const element& object) {
  for (const auto& [key, value] : simdjson::dom::object(object)) {
    const field_type* field = type.field(key);
    if (field == nullptr || field->protobuf[0] == 0 || value.is_null()) continue;
    append_wrapped_field(out, *field, value, 0);
  }
}

std::string_view word_in(const element& object, std::string_view key) {
  std::string_view word;
  if (object.at_key(key).get(word) != simdjson::SUCCESS) return {};
  return word;
}

element parsed(std::string_view text) {
  thread_local simdjson::dom::parser parser;
  const auto root = read_json(parser, text);
  ALWAYS_WITH(root.has_value() && root->is_object(), text);
  return *root;
}

std::string in_envelope(std::string_view api_version, std::string_view kind, const auto& append_raw) {
  std::string body(protobuf_mark);
  append_message(body, 1, [&] {
    append_bytes(body, 1, api_version);
    append_bytes(body, 2, kind);
  });
  append_raw(body);
  append_bytes(body, 3, {});
  append_bytes(body, 4, {});
  return body;
}

} // namespace

std::string encode_protobuf(const object_type& type, const json& object) {
  return encode_protobuf_text(type, json_text(object));
}

std::string encode_protobuf_text(const object_type& type, std::string_view text) {
  const element object = parsed(text);
  return in_envelope(word_in(object, "apiVersion"), word_in(object, "kind"),
                     [&](std::string& body) { append_nested_structure(body, 2, type, object); });
}

std::string protobuf_message(const object_type& type, std::string_view text) {
  std::string message;
  message.reserve(text.size());
  append_structure(message, type, parsed(text));
  return message;
}

std::string protobuf_envelope(std::string_view api_version, std::string_view kind, std::string_view message) {
  return in_envelope(api_version, kind, [&](std::string& body) {
    body.reserve(body.size() + message.size() + 16);
    append_bytes(body, 2, message);
  });
}

void protobuf_list(std::string_view api_version, std::string_view kind, const list_head& head,
                   std::span<const shared_bytes> items, std::size_t full_bytes,
                   const std::function<void(std::string piece)>& take) {
  std::string meta;
  append_bytes(meta, 2, head.resource_version);
  if (!head.continue_token.empty()) append_bytes(meta, 3, head.continue_token);
  if (head.remaining && *head.remaining > 0)
    append_number(meta, 4, static_cast<std::uint64_t>(*head.remaining));
  std::string front;
  append_bytes(front, 1, meta);
  constexpr std::uint32_t items_tag = (2U << 3U) | 2U;
  constexpr std::size_t around_bytes = 64; // kinds, tags and lengths
  std::size_t size = front.size();
  for (const shared_bytes& item : items) {
    std::size_t left = item->size();
    for (size += 2 + left; left >= 0x80; left >>= 7U) ++size;
  }
  // Written once: of thousands of items every further copy counts.
  std::size_t left = size + api_version.size() + kind.size() + around_bytes;
  std::string body(protobuf_mark);
  const auto reserve = [&] {
    body.reserve(full_bytes == 0 ? left : std::min(left, full_bytes + full_bytes / 8));
  };
  reserve();
  append_message(body, 1, [&] {
    append_bytes(body, 1, api_version);
    append_bytes(body, 2, kind);
  });
  append_varint(body, items_tag);
  append_varint(body, size);
  body += front;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i + objects_prefetched < items.size()) prefetch(*items[i + objects_prefetched]);
    append_bytes(body, 2, *items[i]);
    if (full_bytes == 0 || body.size() < full_bytes) continue;
    left -= std::min(left, body.size());
    take(std::exchange(body, {}));
    reserve();
  }
  append_bytes(body, 3, {});
  append_bytes(body, 4, {});
  take(std::move(body));
}

} // namespace actord::schema
