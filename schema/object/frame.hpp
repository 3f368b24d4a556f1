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
/// Further down in it: schema hash, then the place of the resourceVersion and its comma.
inline constexpr std::size_t schema_hash_at = revision_at + 48;
inline constexpr std::size_t version_offset_at = revision_at + 56;
inline constexpr std::size_t version_comma_at = revision_at + 60;
inline constexpr std::size_t fixed_words = 8; ///< all of the above

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

inline std::uint64_t read_u64(std::string_view bytes, std::size_t at) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

/// What copying a text needs to know, read where it lies: opening the envelope costs ten times as much.
struct text_facts {
  std::uint64_t revision = 0;
  std::uint16_t resource = 0;
  std::uint32_t key_id = 0;
  std::uint64_t schema_hash = 0;
  std::uint32_t version_offset = 0;
  std::uint16_t version_comma = 0;
};

/// None when the frame is damaged or the root struct has fewer words (older values): open the envelope then.
inline std::optional<text_facts> text_facts_of(std::string_view bytes) {
  if (!envelope_of(bytes) || bytes.size() < revision_at + 8 * fixed_words) return std::nullopt;
  const bool root_first = read_u32(bytes, revision_at - 8) == 0; // a struct, right behind its pointer
  if (!root_first || read_u16(bytes, revision_at - 4) < fixed_words) return std::nullopt;
  return text_facts{.revision = read_u64(bytes, revision_at),
                    .resource = read_u16(bytes, resource_at),
                    .key_id = read_u32(bytes, key_id_at),
                    .schema_hash = read_u64(bytes, schema_hash_at),
                    .version_offset = read_u32(bytes, version_offset_at),
                    .version_comma = read_u16(bytes, version_comma_at)};
}

/// The frame must have been checked.
inline std::string_view text_of(std::string_view bytes) {
  return bytes.substr(head_bytes + read_u32(bytes, 0));
}

} // namespace actord::schema::frame
