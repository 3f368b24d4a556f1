#pragma once

#include "cli/commands/command_session.hpp"
#include "net/http/websocket_client.hpp"
#include "net/streams/channel_message.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Commands in containers, over the WebSocket protocol of exec and attach. Only for sources of cli/commands.

namespace actord::cli {

struct remote_terms {
  std::string space;
  std::string pod; ///< POD or pod/POD
  std::string container;
  std::vector<std::string> command; ///< empty to attach
  bool input = false;
  bool terminal = false;
};

/// `subresource`: exec or attach.
result<std::unique_ptr<net::websocket_client>>
open_remote(command_session& session, const remote_terms& terms, const std::string& subresource);

void send_on(net::websocket_client& socket, net::stream_channel channel, std::string_view bytes);
void end_input(net::websocket_client& socket);

/// What the last message of the status channel says: the command's exit code, or why there is none.
result<int> remote_outcome(const std::string& status);

/// A command whose streams this program feeds and reads, one piece after the other.
class remote_command {
public:
  static result<remote_command> start(command_session& session, const remote_terms& terms);

  /// Waits until it has taken nearly all. An error when the command has ended.
  result<void> write(std::string_view bytes);
  /// What it says next; empty when it has ended.
  result<std::string> read();
  void end_input() { cli::end_input(*socket_); }
  /// Reads on to the end; its exit code.
  result<int> finish();
  /// What it said on its second stream, or the beginning of that.
  [[nodiscard]] const std::string& complaints() const { return complaints_; }

private:
  explicit remote_command(std::unique_ptr<net::websocket_client> socket) : socket_(std::move(socket)) {}
  /// Takes one message, or waits for one or for room.
  result<void> step();

  std::unique_ptr<net::websocket_client> socket_;
  std::string output_;
  std::string complaints_;
  std::string status_;
};

} // namespace actord::cli
