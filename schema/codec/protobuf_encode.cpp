#include "schema/base/always.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/codec/base64.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/codec/protobuf.hpp"
#include "schema/codec/protobuf_wire.hpp"
#include "schema/tables/type_table.hpp"

#include <bit>

namespace actord::schema {
namespace {

using protobuf::append_bytes;
using protobuf::append_fixed64;
using protobuf::append_number;

std::string wrapped(std::string_view bytes) {
  std::string message;
  append_bytes(message, 1, bytes);
  return message;
}

std::string time_message(const std::string& text) {
  const auto when = parse_time(text);
  ALWAYS_WITH(when.has_value(), text); // decoding has made it canonical
  const auto seconds = std::chrono::floor<std::chrono::seconds>(*when);
  std::string message;
  append_number(message, 1, static_cast<std::uint64_t>(seconds.time_since_epoch().count()));
  append_number(message, 2, static_cast<std::uint64_t>((*when - seconds).count()));
  return message;
}

std::string int_or_string_message(const json& value) {
  std::string message;
  append_number(message, 1, value.is_string() ? 1 : 0);
  if (value.is_string())
    append_bytes(message, 3, value.get_ref<const std::string&>());
  else
    append_number(message, 2, static_cast<std::uint64_t>(value.get<std::int64_t>()));
  return message;
}

std::string structure_message(const object_type& type, const json& object);
void append_value(std::string& out, std::uint32_t number, const value_type& type, const json& value);

std::string schema_choice_message(const value_type& type, const json& value) {
  const bool with_bool = type.kind == value_kind::schema_or_bool;
  std::string message;
  if (value.is_object()) {
    if (with_bool) append_number(message, 1, 1);
    append_bytes(message, with_bool ? 2 : 1, structure_message(*type.structure, value));
  } else if (value.is_boolean()) {
    append_number(message, 1, value.get<bool>() ? 1 : 0);
  } else if (value.is_array()) {
    for (const json& item : value)
      append_bytes(message, 2,
                   item.is_string() ? item.get<std::string>() : structure_message(*type.structure, item));
  }
  return message;
}

void append_list(std::string& out, std::uint32_t number, const value_type& item_type, const json& list) {
  for (const json& item : list) append_value(out, number, item_type, item);
}

void append_value(std::string& out, std::uint32_t number, const value_type& type, const json& value) {
  switch (type.kind) {
  case value_kind::boolean:
    append_number(out, number, value.get<bool>() ? 1 : 0);
    return;
  case value_kind::int32:
  case value_kind::int64:
    append_number(out, number, static_cast<std::uint64_t>(value.get<std::int64_t>()));
    return;
  case value_kind::number:
    append_fixed64(out, number, std::bit_cast<std::uint64_t>(value.get<double>()));
    return;
  case value_kind::string:
    append_bytes(out, number, value.get_ref<const std::string&>());
    return;
  case value_kind::bytes: {
    std::size_t wrong_at = 0;
    const auto raw = decode_base64(value.get_ref<const std::string&>(), wrong_at);
    ALWAYS(raw.has_value()); // decoding has made it canonical
    append_bytes(out, number, *raw);
    return;
  }
  case value_kind::time:
  case value_kind::micro_time:
    append_bytes(out, number,
                 value.is_null() ? std::string() : time_message(value.get_ref<const std::string&>()));
    return;
  case value_kind::quantity:
    append_bytes(out, number, wrapped(value.get_ref<const std::string&>()));
    return;
  case value_kind::int_or_string:
    append_bytes(out, number, int_or_string_message(value));
    return;
  case value_kind::any:
  case value_kind::any_object:
    append_bytes(out, number, wrapped(json_text(value)));
    return;
  case value_kind::structure:
    append_bytes(out, number, structure_message(*type.structure, value));
    return;
  case value_kind::list: {
    std::string message; // as a map's value
    if (value.is_array()) append_list(message, 1, *type.items, value);
    append_bytes(out, number, message);
    return;
  }
  case value_kind::map:
    return;
  default:
    append_bytes(out, number, schema_choice_message(type, value));
    return;
  }
}

void append_field(std::string& out, std::uint32_t number, const value_type& type, const json& value) {
  if (value.is_null()) return;
  if (type.kind == value_kind::list) {
    append_list(out, number, *type.items, value);
  } else if (type.kind == value_kind::map) {
    for (const auto& [key, element] : value.get_ref<const json::object_t&>()) {
      std::string entry;
      append_bytes(entry, 1, key);
      append_value(entry, 2, *type.items, element);
      append_bytes(out, number, entry);
    }
  } else {
    append_value(out, number, type, value);
  }
}

std::string structure_message(const object_type& type, const json& object) {
  std::string message;
  for (const auto& [key, value] : object.get_ref<const json::object_t&>()) {
    const field_type* field = type.field(key);
    if (field == nullptr || field->protobuf[0] == 0) continue;
    // Readers merge an embedded message that comes in several pieces, so each field may bring its own
    // wrapping.
    std::size_t depth = field->protobuf.size();
    while (field->protobuf[depth - 1] == 0) --depth;
    std::string part;
    append_field(part, field->protobuf[depth - 1], field->value, value);
    for (; depth > 1; --depth) {
      std::string outer;
      if (!part.empty()) append_bytes(outer, field->protobuf[depth - 2], part);
      part = std::move(outer);
    }
    message += part;
  }
  return message;
}

} // namespace

std::string encode_protobuf(const object_type& type, const json& object) {
  std::string meta;
  append_bytes(meta, 1, object.value("apiVersion", ""));
  append_bytes(meta, 2, object.value("kind", ""));
  std::string body("k8s\0", 4);
  append_bytes(body, 1, meta);
  append_bytes(body, 2, structure_message(type, object));
  append_bytes(body, 3, "");
  append_bytes(body, 4, "");
  return body;
}

} // namespace actord::schema
