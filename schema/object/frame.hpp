#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

/// The frame around envelope and text, as schema/storage.capnp describes it.

namespace actord::schema::frame {

inline constexpr std::uint32_t mark = 0x314f4341; // "ACO1"
inline constexpr std::size_t head_bytes = 8;
/// Where in a value the revision lies: behind the head, the segment table and the root pointer it is the
/// first word of the root struct, since the root is allocated first and `revision` is its first field.
inline constexpr std::size_t revision_at = head_bytes + 8 + 8;
/// The second word of the root struct: resource, finalizer count, key id.
inline constexpr std::size_t resource_at = revision_at + 8;
inline constexpr std::size_t key_id_at = revision_at + 12;

inline std::uint32_t read_u32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

inline std::uint16_t read_u16(std::string_view bytes, std::size_t at) {
  std::uint16_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

inline void write_u32(std::string& bytes, std::size_t at, std::uint32_t value) {
  std::memcpy(bytes.data() + at, &value, sizeof(value));
}

inline std::optional<std::string_view> envelope_of(std::string_view bytes) {
  if (bytes.size() < revision_at + 8 || read_u32(bytes, 4) != mark) return std::nullopt;
  const std::size_t size = read_u32(bytes, 0);
  if (size % 8 != 0 || size < 32 || size > bytes.size() - head_bytes) return std::nullopt;
  return bytes.substr(head_bytes, size);
}

/// The frame must have been checked.
inline std::string_view text_of(std::string_view bytes) {
  return bytes.substr(head_bytes + read_u32(bytes, 0));
}

} // namespace actord::schema::frame
