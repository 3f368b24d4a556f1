#include "net/peer/rpc_stream.hpp"

#include "schema/base/always.hpp"

#include <capnp/rpc.capnp.h>
#include <kj/debug.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>

namespace actord::net {

namespace {

/// One TLS record, which is what OpenSSL gives at a time.
constexpr std::size_t read_bytes = 16U << 10U;

kj::String kj_text(std::string_view text) { return kj::heapString(text.data(), text.size()); }

/// A message that owns what arrived.
class arrived_message final : public capnp::MessageReader {
public:
  arrived_message(kj::Array<capnp::word> body, const std::vector<std::uint32_t>& segment_words,
                  capnp::ReaderOptions limits)
      : MessageReader(limits), body_(kj::mv(body)) {
    segments_.reserve(segment_words.size());
    std::size_t from = 0;
    for (const std::uint32_t words : segment_words) {
      segments_.push_back(body_.slice(from, from + words).asConst());
      from += words;
    }
  }
  ~arrived_message() noexcept(false) override = default;
  arrived_message(const arrived_message&) = delete;
  arrived_message& operator=(const arrived_message&) = delete;

  kj::ArrayPtr<const capnp::word> getSegment(unsigned id) override {
    return id < segments_.size() ? segments_[id] : nullptr;
  }

private:
  kj::Array<capnp::word> body_;
  std::vector<kj::ArrayPtr<const capnp::word>> segments_;
};

/// So many calls wait to hear that they were taken in. Who limits what it has under way (peer_talk,
/// stream_table) has at least as many.
constexpr unsigned waiting_returns_max = 2;

enum class haste : std::uint8_t {
  now,    ///< somebody waits for it
  later,  ///< frees something at the other end
  returns ///< the same, and the other end counts what it has under way by it
};

haste haste_of(kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) {
  capnp::SegmentArrayMessageReader reader(segments);
  const auto message = reader.getRoot<capnp::rpc::Message>();
  if (message.isFinish() || message.isRelease()) return haste::later;
  if (!message.isReturn() || !message.getReturn().isResults()) return haste::now;
  const auto results = message.getReturn().getResults();
  const bool is_empty = !results.hasContent() || results.getContent().targetSize().wordCount == 0;
  return is_empty && results.getCapTable().size() == 0 ? haste::returns : haste::now;
}

} // namespace

rpc_stream::rpc_stream(kj::UnixEventPort& port, unique_fd socket, SSL_CTX* context, peer_side side,
                       const clock_source& clock)
    : clock_(clock), socket_(std::move(socket)), channel_(context, socket_.get(), side, clock.wall_now()),
      observer_(port, socket_.get(), kj::UnixEventPort::FdObserver::OBSERVE_READ_WRITE),
      last_heard_(clock.steady_now()), timer_(port.getTimer()) {}

kj::Exception rpc_stream::disconnected(std::string_view why) const {
  return {kj::Exception::Type::DISCONNECTED, "net/peer", 0,
          kj_text(why.empty() ? "the peer closed the connection" : why)};
}

void rpc_stream::fail(std::string why) {
  failure_ = std::move(why);
  kj::throwFatalException({kj::Exception::Type::FAILED, "net/peer", 0, kj_text(failure_)});
}

kj::Promise<void> rpc_stream::handshake() {
  const channel_step step = channel_.handshake();
  switch (step.next) {
  case channel_step::state::progress:
    last_heard_ = clock_.steady_now();
    return kj::READY_NOW;
  case channel_step::state::needs_read:
    return observer_.whenBecomesReadable().then([this] { return handshake(); });
  case channel_step::state::needs_write:
    return observer_.whenBecomesWritable().then([this] { return handshake(); });
  case channel_step::state::ended:
    break;
  }
  failure_ = channel_.failure().empty() ? "closed" : channel_.failure();
  return disconnected(failure_);
}

kj::Promise<void> rpc_stream::linger() {
  ::shutdown(socket_.get(), SHUT_WR);
  std::array<char, 4096> ignored; // NOLINT: nobody reads it
  while (lingered_bytes_ < read_bytes) {
    const ssize_t count = ::recv(socket_.get(), ignored.data(), ignored.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
      return observer_.whenBecomesReadable().then([this] { return linger(); });
    }
    if (count <= 0) break;
    lingered_bytes_ += static_cast<std::size_t>(count);
  }
  return kj::READY_NOW;
}

rpc_stream::fill rpc_stream::fill_input() {
  channel_step step;
  if (frame_) {
    auto* const body = reinterpret_cast<char*>(frame_->body.begin());
    const std::size_t missing = frame_->body.size() * sizeof(capnp::word) - frame_->filled;
    step = channel_.read({body + frame_->filled, std::min(missing, read_bytes)});
    if (step.next == channel_step::state::progress) frame_->filled += step.count;
  } else {
    std::array<char, read_bytes> scratch; // NOLINT: filled by the channel
    step = channel_.read(scratch);
    if (step.next == channel_step::state::progress) input_.append(scratch.data(), step.count);
  }
  switch (step.next) {
  case channel_step::state::progress:
    last_heard_ = clock_.steady_now();
    return fill::progress;
  case channel_step::state::needs_read:
    return fill::blocked;
  case channel_step::state::needs_write:
    fail("asked for new keys without reading");
  case channel_step::state::ended:
    break;
  }
  return fill::ended;
}

kj::Maybe<kj::Own<capnp::MessageReader>> rpc_stream::take_frame(capnp::ReaderOptions options) {
  if (!frame_) {
    const std::string_view arrived = std::string_view(input_).substr(input_from_);
    frame_header header = read_frame_header(arrived);
    if (header.is == frame_header::state::refused) fail("sent " + header.why);
    if (header.is == frame_header::state::incomplete) {
      input_.erase(0, input_from_);
      input_from_ = 0;
      return nullptr;
    }
    frame_ = std::make_unique<incoming>();
    frame_->segment_words = std::move(header.segment_words);
    frame_->body = kj::heapArray<capnp::word>(header.body_bytes / sizeof(capnp::word));
    frame_->filled = std::min(arrived.size() - header.header_bytes, header.body_bytes);
    if (frame_->filled > 0) {
      std::memcpy(frame_->body.begin(), arrived.data() + header.header_bytes, frame_->filled);
    }
    input_from_ += header.header_bytes + frame_->filled;
    if (input_from_ == input_.size()) {
      input_from_ = 0;
      input_.clear();
      if (input_.capacity() > read_bytes) input_.shrink_to_fit();
    }
  }
  if (frame_->filled < frame_->body.size() * sizeof(capnp::word)) return nullptr;
  auto message = kj::heap<arrived_message>(kj::mv(frame_->body), frame_->segment_words, options);
  frame_.reset();
  return kj::Own<capnp::MessageReader>(kj::mv(message));
}

kj::Promise<kj::Maybe<capnp::MessageReaderAndFds>>
rpc_stream::tryReadMessage(kj::ArrayPtr<kj::AutoCloseFd> descriptors, capnp::ReaderOptions options,
                           kj::ArrayPtr<capnp::word> scratch) {
  while (true) {
    KJ_IF_MAYBE (message, take_frame(options)) {
      return kj::Maybe<capnp::MessageReaderAndFds>(
          capnp::MessageReaderAndFds{kj::mv(*message), kj::ArrayPtr<kj::AutoCloseFd>()});
    }
    switch (fill_input()) {
    case fill::progress:
      continue;
    case fill::blocked:
      return observer_.whenBecomesReadable().then(
          [this, descriptors, options, scratch]() { return tryReadMessage(descriptors, options, scratch); });
    case fill::ended:
      break;
    }
    const bool inside = frame_ || input_from_ < input_.size();
    if (channel_.failure().empty() && !inside) return kj::Maybe<capnp::MessageReaderAndFds>(nullptr);
    if (failure_.empty())
      failure_ = channel_.failure().empty() ? "closed within a frame" : channel_.failure();
    return disconnected(failure_);
  }
}

void rpc_stream::append(kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) {
  if (output_from_ > unsent_bytes_max) {
    output_.erase(0, output_from_);
    output_from_ = 0;
  }
  std::vector<std::uint32_t> words;
  words.reserve(segments.size());
  for (const auto& segment : segments) words.push_back(static_cast<std::uint32_t>(segment.size()));
  append_frame_header(output_, words);
  for (const auto& segment : segments) {
    output_.append(reinterpret_cast<const char*>(segment.begin()), segment.size() * sizeof(capnp::word));
  }
}

kj::Promise<void> rpc_stream::writeMessage(kj::ArrayPtr<const int> /*descriptors*/,
                                           kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) {
  KJ_IF_MAYBE (fault, write_fault_) {
    return kj::cp(*fault);
  }
  send(segments);
  return room_to_write();
}

kj::Promise<void>
rpc_stream::writeMessages(kj::ArrayPtr<kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>>> messages) {
  KJ_IF_MAYBE (fault, write_fault_) {
    return kj::cp(*fault);
  }
  for (const auto& segments : messages) send(segments);
  return room_to_write();
}

kj::Promise<void> rpc_stream::room_to_write() {
  if (output_.size() - output_from_ <= unsent_bytes_max) return kj::READY_NOW;
  auto pair = kj::newPromiseAndFulfiller<void>();
  room_ = kj::mv(pair.fulfiller);
  return kj::mv(pair.promise);
}

void rpc_stream::send(kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) {
  append(segments);
  const haste is = haste_of(segments);
  if (is == haste::returns) ++waiting_returns_;
  const bool full = output_.size() - output_from_ > read_bytes || waiting_returns_ >= waiting_returns_max;
  if (is == haste::now || full) return schedule_flush();
  schedule_late_flush();
}

void rpc_stream::schedule_late_flush() {
  if (flushing_ || late_flush_ != nullptr) return;
  late_flush_ = timer_.afterDelay(company_wait).then([this] { schedule_flush(); }).eagerlyEvaluate(nullptr);
}

void rpc_stream::schedule_flush() {
  if (flushing_) return;
  flushing_ = true;
  waiting_returns_ = 0;
  // At the end of the turn: what the turn answers and asks leaves in one record.
  flush_ = kj::evalLast([this] { return flush(); }).eagerlyEvaluate([this](kj::Exception&& fault) {
    flushing_ = false;
    KJ_IF_MAYBE (waiting, room_) {
      (*waiting)->reject(kj::cp(fault));
    }
    room_ = nullptr;
    write_fault_ = kj::mv(fault);
  });
}

kj::Promise<void> rpc_stream::flush() {
  while (output_from_ < output_.size()) {
    const channel_step step = channel_.write(std::string_view(output_).substr(output_from_));
    if (step.next == channel_step::state::needs_write) {
      return observer_.whenBecomesWritable().then([this] { return flush(); });
    }
    if (step.next != channel_step::state::progress) {
      if (failure_.empty()) failure_ = channel_.failure().empty() ? "closed" : channel_.failure();
      return disconnected(failure_);
    }
    output_from_ += step.count;
    if (output_.size() - output_from_ <= unsent_bytes_max) {
      KJ_IF_MAYBE (waiting, room_) {
        (*waiting)->fulfill();
      }
      room_ = nullptr;
    }
  }
  output_.clear();
  output_from_ = 0;
  late_flush_ = nullptr;
  if (output_.capacity() > 4 * unsent_bytes_max) output_.shrink_to_fit();
  flushing_ = false;
  return kj::READY_NOW;
}

kj::Promise<void> rpc_stream::end() {
  // Best effort: what has not left by now is of no use to anybody.
  if (output_from_ < output_.size() && write_fault_ == nullptr) {
    while (output_from_ < output_.size()) {
      const channel_step step = channel_.write(std::string_view(output_).substr(output_from_));
      if (step.next != channel_step::state::progress) break;
      output_from_ += step.count;
    }
  }
  ::shutdown(socket_.get(), SHUT_WR);
  return kj::READY_NOW;
}

} // namespace actord::net
