#include "schema/base/timestamp.hpp"
#include "schema/codec/base64.hpp"
#include "schema/codec/decode_errors.hpp"
#include "schema/codec/decode_kind.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/codec/protobuf.hpp"
#include "schema/codec/protobuf_wire.hpp"
#include "schema/tables/type_table.hpp"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

namespace actord::schema {
namespace {

using protobuf::message_reader;
using protobuf::wire_field;
using protobuf::wire_type;

/// Caught in decode_protobuf: nested readers have nothing to add to it.
struct malformed {
  std::string reason;
};

std::string_view bytes_of(const wire_field& field) {
  if (field.type != wire_type::bytes)
    throw malformed{fmt::format("field {} has the wrong wire type", field.number)};
  return field.bytes;
}

wire_field next_field(message_reader& in) {
  const auto field = in.next();
  if (!field) throw malformed{"unexpected EOF"};
  return *field;
}

json json_of(std::string_view raw) {
  if (raw.empty()) return nullptr;
  auto parsed = parse_json(raw);
  if (!parsed) throw malformed{parsed.error().message};
  return std::move(parsed).value();
}

/// The bytes field of a message that wraps one value (Quantity, RawExtension, FieldsV1, JSON).
std::string_view only_bytes(std::string_view message) {
  std::string_view bytes;
  for (message_reader in(message); !in.at_end();) {
    const wire_field field = next_field(in);
    if (field.number == 1) bytes = bytes_of(field);
  }
  return bytes;
}

json time_from(std::string_view message, bool micro) {
  if (message.empty()) return nullptr; // Go's zero time
  std::int64_t seconds = 0;
  std::int64_t nanos = 0;
  for (message_reader in(message); !in.at_end();) {
    const wire_field field = next_field(in);
    if (field.number == 1) seconds = static_cast<std::int64_t>(field.number_value);
    if (field.number == 2) nanos = static_cast<std::int32_t>(field.number_value);
  }
  constexpr std::int64_t seconds_max = 9'200'000'000; // the year 2261, the end of 64 bits of nanoseconds
  if (seconds < -seconds_max || seconds > seconds_max) throw malformed{"a time is out of range"};
  const wall_time when{std::chrono::seconds(seconds) + std::chrono::nanoseconds(micro ? nanos : 0)};
  return micro ? format_micro_time(when) : format_time(when);
}

json int_or_string_from(std::string_view message) {
  std::int64_t type = 0;
  std::int32_t number = 0;
  std::string text;
  for (message_reader in(message); !in.at_end();) {
    const wire_field field = next_field(in);
    if (field.number == 1) type = static_cast<std::int64_t>(field.number_value);
    if (field.number == 2) number = static_cast<std::int32_t>(field.number_value);
    if (field.number == 3) text = bytes_of(field);
  }
  if (type == 0) return number;
  return text;
}

class message_decoder {
public:
  json structure(const object_type& type, std::string_view message) {
    json object = json::object();
    read_message(type, message, 0, {}, object);
    return object;
  }

private:
  using path = std::array<std::uint16_t, 3>;

  /// Reads a message whose fields lie `depth` embedded messages below the type's own, at `outer`.
  void read_message(const object_type& type, std::string_view message, std::size_t depth, path outer,
                    json& object) {
    if (++nesting_ > json_depth_max) throw malformed{"exceeded max depth"};
    for (message_reader in(message); !in.at_end();) {
      const wire_field field = next_field(in);
      path full = outer;
      full[depth] = static_cast<std::uint16_t>(field.number);
      if (field.number > 0xffff) continue;
      for (const field_type& row : type.fields) {
        if (!std::equal(full.begin(), full.begin() + static_cast<std::ptrdiff_t>(depth) + 1,
                        row.protobuf.begin()))
          continue;
        if (depth + 1 < full.size() && row.protobuf[depth + 1] != 0)
          read_message(type, bytes_of(field), depth + 1, full, object);
        else
          read_field(row, field, object);
        break;
      }
    }
    --nesting_;
  }

  void read_field(const field_type& row, const wire_field& field, json& object) {
    json& slot = object[row.name];
    if (row.value.kind == value_kind::list) {
      if (!slot.is_array()) slot = json::array();
      read_items(*row.value.items, field, slot);
    } else if (row.value.kind == value_kind::map) {
      if (!slot.is_object()) slot = json::object();
      read_entry(*row.value.items, bytes_of(field), slot);
    } else if (row.value.kind == value_kind::structure && slot.is_object()) {
      read_message(*row.value.structure, bytes_of(field), 0, {}, slot);
    } else {
      slot = read_value(row.value, field);
    }
  }

  void read_items(const value_type& type, const wire_field& field, json& list) {
    const bool is_packed =
        field.type == wire_type::bytes && (type.kind == value_kind::boolean ||
                                           type.kind == value_kind::int32 || type.kind == value_kind::int64);
    if (!is_packed) {
      list.push_back(read_value(type, field));
      return;
    }
    for (message_reader in(field.bytes); !in.at_end();) {
      const auto number = in.varint();
      if (!number) throw malformed{"unexpected EOF"};
      list.push_back(read_value(
          type, {.number = field.number, .type = wire_type::varint, .number_value = *number, .bytes = {}}));
    }
  }

