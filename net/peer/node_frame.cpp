#include "net/peer/node_frame.hpp"

#include <algorithm>
#include <limits>

namespace actord::net {
namespace {

constexpr std::size_t number_bytes = 4;

std::uint32_t read_number(std::string_view bytes) {
  std::uint32_t number = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at)
    number |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at])) << (8 * at);
  return number;
}

void write_number(std::string& to, std::uint32_t number, std::size_t bytes) {
  for (std::size_t at = 0; at < bytes; ++at) to += static_cast<char>((number >> (8 * at)) & 0xFF);
}

bool is_number(frame_kind kind) {
  return kind == frame_kind::taken_output || kind == frame_kind::taken_error_output ||
         kind == frame_kind::sent;
}
bool is_bytes(frame_kind kind) {
  return kind == frame_kind::input || kind == frame_kind::output || kind == frame_kind::error_output;
}

bool has_sense(std::uint8_t kind, std::size_t length) {
  switch (static_cast<frame_kind>(kind)) {
  case frame_kind::input:
  case frame_kind::error_output:
  case frame_kind::ended:
    return length > 0;
  case frame_kind::output:
    return true;
  case frame_kind::input_end:
  case frame_kind::output_end:
  case frame_kind::error_output_end:
    return length == 0;
  case frame_kind::size:
  case frame_kind::taken_output:
  case frame_kind::taken_error_output:
  case frame_kind::sent:
    return length == number_bytes;
  }
  return false;
}

} // namespace

std::uint32_t node_frame::number() const { return read_number(body); }

terminal_size node_frame::terminal() const {
  const std::string_view bytes = body;
  return {.columns = static_cast<std::uint16_t>(read_number(bytes.substr(0, 2))),
          .rows = static_cast<std::uint16_t>(read_number(bytes.substr(2, 2)))};
}

std::string number_body(std::uint32_t number) {
  std::string body;
  write_number(body, number, number_bytes);
  return body;
}

std::string size_body(terminal_size size) {
  std::string body;
  write_number(body, size.columns, 2);
  write_number(body, size.rows, 2);
  return body;
}

std::string encode_frame(frame_kind kind, std::string_view body) {
  ALWAYS(body.size() <= frame_body_max_bytes);
  std::string frame;
  frame.reserve(frame_header_bytes + body.size());
  frame += static_cast<char>(kind);
  write_number(frame, static_cast<std::uint32_t>(body.size()), frame_header_bytes - 1);
  frame += body;
  return frame;
}

result<std::optional<node_frame>> node_frame_reader::next() {
  const std::string_view rest = std::string_view(held_).substr(at_);
  const auto wait = [&]() -> result<std::optional<node_frame>> {
    held_.erase(0, std::exchange(at_, 0));
    return std::optional<node_frame>();
  };
  if (rest.size() < frame_header_bytes) return wait();
  const auto kind = static_cast<std::uint8_t>(rest.front());
  const std::size_t length = read_number(rest.substr(1, frame_header_bytes - 1));
  if (length > frame_body_max_bytes || !has_sense(kind, length))
    return error{.kind = error_kind::bad_request, .message = "malformed frame between a server and a node"};
  if (rest.size() < frame_header_bytes + length) return wait();
  at_ += frame_header_bytes + length;
  return std::optional<node_frame>(
      node_frame{static_cast<frame_kind>(kind), std::string(rest.substr(frame_header_bytes, length))});
}

void node_frame_writer::put_bytes(frame_kind kind, std::string_view bytes) {
  do {
    const std::string_view body = bytes.substr(0, frame_body_max_bytes);
    put(kind, body);
    bytes.remove_prefix(body.size());
  } while (!bytes.empty());
}

void node_frame_writer::put_number(frame_kind kind, std::size_t number) {
  constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max();
  put(kind, number_body(static_cast<std::uint32_t>(std::min(number, most))));
}

void node_frame_writer::put(frame_kind kind, std::string_view body) {
  const std::scoped_lock hold(mutex_);
  if (ends_) return;
  if (full_) return keep(kind, body);
  full_ = !stream_->write(encode_frame(kind, body));
}

void node_frame_writer::keep(frame_kind kind, std::string_view body) {
  if (kept_bytes_ + frame_header_bytes + body.size() > kept_max_bytes) {
    ends_ = true;
    kept_.clear();
    return stream_->fail({.kind = error_kind::internal, .message = "more was sent than the other end takes"});
  }
  node_frame* const last = kept_.empty() ? nullptr : &kept_.back();
  const bool same = last != nullptr && last->kind == kind;
  if (same && is_bytes(kind) && last->body.size() + body.size() <= frame_body_max_bytes) {
    last->body += body;
    kept_bytes_ += body.size();
    return;
  }
  if (is_number(kind)) {
    const auto earlier = std::ranges::find(kept_, kind, &node_frame::kind);
    const std::uint64_t sum =
        earlier == kept_.end() ? 0 : std::uint64_t{earlier->number()} + read_number(body);
    if (sum != 0 && sum <= std::numeric_limits<std::uint32_t>::max()) {
      earlier->body = number_body(static_cast<std::uint32_t>(sum));
      return;
    }
  }
  if (same && kind == frame_kind::size) {
    last->body = body;
    return;
  }
  kept_.push_back({kind, std::string(body)});
  kept_bytes_ += kept_.back().stream_bytes();
}

void node_frame_writer::write_kept() {
  while (!full_ && !kept_.empty()) {
    full_ = !stream_->write(encode_frame(kept_.front().kind, kept_.front().body));
    kept_bytes_ -= kept_.front().stream_bytes();
    kept_.pop_front();
  }
  if (kept_.empty() && ends_) stream_->end();
}

void node_frame_writer::drained() {
  const std::scoped_lock hold(mutex_);
  full_ = false;
  write_kept();
}

void node_frame_writer::end() {
  const std::scoped_lock hold(mutex_);
  if (std::exchange(ends_, true)) return;
  write_kept();
}

} // namespace actord::net
