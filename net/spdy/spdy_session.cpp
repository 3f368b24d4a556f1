#include "net/spdy/spdy_session.hpp"

#include <algorithm>
#include <utility>

namespace actord::net {
namespace {

constexpr std::size_t head_bytes = 8;
constexpr std::uint16_t version = 3;

constexpr std::uint16_t type_syn_stream = 1;
constexpr std::uint16_t type_syn_reply = 2;
constexpr std::uint16_t type_rst_stream = 3;
constexpr std::uint16_t type_settings = 4;
constexpr std::uint16_t type_ping = 6;
constexpr std::uint16_t type_goaway = 7;
constexpr std::uint16_t type_headers = 8;
constexpr std::uint16_t type_window_update = 9;

constexpr std::uint8_t flag_fin = 1;
constexpr std::uint32_t setting_initial_window = 7;
constexpr std::uint32_t id_mask = 0x7fffffff;

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

void append_number(std::string& text, std::uint32_t value) {
  for (const int shift : {24, 16, 8, 0}) text += static_cast<char>((value >> shift) & 0xff);
}

std::string number_text(std::uint32_t value) {
  std::string text;
  append_number(text, value);
  return text;
}

} // namespace

spdy_session::spdy_session(role side, std::size_t streams_max, spdy_events events)
    : side_(side), streams_max_(streams_max), events_(std::move(events)),
      next_own_(side == role::server ? 2 : 1) {}

bool spdy_session::is_ours(std::uint32_t stream) const {
  return (stream % 2 == 0) == (side_ == role::server);
}

result<void> spdy_session::breach(const char* what) {
  std::string payload = number_text(last_peer_);
  append_number(payload, 1); // PROTOCOL_ERROR
  write_control(type_goaway, 0, payload);
  return error{.kind = error_kind::bad_request, .message = std::string("SPDY: ") + what};
}

result<void> spdy_session::receive(std::string_view bytes) {
  while (!bytes.empty() || (frame_ && frame_->left_bytes == 0)) {
    result<void> step;
    if (!frame_)
      step = read_head(bytes);
    else if (frame_->control)
      step = read_control(bytes);
    else
      step = read_data(bytes);
    if (!step) return step;
  }
  return {};
}

result<void> spdy_session::read_head(std::string_view& bytes) {
  const std::size_t count = std::min(bytes.size(), head_bytes - partial_.size());
  partial_.append(bytes.substr(0, count));
  bytes.remove_prefix(count);
  if (partial_.size() < head_bytes) return {};
  const std::uint32_t first = number_at(partial_, 0);
  const std::uint32_t second = number_at(partial_, 4);
  partial_.clear();
  frame_head head{.control = (first >> 31) != 0,
                  .type = 0,
                  .stream = 0,
                  .flags = static_cast<std::uint8_t>(second >> 24),
                  .left_bytes = second & 0xffffff};
  if (head.control) {
    if ((first >> 16 & 0x7fff) != version) return breach("a frame of another version");
    if (head.left_bytes > spdy_control_max_bytes) return breach("a control frame is too large");
    head.type = static_cast<std::uint16_t>(first & 0xffff);
  } else {
    head.stream = first & id_mask;
    if (head.stream == 0) return breach("data without a stream");
    if (streams_.find(head.stream) == streams_.end() && (head.flags & flag_fin) == 0 && head.left_bytes > 0 &&
        !is_ours(head.stream) && head.stream > last_peer_)
      return breach("data of a stream that was never opened");
  }
  frame_ = head;
  return {};
}

result<void> spdy_session::read_data(std::string_view& bytes) {
  const std::string_view piece = bytes.substr(0, std::min<std::size_t>(bytes.size(), frame_->left_bytes));
  bytes.remove_prefix(piece.size());
  frame_->left_bytes -= static_cast<std::uint32_t>(piece.size());
  const std::uint32_t id = frame_->stream;
  const bool last = frame_->left_bytes == 0;
  const bool finishes = last && (frame_->flags & flag_fin) != 0;
  if (last) frame_.reset();
  const auto found = streams_.find(id);
  if (found == streams_.end()) {
    // Of a stream that is gone: still on its way when that was said. The session's window it used comes back.
    consumed(id, piece.size());
    return {};
  }
  if (found->second.peer_finished) {
    reset(id, spdy_reset::stream_already_closed);
    if (events_.reset) events_.reset(id);
    return {};
  }
  if (!piece.empty() && events_.received) events_.received(id, piece);
  if (finishes) peer_finishes(id);
  return {};
}

result<void> spdy_session::read_control(std::string_view& bytes) {
  const std::size_t count = std::min<std::size_t>(bytes.size(), frame_->left_bytes);
  partial_.append(bytes.substr(0, count));
  bytes.remove_prefix(count);
  frame_->left_bytes -= static_cast<std::uint32_t>(count);
  return frame_->left_bytes > 0 ? result<void>() : on_control();
}

result<void> spdy_session::on_control() {
  const frame_head head = *std::exchange(frame_, std::nullopt);
  const std::string payload = std::exchange(partial_, {});
  const bool finishes = (head.flags & flag_fin) != 0;
  switch (head.type) {
  case type_syn_stream:
    if (payload.size() < 10) return breach("SYN_STREAM is too short");
    return on_syn_stream(payload, finishes);
  case type_syn_reply:
  case type_headers: {
    if (payload.size() < 4) return breach("SYN_REPLY or HEADERS is too short");
    auto read = head.type == type_syn_reply ? on_syn_reply(payload) : on_headers(payload);
    if (read && finishes) peer_finishes(number_at(payload, 0) & id_mask);
    return read;
  }
  case type_rst_stream: {
    if (payload.size() != 8) return breach("RST_STREAM has another size");
    const std::uint32_t id = number_at(payload, 0) & id_mask;
    const auto found = streams_.find(id);
    if (found == streams_.end()) return {};
    for (const std::string& waiting : found->second.queue) queued_bytes_ -= waiting.size();
    streams_.erase(found);
    if (events_.reset) events_.reset(id);
    return {};
  }
  case type_settings:
    return on_settings(payload);
  case type_ping:
    if (payload.size() != 4) return breach("PING has another size");
    // One of our own numbers is our own ping coming back.
    if (!is_ours(number_at(payload, 0))) write_control(type_ping, 0, payload);
    return {};
  case type_goaway:
    if (payload.size() != 8) return breach("GOAWAY has another size");
    going_away_ = true;
    if (events_.going_away) events_.going_away();
    return {};
  case type_window_update:
    return on_window_update(payload);
  default:
    return {}; // Unknown types are to be ignored.
  }
}

result<void> spdy_session::on_syn_stream(std::string_view payload, bool finished) {
  const std::uint32_t id = number_at(payload, 0) & id_mask;
  // Unpacked whatever becomes of the stream: all blocks are one zlib stream.
  const auto headers = inflater_.unpack(payload.substr(10));
  if (!headers) return breach(headers.error().message.c_str());
  if (id == 0 || is_ours(id) || id <= last_peer_)
    return breach("a stream's number is not a new one of the peer");
  last_peer_ = id;
  if (going_away_ || streams_.size() >= streams_max_) {
    std::string refusal = number_text(id);
    append_number(refusal, static_cast<std::uint32_t>(spdy_reset::refused_stream));
    write_control(type_rst_stream, 0, refusal);
    return {};
  }
  stream_state& stream = streams_[id];
  stream.send_window = initial_send_window_;
  stream.peer_finished = finished;
  if (events_.opened) events_.opened(id, *headers, finished);
  return {};
}

result<void> spdy_session::on_syn_reply(std::string_view payload) {
  const std::uint32_t id = number_at(payload, 0) & id_mask;
  if (const auto headers = inflater_.unpack(payload.substr(4)); !headers)
    return breach(headers.error().message.c_str());
  if (streams_.contains(id) && is_ours(id) && events_.replied) events_.replied(id);
  return {};
}

result<void> spdy_session::on_headers(std::string_view payload) {
  if (const auto headers = inflater_.unpack(payload.substr(4)); !headers)
    return breach(headers.error().message.c_str());
  return {};
}

result<void> spdy_session::on_settings(std::string_view payload) {
  if (payload.size() < 4) return breach("SETTINGS is too short");
  const std::size_t count = number_at(payload, 0);
  if (payload.size() != 4 + count * 8) return breach("SETTINGS has another size");
  for (std::size_t at = 0; at < count; ++at) {
    if ((number_at(payload, 4 + at * 8) & 0xffffff) != setting_initial_window) continue;
    const std::int64_t window = number_at(payload, 8 + at * 8) & id_mask;
    for (auto& [id, stream] : streams_) stream.send_window += window - initial_send_window_;
    initial_send_window_ = window;
    peer_keeps_windows_ = true;
  }
  flush_all();
  return {};
}

result<void> spdy_session::on_window_update(std::string_view payload) {
  if (payload.size() != 8) return breach("WINDOW_UPDATE has another size");
  const std::uint32_t id = number_at(payload, 0) & id_mask;
  const std::int64_t more = number_at(payload, 4) & id_mask;
  peer_keeps_windows_ = true;
  if (id == 0) {
    session_send_window_ = std::min<std::int64_t>(session_send_window_ + more, id_mask);
  } else if (const auto found = streams_.find(id); found != streams_.end()) {
    found->second.send_window += more;
    if (found->second.send_window > id_mask) {
      reset(id, spdy_reset::flow_control_error);
      if (events_.reset) events_.reset(id);
    }
  }
  flush_all();
  return {};
}

void spdy_session::peer_finishes(std::uint32_t id) {
  const auto found = streams_.find(id);
  if (found == streams_.end() || std::exchange(found->second.peer_finished, true)) return;
  if (events_.finished) events_.finished(id);
  drop_if_done(id);
}

void spdy_session::drop_if_done(std::uint32_t id) {
  const auto found = streams_.find(id);
  if (found != streams_.end() && found->second.peer_finished && found->second.we_finished)
    streams_.erase(found);
}

std::uint32_t spdy_session::open(const spdy_headers& headers, bool finished) {
  const std::uint32_t id = next_own_;
  next_own_ += 2;
  std::string payload = number_text(id);
  append_number(payload, 0); // belongs to no other stream
  payload.append(2, '\0');   // priority and slot
  payload += deflater_.pack(headers);
  write_control(type_syn_stream, finished ? flag_fin : 0, payload);
  stream_state& stream = streams_[id];
  stream.send_window = initial_send_window_;
  stream.we_finished = finished;
  return id;
}

void spdy_session::reply(std::uint32_t stream) {
  if (!streams_.contains(stream)) return;
  write_control(type_syn_reply, 0, number_text(stream) + deflater_.pack({}));
}

void spdy_session::send(std::uint32_t id, std::string_view bytes) {
  const auto found = streams_.find(id);
  if (found == streams_.end() || found->second.we_finished || found->second.finish_queued || bytes.empty())
    return;
  found->second.queue.emplace_back(bytes);
  queued_bytes_ += bytes.size();
  flush(id, found->second);
}

void spdy_session::finish(std::uint32_t id) {
  const auto found = streams_.find(id);
  if (found == streams_.end() || found->second.we_finished) return;
  found->second.finish_queued = true;
  flush(id, found->second);
  drop_if_done(id);
}

void spdy_session::flush_all() {
  std::vector<std::uint32_t> waiting;
  for (const auto& [id, stream] : streams_)
    if (!stream.queue.empty() || stream.finish_queued) waiting.push_back(id);
  for (const std::uint32_t id : waiting) {
    flush(id, streams_.at(id));
    drop_if_done(id);
  }
}

void spdy_session::flush(std::uint32_t id, stream_state& stream) {
  while (!stream.queue.empty()) {
    std::string& front = stream.queue.front();
    std::size_t size = std::min(front.size(), spdy_piece_max_bytes);
    const std::int64_t window = std::min(stream.send_window, session_send_window_);
    if (peer_keeps_windows_) {
      if (window <= 0) return;
      size = std::min(size, static_cast<std::size_t>(window));
    }
    stream.send_window -= static_cast<std::int64_t>(size);
    session_send_window_ -= static_cast<std::int64_t>(size);
    queued_bytes_ -= size;
    write_data(id, false, std::string_view(front).substr(0, size));
    if (size == front.size())
      stream.queue.pop_front();
    else
      front.erase(0, size);
  }
  if (std::exchange(stream.finish_queued, false)) {
    write_data(id, true, {});
    stream.we_finished = true;
  }
}

void spdy_session::reset(std::uint32_t id, spdy_reset why) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  for (const std::string& waiting : found->second.queue) queued_bytes_ -= waiting.size();
  streams_.erase(found);
  std::string payload = number_text(id);
  append_number(payload, static_cast<std::uint32_t>(why));
  write_control(type_rst_stream, 0, payload);
}

