#include "schema/codec/protobuf_wire.hpp"

namespace actord::schema::protobuf {

std::optional<std::uint64_t> message_reader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) return std::nullopt;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> message_reader::fixed(std::size_t size) {
  if (rest_.size() < size) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
  rest_.remove_prefix(size);
  return value;
}

std::optional<wire_field> message_reader::next() {
  const auto tag = varint();
  if (!tag || *tag >> 3U == 0 || *tag >> 3U > 0x1fffffff) return std::nullopt;
  wire_field field{.number = static_cast<std::uint32_t>(*tag >> 3U),
                   .type = static_cast<wire_type>(*tag & 7U),
                   .bytes = {}};
  std::optional<std::uint64_t> value;
  switch (field.type) {
  case wire_type::varint:
    value = varint();
    break;
  case wire_type::fixed64:
    value = fixed(8);
    break;
  case wire_type::fixed32:
    value = fixed(4);
    break;
  case wire_type::bytes: {
    value = varint();
    if (!value || *value > rest_.size()) return std::nullopt;
    field.bytes = rest_.substr(0, *value);
    rest_.remove_prefix(*value);
    return field;
  }
  default:
    return std::nullopt; // groups died long ago
  }
  if (!value) return std::nullopt;
  field.number_value = *value;
  return field;
}

void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>((value & 0x7fU) | 0x80U);
    value >>= 7U;
  }
  out += static_cast<char>(value);
}

void append_number(std::string& out, std::uint32_t field, std::uint64_t value) {
  append_varint(out, field << 3U);
  append_varint(out, value);
}

void append_fixed64(std::string& out, std::uint32_t field, std::uint64_t value) {
  append_varint(out, (field << 3U) | 1U);
  for (int i = 0; i < 8; ++i) out += static_cast<char>((value >> (8 * i)) & 0xffU);
}

void append_bytes(std::string& out, std::uint32_t field, std::string_view bytes) {
  append_varint(out, (field << 3U) | 2U);
  append_varint(out, bytes.size());
  out += bytes;
}

} // namespace actord::schema::protobuf
