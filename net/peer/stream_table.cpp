#include "net/peer/stream_table.hpp"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

namespace actord::net {

namespace {

constexpr std::size_t batch_bytes = 64U << 10U;
constexpr std::size_t batch_steps = 256;
/// Behind so much, a heartbeat is not late.
constexpr std::size_t under_way_bytes_max = 256U << 10U;
/// What a step weighs besides its bytes.
constexpr std::size_t step_bytes = 48;
constexpr std::size_t payload_bytes_max = 256U << 10U;
constexpr std::size_t refusals_max = 4096;

error broken_connection() {
  return {
      .kind = error_kind::unavailable, .message = "the connection of the stream broke", .retry_after_s = 1};
}

} // namespace

/// A step to be sent.
struct stream_table::outgoing {
  std::uint64_t number = 0;
  bool opened = false;
  struct open {
    std::string method;
    std::string payload;
  };
  struct taken {
    std::size_t bytes;
    std::size_t window;
  };
  struct end {};
  std::variant<end, open, std::string, taken, error> what = {};
};

stream_table::stream_table(peer_context& context, const node_identity& with,
                           std::function<void(std::string)> broken)
    : context_(context), with_(with), broken_(std::move(broken)), asked_(*this) {}

stream_table::~stream_table() noexcept(false) { close_all(); }

void stream_table::close_all() {
  remote_ = nullptr;
  while (!lines_.empty()) close(lines_.begin(), broken_connection());
}

void stream_table::taskFailed(kj::Exception&& fault) {
  // A broken connection is noticed by itself; a peer that cannot take a step is of no use.
  if (fault.getType() != kj::Exception::Type::DISCONNECTED) violated("takes no steps of streams");
}

void stream_table::violated(std::string what) {
  if (std::exchange(is_violated_, true)) return;
  broken_(std::move(what));
}

void stream_table::begin(wire::Peer::Client remote) {
  remote_ = kj::mv(remote);
  pump();
}

void stream_table::open(std::shared_ptr<stream_box> box, std::string_view method, std::string payload,
                        stream_events events) {
  std::optional<error> refusal;
  if (payload.size() > payload_bytes_max) {
    refusal = error{.kind = error_kind::too_large, .message = "the request is too large for a stream"};
  } else if (lines_.size() >= context_.options.limits.streams) {
    refusal = error{.kind = error_kind::unavailable,
                    .message = "there are too many streams on this connection",
                    .retry_after_s = 1};
  }
  if (refusal) {
    box->close();
    if (events.closed) events.closed(refusal);
    return;
  }
  const line_number number = 2 * ++last_opened_ + 1;
  const auto at = lines_.try_emplace(number).first;
  at->second.box = std::move(box);
  at->second.events = std::move(events);
  at->second.opening.emplace(method, std::move(payload));
  at->second.box->attach(*this, number);
  put_in_turn(at);
  changed(*at->second.box); // what was written before there was a connection
}

void stream_table::changed(stream_box& box) {
  const auto at = lines_.find(box.number());
  if (at == lines_.end()) return;
  line& of = at->second;
  auto since = box.collect();
  if (since.failure) {
    of.failure = std::move(since.failure);
    of.waiting.clear();
    if (of.opening) return close(at, of.failure); // the other end never heard of it
  } else {
    for (std::string& piece : since.pieces) of.waiting.push_back(std::move(piece));
    of.end_wanted |= since.ended;
    note_taken(of, since.taken);
  }
  put_in_turn(at);
  pump();
}

void stream_table::take_in(capnp::List<wire::StreamStep>::Reader steps) {
  for (const auto one : steps) {
    if (is_violated_) return;
    const std::uint64_t wire_number = one.getStream();
    if (one.isOpen()) {
      if (!one.getOpened() || wire_number <= last_taken_ || wire_number > UINT64_MAX / 4) {
        return violated("opened a stream out of turn");
      }
      last_taken_ = wire_number;
      take_open(wire_number, one.getOpen());
      continue;
    }
    if (wire_number > UINT64_MAX / 4) return violated("named a stream that cannot be");
    const auto at = lines_.find(one.getOpened() ? 2 * wire_number : 2 * wire_number + 1);
    if (at != lines_.end() && !at->second.failure) take_step(at, one);
  }
  pump();
}

void stream_table::take_open(std::uint64_t wire_number, wire::StreamStep::Open::Reader open) {
  if (refusals_.size() >= refusals_max) return violated("opens streams and does not take the refusals");
  auto box = std::make_shared<stream_box>(context_.mail);
  const line_number number = 2 * wire_number;
  if (lines_.size() >= context_.options.limits.streams) {
    refusals_.emplace_back(wire_number, error{.kind = error_kind::unavailable,
                                              .message = "there are too many streams on this connection",
                                              .retry_after_s = 1});
    return;
  }
  // Before the handler: what it writes at once is not lost.
  box->attach(*this, number);
  auto events = accept(box, open);
  if (!events) {
    box->close();
    refusals_.emplace_back(wire_number, events.error());
    return;
  }
  const auto at = lines_.try_emplace(number).first;
  at->second.box = std::move(box);
  at->second.events = *std::move(events);
}

result<stream_events> stream_table::accept(const std::shared_ptr<stream_box>& box,
                                           wire::StreamStep::Open::Reader open) {
  if (open.getPayload().size() > payload_bytes_max) {
    return error{.kind = error_kind::too_large, .message = "the request is too large for a stream"};
  }
  const std::string method = string_of(open.getMethod()).substr(0, method_bytes_max);
  const auto found = context_.stream_handlers.find(method);
  if (auto may =
          may_call(found == context_.stream_handlers.end() ? std::nullopt : std::optional(found->second.who),
                   method, with_);
      !may) {
    return may.error();
  }
  return found->second.handler({.member = with_.member, .node_name = with_.node},
                               string_of(open.getPayload()), box->handle());
}

void stream_table::take_step(lines::iterator at, wire::StreamStep::Reader step) {
  line& of = at->second;
  switch (step.which()) {
  case wire::StreamStep::DATA:
    return take_piece(of, step.getData());
  case wire::StreamStep::TAKEN: {
    const std::uint64_t bytes = step.getTaken().getBytes();
    const std::size_t window = step.getTaken().getWindow();
    if (bytes > of.sent) return violated("took more of a stream than was sent");
    if (window < of.window || window > stream_window_last) return violated("gave a stream a wrong window");
    of.sent -= bytes;
    of.window = window;
    if (of.box->acknowledge(bytes, window) && of.events.drained) of.events.drained();
    return put_in_turn(at);
  }
  case wire::StreamStep::END:
    if (std::exchange(of.end_received, true)) return violated("ended a stream twice");
    if (of.events.ended) of.events.ended();
    if (of.end_sent) close(at, {});
    return;
  case wire::StreamStep::FAIL:
    return close(at, error_of(step.getFail()));
  case wire::StreamStep::OPEN:
    return;
  }
}

void stream_table::take_piece(line& of, capnp::Data::Reader bytes) {
  if (bytes.size() == 0 || bytes.size() > stream_piece_bytes) return violated("sent a piece of a wrong size");
  if (of.end_received) return violated("wrote to a stream that it had ended");
  if (of.untaken + of.unreported >= of.granted) return violated("sent more of a stream than its window");
  of.untaken += bytes.size();
  const bool later = of.events.piece && of.events.piece(string_of(bytes)) == intake::later;
  if (later) return;
  note_taken(of, bytes.size());
  if (report_is_due(of)) put_in_turn(lines_.find(of.box->number()));
}

void stream_table::note_taken(line& of, std::size_t bytes) {
  bytes = std::min(bytes, of.untaken);
  of.untaken -= bytes;
  of.unreported += bytes;
}

/// The consumer keeps up: twice the window, as far as the connection has room for it.
void stream_table::grow(line& of) {
  const std::size_t more = std::min(of.granted, stream_window_last - of.granted);
  if (extra_ + more > context_.options.limits.window_bytes) return;
  of.granted += more;
  extra_ += more;
}

void stream_table::put_in_turn(lines::iterator at) {
  line& of = at->second;
  const bool has = of.opening || of.failure || report_is_due(of) ||
                   (of.waiting.empty() ? of.end_wanted && !of.end_sent : of.sent < of.window);
  if (!has || std::exchange(of.in_turn, true)) return;
  turns_.push_back(at->first);
}

void stream_table::pump() {
  while (under_way_bytes_ < under_way_bytes_max && send_some()) {
  }
}

bool stream_table::take_turn(lines::iterator at, std::vector<outgoing>& steps, std::size_t& bytes) {
  line& of = at->second;
  const std::uint64_t number = at->first / 2;
  const bool opened = at->first % 2 == 1;
  const auto add = [&](auto what, std::size_t size) {
    steps.push_back({number, opened, std::move(what)});
    bytes += size + step_bytes;
  };
  if (of.opening) {
    auto [method, payload] = *std::exchange(of.opening, {});
    const std::size_t size = method.size() + payload.size();
    add(outgoing::open{std::move(method), std::move(payload)}, size);
  }
  if (of.failure) {
    add(*of.failure, of.failure->message.size());
    close(at, of.failure);
    return false;
  }
  if (report_is_due(of)) {
    grow(of);
    add(outgoing::taken{std::exchange(of.unreported, 0), of.granted}, 0);
  }
  while (!of.waiting.empty() && of.sent < of.window) {
    if (bytes >= batch_bytes || steps.size() >= batch_steps) return true;
    const std::size_t size = of.waiting.front().size();
    of.sent += size;
    add(std::move(of.waiting.front()), size);
    of.waiting.pop_front();
  }
  if (of.waiting.empty() && of.end_wanted && !std::exchange(of.end_sent, true)) {
    add(outgoing::end{}, 0);
    if (of.end_received) close(at, {});
  }
  return false;
}

bool stream_table::send_some() {
  wire::Peer::Client* remote = nullptr;
  KJ_IF_MAYBE (to, remote_) {
    remote = to;
  }
  if (remote == nullptr || (turns_.empty() && refusals_.empty())) return false;
  std::vector<outgoing> steps;
  std::size_t bytes = 0;
  for (; !refusals_.empty() && steps.size() < batch_steps; refusals_.pop_front()) {
    auto& [number, why] = refusals_.front();
    bytes += why.message.size() + step_bytes;
    steps.push_back({number, false, std::move(why)});
  }
  while (!turns_.empty() && bytes < batch_bytes && steps.size() < batch_steps) {
    const auto at = lines_.find(turns_.front());
    turns_.pop_front();
    if (at == lines_.end()) continue;
    at->second.in_turn = false;
    if (take_turn(at, steps, bytes)) put_in_turn(at);
  }
  if (steps.empty()) return false;
  auto request = remote->streamRequest(message_size(bytes));
  auto list = request.initSteps(static_cast<unsigned>(steps.size()));
  for (unsigned i = 0; i < steps.size(); ++i) {
    auto to = list[i];
    to.setStream(steps[i].number);
    to.setOpened(steps[i].opened);
    if (std::holds_alternative<outgoing::end>(steps[i].what)) to.setEnd();
    if (const auto* piece = std::get_if<std::string>(&steps[i].what)) to.setData(data_reader(*piece));
    if (const auto* why = std::get_if<error>(&steps[i].what)) write_error(to.initFail(), *why);
    if (const auto* taken = std::get_if<outgoing::taken>(&steps[i].what)) {
      auto out = to.initTaken();
      out.setBytes(taken->bytes);
      out.setWindow(static_cast<std::uint32_t>(taken->window));
    }
    if (const auto* open = std::get_if<outgoing::open>(&steps[i].what)) {
      auto out = to.initOpen();
      out.setMethod(kj_string(open->method));
      out.setPayload(data_reader(open->payload));
    }
  }
  under_way_bytes_ += bytes;
  asked_.add(request.send().ignoreResult().then([this, bytes] {
    under_way_bytes_ -= bytes;
    pump();
  }));
  return true;
}

void stream_table::close(lines::iterator at, std::optional<error> why) {
  const line over = std::move(at->second);
  lines_.erase(at);
  extra_ -= over.granted - stream_window_first;
  over.box->close();
  if (over.events.closed) over.events.closed(why);
}

} // namespace actord::net
