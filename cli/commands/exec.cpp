#include "cli/commands/command_session.hpp"
#include "cli/commands/remote_command.hpp"
#include "schema/base/json.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <ostream>

namespace actord::cli {
namespace {

using net::stream_channel;

constexpr std::size_t input_piece_bytes = 32768;

/// Standard input without echo, line editing and signals while it lives, if it is a terminal.
class raw_terminal {
public:
  explicit raw_terminal(bool wanted) {
    if (!wanted || ::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios raw = before_;
    ::cfmakeraw(&raw);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
  }
  ~raw_terminal() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  raw_terminal(const raw_terminal&) = delete;
  raw_terminal& operator=(const raw_terminal&) = delete;

private:
  termios before_{};
  bool changed_ = false;
};

/// Readable when the terminal's size has changed.
class size_changes {
public:
  explicit size_changes(bool wanted) {
    if (!wanted) return;
    sigset_t changed;
    sigemptyset(&changed);
    sigaddset(&changed, SIGWINCH);
    ::pthread_sigmask(SIG_BLOCK, &changed, nullptr);
    descriptor_ = ::signalfd(-1, &changed, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  ~size_changes() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  size_changes(const size_changes&) = delete;
  size_changes& operator=(const size_changes&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }
  void take() const {
    signalfd_siginfo ignored{};
    while (::read(descriptor_, &ignored, sizeof ignored) > 0) {
    }
  }

private:
  int descriptor_ = -1;
};

void send_size(net::websocket_client& socket) {
  winsize size{};
  if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return;
  send_on(socket, stream_channel::resize, json{{"Width", size.ws_col}, {"Height", size.ws_row}}.dump());
}

/// Carries a terminal or plain streams until the server ends. The last message of the status channel.
class conversation {
public:
  conversation(command_session& session, net::websocket_client& socket, const exec_command& command)
      : session_(session), socket_(socket), reads_input_(command.input),
        terminal_(command.terminal && command.input), sizes_(command.terminal) {}

  result<std::string> run() {
    const raw_terminal raw(terminal_);
    if (terminal_) send_size(socket_);
    while (true) {
      if (auto read = read_server(); !read) return read.error();
      if (socket_.closed()) return status_;
      if (auto sent = socket_.flush(); !sent) return sent.error();
      wait();
    }
  }

private:
  result<void> read_server() {
    while (true) {
      auto message = socket_.receive();
      if (!message) return message.error();
      if (!*message) return {};
      if ((*message)->empty()) continue;
      const std::string_view payload = std::string_view(**message).substr(1);
      switch (static_cast<stream_channel>((*message)->front())) {
      case stream_channel::output:
        session_.context.output << payload << std::flush;
        break;
      case stream_channel::error_output:
        session_.context.errors << payload << std::flush;
        break;
      case stream_channel::status:
        status_ = payload;
        break;
      default:
        break;
      }
    }
  }

  void wait() {
    const bool full = socket_.pending_bytes() > 0;
    std::array<pollfd, 3> waits{
        {{socket_.descriptor(), static_cast<short>(full ? POLLIN | POLLOUT : POLLIN), 0},
         {reads_input_ && !full ? STDIN_FILENO : -1, POLLIN, 0},
         {sizes_.descriptor(), POLLIN, 0}}};
    if (::poll(waits.data(), waits.size(), -1) <= 0) return;
    if (waits[1].revents != 0) read_input();
    if (waits[2].revents != 0) {
      sizes_.take();
      send_size(socket_);
    }
  }

  void read_input() {
    std::array<char, input_piece_bytes> buffer;
    const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count > 0)
      return send_on(socket_, stream_channel::input, {buffer.data(), static_cast<std::size_t>(count)});
    reads_input_ = false;
    end_input(socket_);
  }

  command_session& session_;
  net::websocket_client& socket_;
  bool reads_input_;
  const bool terminal_;
  const size_changes sizes_;
  std::string status_;
};

result<void> converse(command_session& session, const exec_command& command, const std::string& subresource) {
  const auto socket = open_remote(session,
                                  {.space = session.space,
                                   .pod = command.pod,
                                   .container = command.container,
                                   .command = command.command,
                                   .input = command.input,
                                   .terminal = command.terminal},
                                  subresource);
  if (!socket) return socket.error();
  const auto status = conversation(session, **socket, command).run();
  if (!status) return status.error();
  const auto outcome = remote_outcome(*status);
  if (!outcome) return outcome.error();
  session.exit_code = *outcome;
  if (*outcome != 0 && !command.quiet)
    session.context.errors << "command terminated with exit code " << *outcome << '\n';
  return {};
}

} // namespace

result<void> run_exec(command_session& session, const exec_command& command) {
  if (command.command.empty())
    return error{.kind = error_kind::bad_request,
                 .message = "expected 'exec POD -- COMMAND': you must specify at least one command"};
  return converse(session, command, "exec");
}

result<void> run_attach(command_session& session, const exec_command& command) {
  exec_command without = command;
  without.command.clear();
  return converse(session, without, "attach");
}

} // namespace actord::cli