void spdy_session::consumed(std::uint32_t id, std::size_t bytes) {
  const auto give_back = [&](std::uint32_t stream, std::int64_t& unreturned) {
    unreturned += static_cast<std::int64_t>(bytes);
    if (unreturned < spdy_window_bytes / 2) return;
    std::string payload = number_text(stream);
    append_number(payload, static_cast<std::uint32_t>(std::exchange(unreturned, 0)));
    write_control(type_window_update, 0, payload);
  };
  give_back(0, session_unreturned_);
  const auto found = streams_.find(id);
  if (found != streams_.end() && !found->second.peer_finished) give_back(id, found->second.unreturned);
}

void spdy_session::go_away() {
  if (std::exchange(going_away_, true)) return;
  std::string payload = number_text(last_peer_);
  append_number(payload, 0);
  write_control(type_goaway, 0, payload);
}

std::string spdy_session::take_output() { return std::exchange(output_, {}); }

void spdy_session::write_control(std::uint16_t type, std::uint8_t flags, std::string_view payload) {
  append_number(output_, std::uint32_t{1} << 31 | std::uint32_t{version} << 16 | type);
  append_number(output_, std::uint32_t{flags} << 24 | static_cast<std::uint32_t>(payload.size()));
  output_ += payload;
}

void spdy_session::write_data(std::uint32_t stream, bool last, std::string_view bytes) {
  append_number(output_, stream);
  append_number(output_,
                (last ? std::uint32_t{flag_fin} << 24 : 0) | static_cast<std::uint32_t>(bytes.size()));
  output_ += bytes;
}

} // namespace actord::net
