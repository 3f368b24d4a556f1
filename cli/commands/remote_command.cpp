#include "cli/commands/remote_command.hpp"

#include "schema/base/json.hpp"

#include <poll.h>

#include <charconv>
#include <utility>

namespace actord::cli {
namespace {

using net::stream_channel;

constexpr char close_mark = static_cast<char>(255);
constexpr std::size_t ahead_max_bytes = std::size_t{256} * 1024;
constexpr std::size_t complaints_max_bytes = std::size_t{16} * 1024;

std::string pod_name(const std::string& word) {
  for (const std::string_view prefix : {"pod/", "pods/", "po/"})
    if (word.starts_with(prefix)) return word.substr(prefix.size());
  return word;
}

} // namespace

void send_on(net::websocket_client& socket, stream_channel channel, std::string_view bytes) {
  socket.send(std::string(1, static_cast<char>(channel)).append(bytes));
}

void end_input(net::websocket_client& socket) {
  socket.send(std::string{close_mark, static_cast<char>(stream_channel::input)});
}

result<int> remote_outcome(const std::string& status_text) {
  if (status_text.empty()) return 0;
  const json status = json::parse(status_text, nullptr, false);
  if (!status.is_object()) return error{.message = status_text};
  if (status.value("status", std::string()) == "Success") return 0;
  if (status.value("reason", std::string()) == "NonZeroExitCode")
    for (const json& cause : status.value("details", json::object()).value("causes", json::array())) {
      const std::string text = cause.value("message", std::string());
      int code = 0;
      std::from_chars(text.data(), text.data() + text.size(), code);
      if (cause.value("reason", std::string()) == "ExitCode" && code != 0) return code;
    }
  return error{.message = status.value("message", std::string("the command failed"))};
}

result<std::unique_ptr<net::websocket_client>>
open_remote(command_session& session, const remote_terms& terms, const std::string& subresource) {
  query_list query;
  if (!terms.container.empty()) query.emplace_back("container", terms.container);
  for (const std::string& word : terms.command) query.emplace_back("command", word);
  if (terms.input) query.emplace_back("stdin", "true");
  query.emplace_back("stdout", "true");
  query.emplace_back(terms.terminal ? "tty" : "stderr", "true");
  const std::string target = "/api/v1/namespaces/" + terms.space + "/pods/" + pod_name(terms.pod) + "/" +
                             subresource + query_text(query);
  auto opening = net::open_websocket(session.connection, target, {"v5.channel.k8s.io"});
  if (!opening) return opening.error();
  if (!opening->socket) return error_of(opening->answer);
  return std::move(opening->socket);
}

result<remote_command> remote_command::start(command_session& session, const remote_terms& terms) {
  auto socket = open_remote(session, terms, "exec");
  if (!socket) return socket.error();
  return remote_command(std::move(*socket));
}

result<void> remote_command::step() {
  auto message = socket_->receive();
  if (!message) return message.error();
  if (*message) {
    if ((*message)->empty()) return {};
    const std::string_view payload = std::string_view(**message).substr(1);
    const auto channel = static_cast<stream_channel>((*message)->front());
    if (channel == stream_channel::output) output_ += payload;
    if (channel == stream_channel::status) status_ = payload;
    if (channel == stream_channel::error_output)
      complaints_ +=
          payload.substr(0, complaints_max_bytes - std::min(complaints_max_bytes, complaints_.size()));
    return {};
  }
  if (socket_->closed()) return {};
  const bool had_output = socket_->pending_bytes() > 0;
  if (auto sent = socket_->flush(); !sent) return sent;
  const bool waits = socket_->pending_bytes() > 0;
  if (had_output && !waits) return {}; // there is room now, which may be what is waited for
  pollfd ready{socket_->descriptor(), static_cast<short>(waits ? POLLIN | POLLOUT : POLLIN), 0};
  ::poll(&ready, 1, -1);
  return {};
}

result<void> remote_command::write(std::string_view bytes) {
  if (!socket_->closed()) send_on(*socket_, stream_channel::input, bytes);
  while (!socket_->closed() && socket_->pending_bytes() > ahead_max_bytes)
    if (auto done = step(); !done) return done;
  if (!socket_->closed()) return {};
  const auto code = remote_outcome(status_);
  if (!code) return code.error();
  return error{.message = "the command ended early" + (complaints_.empty() ? "" : ": " + complaints_)};
}

result<std::string> remote_command::read() {
  while (output_.empty() && !socket_->closed())
    if (auto done = step(); !done) return done.error();
  return std::exchange(output_, {});
}

result<int> remote_command::finish() {
  while (!socket_->closed()) {
    output_.clear();
    if (auto done = step(); !done) return done.error();
  }
  return remote_outcome(status_);
}

} // namespace actord::cli
