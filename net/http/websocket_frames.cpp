#include "net/http/websocket_frames.hpp"

#include "net/http/utf8.hpp"

#include <algorithm>
#include <utility>

namespace actord::net {

namespace {

constexpr std::uint64_t control_limit_bytes = 125;
constexpr std::size_t message_kept_bytes = std::size_t{16} * 1024; ///< capacity that an idle stream keeps

/// Codes a client may send: the defined ones that are not for reporting only, and the two private ranges.
bool is_close_code(unsigned code) {
  return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
         (code >= 3000 && code <= 4999);
}

} // namespace

std::size_t frame_reader::header_size() const {
  if (header_filled_ < 2) return 2;
  const unsigned length = header_[1] & 0x7FU;
  const std::size_t extended = length == 127 ? 8 : length == 126 ? 2 : 0;
  return 2 + extended + 4;
}

frame_event frame_reader::fault(std::uint16_t code) {
  step_ = step::ended;
  return {.what = frame_event::type::fault, .code = code, .payload = {}};
}

std::optional<frame_event> frame_reader::next(std::string_view& input) {
  if (std::exchange(message_given_, false)) {
    if (message_.capacity() > message_kept_bytes)
      std::string().swap(message_);
    else
      message_.clear();
  }
  while (step_ != step::ended) {
    if (step_ == step::header) {
      if (input.empty()) return {};
      if (auto event = read_header(input)) return event;
      if (step_ == step::header) continue;
    }
    const std::size_t count = std::min<std::uint64_t>(payload_left_, input.size());
    std::string& into = is_control() ? control_ : message_;
    const std::size_t start = into.size();
    into.append(input.substr(0, count));
    for (std::size_t index = start; index < into.size(); ++index)
      into[index] = static_cast<char>(static_cast<unsigned char>(into[index]) ^ mask_[mask_at_++ % 4]);
    input.remove_prefix(count);
    payload_left_ -= count;
    if (payload_left_ > 0) return {};
    step_ = step::header;
    header_filled_ = 0;
    if (auto event = finish_frame()) return event;
  }
  input = {};
  return {};
}

std::optional<frame_event> frame_reader::read_header(std::string_view& input) {
  while (header_filled_ < header_size() && !input.empty()) {
    header_[header_filled_++] = static_cast<unsigned char>(input.front());
    input.remove_prefix(1);
    if (header_filled_ == 2) {
      if (auto event = check_header()) return event;
    }
  }
  if (header_filled_ < header_size()) return {};
  const std::size_t extended_end = header_size() - 4;
  payload_left_ = header_[1] & 0x7FU;
  if (extended_end > 2) {
    payload_left_ = 0;
    for (std::size_t index = 2; index < extended_end; ++index)
      payload_left_ = payload_left_ << 8U | header_[index];
    const bool shortest = payload_left_ > (extended_end == 4 ? 125U : 0xFFFFU);
    if (!shortest || payload_left_ >> 63U != 0) return fault(websocket_code::protocol_error);
  }
  if (!is_control() && payload_left_ > limit_bytes_ - message_.size()) return fault(websocket_code::too_big);
  std::copy_n(header_.begin() + static_cast<std::ptrdiff_t>(extended_end), 4, mask_.begin());
  mask_at_ = 0;
  step_ = step::payload;
  return {};
}

/// What the first two bytes already tell is wrong.
std::optional<frame_event> frame_reader::check_header() {
  final_ = (header_[0] & 0x80U) != 0;
  opcode_ = header_[0] & 0x0FU;
  const bool reserved = (header_[0] & 0x70U) != 0;
  const bool masked = (header_[1] & 0x80U) != 0;
  if (reserved || !masked) return fault(websocket_code::protocol_error);
  if (is_control()) {
    const bool known = opcode_ <= frame_opcode::pong;
    if (!known || !final_ || (header_[1] & 0x7FU) > control_limit_bytes)
      return fault(websocket_code::protocol_error);
    control_.clear();
    return {};
  }
  const bool continues = opcode_ == frame_opcode::continuation;
  if (opcode_ > frame_opcode::binary || continues != message_kind_.has_value())
    return fault(websocket_code::protocol_error);
  if (!continues) message_kind_ = opcode_ == frame_opcode::text ? message_kind::text : message_kind::binary;
  return {};
}

std::optional<frame_event> frame_reader::finish_frame() {
  switch (opcode_) {
  case frame_opcode::close:
    return finish_close();
  case frame_opcode::ping:
    return frame_event{.what = frame_event::type::ping, .payload = control_};
  case frame_opcode::pong:
    return frame_event{.what = frame_event::type::pong, .payload = control_};
  default:
    if (!final_) return {};
    return finish_message();
  }
}

frame_event frame_reader::finish_close() {
  step_ = step::ended;
  if (control_.empty())
    return {.what = frame_event::type::close, .code = websocket_code::none_given, .payload = {}};
  if (control_.size() == 1) return fault(websocket_code::protocol_error);
  const auto byte = [this](std::size_t index) { return static_cast<unsigned char>(control_[index]); };
  const unsigned code = static_cast<unsigned>(byte(0)) << 8U | byte(1);
  if (!is_close_code(code)) return fault(websocket_code::protocol_error);
  const std::string_view reason = std::string_view(control_).substr(2);
  if (!is_utf8(reason)) return fault(websocket_code::not_text);
  return {.what = frame_event::type::close, .code = static_cast<std::uint16_t>(code), .payload = reason};
}

frame_event frame_reader::finish_message() {
  const message_kind kind = *std::exchange(message_kind_, std::nullopt);
  if (kind == message_kind::text && !is_utf8(message_)) return fault(websocket_code::not_text);
  message_given_ = true;
  return {.what = frame_event::type::message, .kind = kind, .payload = message_};
}

std::string frame_header(unsigned opcode, std::uint64_t length) {
  std::string header(1, static_cast<char>(0x80U | opcode));
  const auto push_number = [&header, length](int bytes) {
    for (int index = bytes - 1; index >= 0; --index)
      header.push_back(static_cast<char>(length >> (8U * static_cast<unsigned>(index)) & 0xFFU));
  };
  if (length <= control_limit_bytes) {
    push_number(1);
  } else if (length <= 0xFFFF) {
    header.push_back(126);
    push_number(2);
  } else {
    header.push_back(127);
    push_number(8);
  }
  return header;
}

} // namespace actord::net
