#pragma once

#include "net/http/websocket.hpp"

#include <array>
#include <optional>

/// RFC 6455's framing, without a connection.

namespace actord::net {

/// What the client's bytes came to.
struct frame_event {
  enum class type : std::uint8_t {
    message, ///< complete, `payload` is valid until the next call
    ping,    ///< to be answered with `payload`
    pong,
    close, ///< the client's `code` (1005 when it gave none)
    fault, ///< ours to close with `code`; nothing can be read after it
  };
  type what = type::message;
  message_kind kind = message_kind::binary;
  std::uint16_t code = 0;
  std::string_view payload;
};

/// Takes a client's frames apart and puts fragmented messages together. Holds at most one message of the
/// limit and one control frame. Between frames of a message control frames may come.
///
///   header (2 to 14 bytes) ──▶ payload (unmasked on the way) ──▶ header ...
class frame_reader {
public:
  explicit frame_reader(std::size_t message_limit_bytes) : limit_bytes_(message_limit_bytes) {}

  /// Uses up the front of `input` until something is complete; none when all of it was used before.
  std::optional<frame_event> next(std::string_view& input);

private:
  enum class step { header, payload, ended };

  std::optional<frame_event> read_header(std::string_view& input);
  std::optional<frame_event> check_header();
  std::optional<frame_event> finish_frame();
  frame_event finish_close();
  frame_event finish_message();
  frame_event fault(std::uint16_t code);
  [[nodiscard]] bool is_control() const { return (opcode_ & 0x8U) != 0; }
  [[nodiscard]] std::size_t header_size() const;

  const std::size_t limit_bytes_;
  step step_ = step::header;
  std::array<unsigned char, 14> header_{};
  std::size_t header_filled_ = 0;
  bool final_ = false;
  unsigned opcode_ = 0;
  std::uint64_t payload_left_ = 0;
  std::size_t mask_at_ = 0;
  std::array<unsigned char, 4> mask_{};
  std::optional<message_kind> message_kind_; ///< of the message that is being put together
  std::string message_;
  bool message_given_ = false; ///< handed out, to be dropped at the next call
  std::string control_;
};

/// The header of an unmasked, unfragmented frame.
std::string frame_header(unsigned opcode, std::uint64_t length);

namespace frame_opcode {
inline constexpr unsigned continuation = 0;
inline constexpr unsigned text = 1;
inline constexpr unsigned binary = 2;
inline constexpr unsigned close = 8;
inline constexpr unsigned ping = 9;
inline constexpr unsigned pong = 10;
} // namespace frame_opcode

} // namespace actord::net
