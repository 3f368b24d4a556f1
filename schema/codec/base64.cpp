#include "schema/codec/base64.hpp"

#include <array>
#include <cstdint>

namespace actord::schema {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> values = [] {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  return table;
}();

bool is_line_break(char c) { return c == '\n' || c == '\r'; }

} // namespace

std::string encode_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    std::uint32_t block = static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << 16U;
    if (left > 1) block |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i + 1])) << 8U;
    if (left > 2) block |= static_cast<unsigned char>(bytes[i + 2]);
    text += alphabet[block >> 18U];
    text += alphabet[(block >> 12U) & 0x3fU];
    text += left > 1 ? alphabet[(block >> 6U) & 0x3fU] : '=';
    text += left > 2 ? alphabet[block & 0x3fU] : '=';
  }
  return text;
}

std::optional<std::string> decode_base64(std::string_view text, std::size_t& wrong_at) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::size_t at = 0;
  const auto skip_line_breaks = [&] {
    while (at < text.size() && is_line_break(text[at])) ++at;
  };
  const auto wrong = [&](std::size_t where) {
    wrong_at = where;
    return std::nullopt;
  };
  while (true) {
    std::uint32_t block = 0;
    std::size_t count = 0;
    while (count < 4) {
      skip_line_breaks();
      if (at == text.size()) {
        if (count == 0) return bytes;
        return wrong(at - count);
      }
      const char c = text[at++];
      const std::int8_t value = values[static_cast<unsigned char>(c)];
      if (value >= 0) {
        block = (block << 6U) | static_cast<std::uint32_t>(value);
        ++count;
        continue;
      }
      if (c != '=' || count < 2) return wrong(at - 1);
      if (count == 2) {
        skip_line_breaks();
        if (at == text.size()) return wrong(at);
        if (text[at] != '=') return wrong(at - 1);
        ++at;
      }
      skip_line_breaks();
      if (at < text.size()) return wrong(at);
      block <<= 6U * (4 - count);
      bytes += static_cast<char>(block >> 16U);
      if (count == 3) bytes += static_cast<char>((block >> 8U) & 0xffU);
      return bytes;
    }
    bytes += static_cast<char>(block >> 16U);
    bytes += static_cast<char>((block >> 8U) & 0xffU);
    bytes += static_cast<char>(block & 0xffU);
  }
}

} // namespace actord::schema
