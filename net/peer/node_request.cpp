#include "net/peer/node_request.hpp"

#include "net/peer/flat_message.hpp"
#include "net/peer/node_frame.hpp"
#include "schema/worker.capnp.h"

#include <algorithm>

namespace actord::net {
namespace {

namespace wire = actord::schema::wire;

constexpr std::size_t max_bytes = 256U << 10U;
constexpr std::size_t end_message_max = 16U << 10U;
constexpr std::size_t end_images_max_bytes = 32U << 10U;

error malformed() {
  return {.kind = error_kind::bad_request, .message = "malformed message between a server and a node"};
}

template <class Message, class Read>
auto decode(std::string_view bytes, Read&& read) {
  return read_flat<Message>(bytes, max_bytes, malformed(), std::forward<Read>(read));
}

void write_terms(wire::StreamTerms::Builder out, const node_request::terms& terms) {
  out.setInput(terms.input);
  out.setOutput(terms.output);
  out.setErrorOutput(terms.error_output);
  out.setTerminal(terms.terminal);
}
node_request::terms read_terms(wire::StreamTerms::Reader in) {
  return {.input = in.getInput(),
          .output = in.getOutput(),
          .error_output = in.getErrorOutput(),
          .terminal = in.getTerminal()};
}

void write_log(wire::LogTerms::Builder out, const node_request::log& log) {
  out.setFollow(log.follow);
  out.setPrevious(log.previous);
  out.setTimestamps(log.timestamps);
  out.setOutput(log.output);
  out.setErrorOutput(log.error_output);
  out.setTailLines(log.tail_lines.value_or(-1));
  out.setLimitBytes(log.limit_bytes.value_or(-1));
  out.setSinceNs(log.since ? log.since->time_since_epoch().count() : 0);
  out.setWaitingReason(reader_of(log.waiting_reason));
}
node_request::log read_log(wire::LogTerms::Reader in) {
  node_request::log log{.follow = in.getFollow(),
                        .previous = in.getPrevious(),
                        .timestamps = in.getTimestamps(),
                        .output = in.getOutput(),
                        .error_output = in.getErrorOutput(),
                        .waiting_reason = text_of(in.getWaitingReason())};
  if (in.getTailLines() >= 0) log.tail_lines = in.getTailLines();
  if (in.getLimitBytes() >= 0) log.limit_bytes = in.getLimitBytes();
  if (in.getSinceNs() != 0) log.since = wall_time(std::chrono::nanoseconds(in.getSinceNs()));
  return log;
}

struct request_writer {
  wire::NodeRequest::Builder root;

  void operator()(const node_request::find_container&) { root.setFindContainer(); }
  void operator()(const node_request::find_pod&) { root.setFindPod(); }
  void operator()(const node_request::execute& execute) {
    auto out = root.initExecute();
    auto command = out.initCommand(static_cast<unsigned>(execute.command.size()));
    for (unsigned at = 0; at < command.size(); ++at) command.set(at, reader_of(execute.command[at]));
    write_terms(out.initTerms(), execute.with);
  }
  void operator()(const node_request::attach& attach) { write_terms(root.initAttach(), attach.with); }
  void operator()(const node_request::dial& dial) {
    if (dial.at == pod_door::address)
      root.setVisit(dial.port);
    else
      root.setDial(dial.port);
  }
  void operator()(const node_request::log& log) { write_log(root.initLog(), log); }
  void operator()(const node_request::image&) { root.setImage(); }
};

bool read_what(wire::NodeRequest::Reader root, node_request& request) {
  switch (root.which()) {
  case wire::NodeRequest::FIND_CONTAINER:
    request.what = node_request::find_container{};
    return true;
  case wire::NodeRequest::FIND_POD:
    request.what = node_request::find_pod{};
    return true;
  case wire::NodeRequest::EXECUTE: {
    node_request::execute execute;
    for (const auto word : root.getExecute().getCommand()) execute.command.push_back(text_of(word));
    execute.with = read_terms(root.getExecute().getTerms());
    const bool commands = !execute.command.empty();
    request.what = std::move(execute);
    return commands;
  }
  case wire::NodeRequest::ATTACH:
    request.what = node_request::attach{read_terms(root.getAttach())};
    return true;
  case wire::NodeRequest::DIAL:
    request.what = node_request::dial{root.getDial()};
    return root.getDial() != 0;
  case wire::NodeRequest::VISIT:
    request.what = node_request::dial{root.getVisit(), pod_door::address};
    return root.getVisit() != 0;
  case wire::NodeRequest::LOG:
    request.what = read_log(root.getLog());
    return true;
  case wire::NodeRequest::IMAGE:
    request.what = node_request::image{};
    return true;
  }
  return false;
}

} // namespace

std::string encode_node_request(const node_request& request) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<wire::NodeRequest>();
  root.setSpace(reader_of(request.space));
  root.setPod(reader_of(request.pod));
  root.setPodUid(reader_of(request.pod_uid));
  root.setContainer(reader_of(request.container));
  std::visit(request_writer{root}, request.what);
  return flat_bytes_of(message);
}

result<node_request> decode_node_request(std::string_view bytes) {
  auto read = decode<wire::NodeRequest>(bytes, [](wire::NodeRequest::Reader root) {
    std::optional<node_request> request(std::in_place);
    request->space = text_of(root.getSpace());
    request->pod = text_of(root.getPod());
    request->pod_uid = text_of(root.getPodUid());
    request->container = text_of(root.getContainer());
    if (!read_what(root, *request)) request.reset();
    return request;
  });
  if (!read) return read.error();
  if (!*read) return malformed();
  return std::move(**read);
}

std::string encode_node_end(const node_end& end) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<wire::NodeEnd>();
  root.setExitCode(end.exit_code);
  std::size_t bytes = 0;
  unsigned count = 0;
  for (const std::string& image : end.images) {
    bytes += image.size() + 2 * sizeof(capnp::word);
    if (bytes > end_images_max_bytes) break;
    ++count;
  }
  auto images = root.initImages(count);
  for (unsigned at = 0; at < count; ++at) images.set(at, reader_of(end.images[at]));
  if (end.failure) {
    root.setFailed(true);
    root.setFailureKind(static_cast<std::uint8_t>(end.failure->kind));
    root.setFailureMessage(reader_of(end.failure->message.substr(0, end_message_max)));
    root.setRetryAfterS(static_cast<std::uint32_t>(std::max(0, end.failure->retry_after_s)));
  }
  return flat_bytes_of(message);
}

result<node_end> decode_node_end(std::string_view bytes) {
  return decode<wire::NodeEnd>(bytes, [](wire::NodeEnd::Reader root) {
    node_end end{.exit_code = root.getExitCode(), .images = {}, .failure = {}};
    for (const auto image : root.getImages()) end.images.push_back(text_of(image));
    if (!root.getFailed()) return end;
    constexpr auto last = static_cast<std::uint8_t>(error_kind::timeout);
    const std::uint8_t kind = root.getFailureKind();
    constexpr std::uint32_t day_s = 86400;
    end.failure = error{.kind = kind <= last ? static_cast<error_kind>(kind) : error_kind::internal,
                        .message = text_of(root.getFailureMessage()),
                        .causes = {},
                        .subject = {},
                        .retry_after_s = static_cast<int>(std::min(root.getRetryAfterS(), day_s))};
    return end;
  });
}

} // namespace actord::net
