#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Messages of the *.channel.k8s.io subprotocols: the first byte of each WebSocket message names a channel,
/// as a number or, in the base64 forms, as a digit before encoded text.

namespace actord::net {

enum class stream_channel : std::uint8_t { input = 0, output = 1, error_output = 2, status = 3, resize = 4 };

/// What one of those subprotocols can do.
struct channel_protocol {
  bool base64 = false;
  bool status_is_object = false; ///< v4 on: how it went is a Status; before, only a failure's text
  bool closes_channels = false;  ///< v5: a client can end its input
};

/// Nothing for a name that is not such a protocol. An empty name is what clients without any speak: the
/// oldest, in binary.
std::optional<channel_protocol> channel_protocol_of(std::string_view name);

struct channel_message {
  stream_channel channel = stream_channel::input;
  bool closes = false; ///< v5: nothing more comes on `channel`
  std::string payload;
};

/// Nothing for a message without a channel, of an unknown channel, or with broken base64.
std::optional<channel_message> read_channel_message(const channel_protocol& protocol,
                                                    std::string_view message);
/// The byte in front of a message for the channel.
char channel_prefix(const channel_protocol& protocol, stream_channel channel);

std::string base64_text(std::string_view bytes);
/// Nothing for what is not base64, padded or not.
std::optional<std::string> base64_bytes(std::string_view text);

/// What a client sends on the resize channel: `{"Width":80,"Height":24}`. Nothing for what has no such sense.
struct terminal_size {
  std::uint16_t columns = 0;
  std::uint16_t rows = 0;
  bool operator==(const terminal_size&) const = default;
};
std::optional<terminal_size> read_terminal_size(std::string_view text);

} // namespace actord::net