  void read_entry(const value_type& type, std::string_view entry, json& map) {
    std::string key;
    json value;
    for (message_reader in(entry); !in.at_end();) {
      const wire_field field = next_field(in);
      if (field.number == 1) key = bytes_of(field);
      if (field.number == 2) value = read_value(type, field);
    }
    map[key] = std::move(value);
  }

  json read_value(const value_type& type, const wire_field& field) {
    switch (type.kind) {
    case value_kind::boolean:
      return number_of(field) != 0;
    case value_kind::int32:
      return static_cast<std::int32_t>(number_of(field));
    case value_kind::int64:
      return static_cast<std::int64_t>(number_of(field));
    case value_kind::number:
      return std::bit_cast<double>(number_of(field));
    case value_kind::string:
      return bytes_of(field);
    case value_kind::bytes:
      return encode_base64(bytes_of(field));
    case value_kind::time:
      return time_from(bytes_of(field), false);
    case value_kind::micro_time:
      return time_from(bytes_of(field), true);
    case value_kind::quantity: {
      const std::string_view text = only_bytes(bytes_of(field));
      return text.empty() ? std::string_view("0") : text;
    }
    case value_kind::int_or_string:
      return int_or_string_from(bytes_of(field));
    case value_kind::any:
    case value_kind::any_object:
      return json_of(only_bytes(bytes_of(field)));
    case value_kind::structure:
      return structure(*type.structure, bytes_of(field));
    case value_kind::list:
      return read_wrapped_list(*type.items, bytes_of(field));
    case value_kind::map:
      throw malformed{"a map inside a map"};
    default:
      return read_schema_choice(type, bytes_of(field));
    }
  }

  static std::uint64_t number_of(const wire_field& field) {
    if (field.type == wire_type::bytes)
      throw malformed{fmt::format("field {} has the wrong wire type", field.number)};
    return field.number_value;
  }

  /// A list as a map's value is a message of its own with the items in field 1.
  json read_wrapped_list(const value_type& item, std::string_view message) {
    json list = json::array();
    for (message_reader in(message); !in.at_end();) {
      const wire_field field = next_field(in);
      if (field.number == 1) read_items(item, field, list);
    }
    return list;
  }

  json read_schema_choice(const value_type& type, std::string_view message) {
    const std::uint32_t schema_number = type.kind == value_kind::schema_or_bool ? 2 : 1;
    json choice = type.kind == value_kind::schema_or_bool ? json(false) : json(nullptr);
    for (message_reader in(message); !in.at_end();) {
      const wire_field field = next_field(in);
      if (field.number == schema_number) {
        choice = structure(*type.structure, bytes_of(field));
      } else if (type.kind == value_kind::schema_or_bool) {
        if (!choice.is_object()) choice = number_of(field) != 0;
      } else {
        if (!choice.is_array()) choice = json::array();
        if (type.kind == value_kind::schema_or_array)
          choice.push_back(structure(*type.structure, bytes_of(field)));
        else
          choice.push_back(bytes_of(field));
      }
    }
    return choice;
  }

  int nesting_ = 0;
};

struct unknown_envelope {
  std::string_view api_version;
  std::string_view kind;
  std::string_view raw;
};

unknown_envelope read_envelope(std::string_view message) {
  unknown_envelope envelope;
  for (message_reader in(message); !in.at_end();) {
    const wire_field field = next_field(in);
    if (field.number == 2) envelope.raw = bytes_of(field);
    if (field.number != 1) continue;
    for (message_reader meta(bytes_of(field)); !meta.at_end();) {
      const wire_field part = next_field(meta);
      if (part.number == 1) envelope.api_version = bytes_of(part);
      if (part.number == 2) envelope.kind = bytes_of(part);
    }
  }
  return envelope;
}

bool is_valid_utf8(const json& tree) {
  const std::string text = json_text(tree);
  return simdjson::validate_utf8(text.data(), text.size());
}

error bad_request(std::string message) {
  return {.kind = error_kind::bad_request, .message = std::move(message)};
}

} // namespace

result<decoded> decode_protobuf(const body_kind& expected, std::string_view body,
                                field_validation validation) {
  const auto unrecognized = [&](std::string_view why) {
    return bad_request(
        fmt::format("the object provided is unrecognized (must be of type {}): {}", expected.kind, why));
  };
  if (!body.starts_with(protobuf_mark))
    return unrecognized(
        "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  try {
    const unknown_envelope envelope = read_envelope(body.substr(protobuf_mark.size()));
    const named_kind actual = fill_in(named_kind_of(envelope.api_version, envelope.kind), expected);
    const auto prefixed = [&](std::string_view why) {
      return bad_request(fmt::format("{} in version \"{}\" cannot be handled as a {}: {}", actual.kind,
                                     actual.version, expected.kind, why));
    };
    if (const auto accepted = check_kind(actual, expected); !accepted)
      return accepted.error().causes.empty() ? prefixed(accepted.error().message)
                                             : bad_request(accepted.error().message);
    const json tree = message_decoder().structure(*expected.type, envelope.raw);
    if (!is_valid_utf8(tree)) return prefixed("string field contains invalid UTF-8");
    auto done = decode_tree(*expected.type, tree, validation);
    if (!done) return prefixed(done.error().message);
    set_kind(expected, done->object);
    return done;
  } catch (const malformed& problem) {
    return unrecognized("proto: " + problem.reason);
  }
}

} // namespace actord::schema
