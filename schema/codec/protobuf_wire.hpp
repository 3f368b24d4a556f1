#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The wire format of protobuf messages: what a field looks like, not what it means.

namespace actord::schema::protobuf {

enum class wire_type : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

struct wire_field {
  std::uint32_t number = 0;
  wire_type type = wire_type::varint;
  std::uint64_t number_value = 0; ///< of varint and fixed fields
  std::string_view bytes;         ///< of length-delimited fields
};

/// Reads the fields of a message one by one.
class message_reader {
public:
  explicit message_reader(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  /// Nothing when the bytes are no message.
  std::optional<wire_field> next();
  std::optional<std::uint64_t> varint();

private:
  std::optional<std::uint64_t> fixed(std::size_t size);

  std::string_view rest_;
};

void append_varint(std::string& out, std::uint64_t value);
void append_number(std::string& out, std::uint32_t field, std::uint64_t value);
void append_fixed64(std::string& out, std::uint32_t field, std::uint64_t value);
void append_bytes(std::string& out, std::uint32_t field, std::string_view bytes);

} // namespace actord::schema::protobuf
