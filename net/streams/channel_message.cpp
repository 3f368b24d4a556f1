#include "net/streams/channel_message.hpp"

#include "schema/base/json.hpp"

#include <algorithm>

namespace actord::net {
namespace {

constexpr unsigned char close_mark = 255;
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::optional<stream_channel> channel_of(unsigned number) {
  if (number > static_cast<unsigned>(stream_channel::resize)) return std::nullopt;
  return static_cast<stream_channel>(number);
}

} // namespace

std::optional<channel_protocol> channel_protocol_of(std::string_view name) {
  if (name.empty() || name == "channel.k8s.io") return channel_protocol{};
  if (name == "base64.channel.k8s.io") return channel_protocol{.base64 = true};
  if (name == "v4.channel.k8s.io") return channel_protocol{.status_is_object = true};
  if (name == "v4.base64.channel.k8s.io") return channel_protocol{.base64 = true, .status_is_object = true};
  if (name == "v5.channel.k8s.io") return channel_protocol{.status_is_object = true, .closes_channels = true};
  return std::nullopt;
}

std::optional<channel_message> read_channel_message(const channel_protocol& protocol,
                                                    std::string_view message) {
  if (message.empty()) return std::nullopt;
  const auto first = static_cast<unsigned char>(message.front());
  message.remove_prefix(1);
  if (protocol.closes_channels && first == close_mark) {
    const auto closed =
        message.size() == 1 ? channel_of(static_cast<unsigned char>(message.front())) : std::nullopt;
    if (!closed) return std::nullopt;
    return channel_message{.channel = *closed, .closes = true, .payload = {}};
  }
  const auto channel = channel_of(protocol.base64 ? first - unsigned{'0'} : first);
  if (!channel) return std::nullopt;
  if (!protocol.base64)
    return channel_message{.channel = *channel, .closes = false, .payload = std::string(message)};
  auto decoded = base64_bytes(message);
  if (!decoded) return std::nullopt;
  return channel_message{.channel = *channel, .closes = false, .payload = std::move(*decoded)};
}

char channel_prefix(const channel_protocol& protocol, stream_channel channel) {
  const int number = static_cast<int>(channel);
  return static_cast<char>(protocol.base64 ? '0' + number : number);
}

std::string base64_text(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (i < have ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) text += i <= have ? alphabet[group >> (18 - 6 * i) & 63] : '=';
  }
  return text;
}

std::optional<std::string> base64_bytes(std::string_view text) {
  for (int padding = 0; padding < 2 && !text.empty() && text.back() == '='; ++padding) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (const char letter : text) {
    const std::size_t value = alphabet.find(letter);
    if (value == std::string_view::npos) return std::nullopt;
    group = (group << 6 | static_cast<std::uint32_t>(value)) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 0xff);
  }
  return bytes;
}

std::optional<terminal_size> read_terminal_size(std::string_view text) {
  const json size = json::parse(text, nullptr, false);
  if (!size.is_object()) return std::nullopt;
  const auto number = [&](const char* name) -> std::uint16_t {
    const auto found = size.find(name);
    if (found == size.end() || !found->is_number_integer()) return 0;
    const auto value = found->get<std::int64_t>();
    return value > 0 && value <= UINT16_MAX ? static_cast<std::uint16_t>(value) : std::uint16_t{0};
  };
  const terminal_size read{.columns = number("Width"), .rows = number("Height")};
  if (read.columns == 0 || read.rows == 0) return std::nullopt;
  return read;
}

} // namespace actord::net
