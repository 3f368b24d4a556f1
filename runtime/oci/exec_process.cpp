#include "runtime/oci/exec_process.hpp"

#include "runtime/files/file_tools.hpp"
#include "runtime/process/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace actord::runtime {
namespace {

constexpr int terminal_patience_ms = 20'000;
constexpr std::size_t log_limit_bytes = 64 * 1024;

struct scratch_files {
  std::string process;
  std::string number;
  std::string socket;
  std::string log;

  explicit scratch_files(const std::string& base)
      : process(base), number(base + ".pid"), socket(base + ".sock"), log(base + ".log") {}
  void remove() const {
    for (const std::string* path : {&process, &number, &socket, &log}) ::unlink(path->c_str());
  }
};

int read_pid(const std::string& path) {
  const auto text = read_file(path, 64);
  int pid = 0;
  if (text && *text) std::from_chars((*text)->data(), (*text)->data() + (*text)->size(), pid);
  return pid;
}

/// Field 6 of /proc/PID/stat; 0 when there is no such process.
int session_of(const std::string& pid) {
  const auto text = read_file("/proc/" + pid + "/stat", 4096);
  if (!text || !*text) return 0;
  const std::size_t name_end = (*text)->rfind(')');
  if (name_end == std::string::npos) return 0;
  std::string_view rest = std::string_view(**text).substr(name_end + 1);
  for (int field = 0; field < 3; ++field) { // state, parent, group
    const std::size_t blank = rest.find(' ', 1);
    if (blank == std::string_view::npos) return 0;
    rest.remove_prefix(blank);
  }
  int session = 0;
  std::from_chars(rest.data() + 1, rest.data() + rest.size(), session);
  return session;
}

/// The last thing the runtime wrote down before it gave up.
std::string logged_reason(const std::string& path) {
  const auto text = read_file(path, log_limit_bytes);
  if (!text || !*text) return {};
  std::string reason;
  std::string_view rest = **text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const json line = json::parse(rest.substr(0, end), nullptr, false);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!line.is_object() || line.value("level", std::string()) != "error") continue;
    reason = line.value("msg", std::string());
  }
  return reason;
}

class exec_process final : public command_process {
public:
  exec_process(pid_t runtime, scratch_files files) : runtime_(runtime), files_(std::move(files)) {
    ended = watch_child(runtime);
  }

  ~exec_process() override {
    if (!end_) {
      kill();
      ::kill(-runtime_, SIGKILL);
      await_child(runtime_);
    }
    files_.remove();
  }

  std::optional<command_end> collect() override {
    if (end_) return end_;
    const auto found = collect_child(runtime_);
    if (!found) return std::nullopt;
    end_ =
        command_end{.exit_code = found->signal != 0 ? 128 + found->signal : found->exit_code, .failure = {}};
    if (end_->exit_code != 0 && read_pid(files_.number) == 0) {
      std::string reason = logged_reason(files_.log);
      if (reason.empty()) reason = "the OCI runtime failed with code " + std::to_string(end_->exit_code);
      end_->failure = error{.message = std::move(reason)};
    }
    return end_;
  }

  void hang_up() override { signal_session(SIGHUP); }
  void kill() override { signal_session(SIGKILL); }

private:
  /// The command has a session of its own; what it started is in it too, unless it left on purpose.
  void signal_session(int number) const {
    if (end_) return;
    const int command = read_pid(files_.number);
    if (command <= 0) return;
    const int session = session_of(std::to_string(command));
    if (session == 0) return;
    if (session == session_of(std::to_string(runtime_))) {
      ::kill(command, number);
      return;
    }
    for (const std::string& entry : directory_entries("/proc")) {
      if (entry.empty() || entry.front() < '1' || entry.front() > '9') continue;
      if (session_of(entry) != session) continue;
      int pid = 0;
      std::from_chars(entry.data(), entry.data() + entry.size(), pid);
      if (pid > 0) ::kill(pid, number);
    }
  }

  const pid_t runtime_;
  const scratch_files files_;
  std::optional<command_end> end_;
};

result<unique_fd> listen_at(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return error{.message = "the path of a terminal's socket is too long: " + path};
  std::memcpy(address.sun_path, path.c_str(), path.size());
  unique_fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.get(), 1) != 0)
    return system_error("listen for a terminal", errno);
  return socket;
}

/// The terminal's other end, sent over the socket. Empty when the sender ended without it.
unique_fd receive_terminal(int listener, int sender_ended) {
  std::array<pollfd, 2> waits{{{listener, POLLIN, 0}, {sender_ended, POLLIN, 0}}};
  if (::poll(waits.data(), waits.size(), terminal_patience_ms) <= 0 || waits[0].revents == 0) return {};
  const unique_fd connection(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  if (!connection) return {};
  std::array<char, 256> text;
  iovec part{text.data(), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  pollfd arrives{connection.get(), POLLIN, 0};
  if (::poll(&arrives, 1, terminal_patience_ms) <= 0) return {};
  if (::recvmsg(connection.get(), &message, MSG_CMSG_CLOEXEC) <= 0) return {};
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS || header->cmsg_len < CMSG_LEN(sizeof(int)))
    return {};
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
  return unique_fd(descriptor);
}

std::vector<std::string> command_line(const runtime_context& context, const container_record& record,
                                      const scratch_files& files, bool terminal) {
  const bool leaves = terminal && context.program.flavour == runtime_flavour::runc;
  std::vector<std::string> argv;
  if (leaves) argv = {context.options.pause_path, "follow", files.number};
  argv.insert(argv.end(), context.program.prefix.begin(), context.program.prefix.end());
  argv.insert(argv.end(), {"--log=" + files.log, "--log-format=json", "exec", "--process", files.process,
                           "--pid-file", files.number});
  if (terminal) argv.insert(argv.end(), {"--console-socket", files.socket});
  if (leaves) argv.emplace_back("--detach");
  argv.push_back(record.id);
  return argv;
}

struct child_ends {
  unique_fd input;
  unique_fd output;
  unique_fd error_output;
};

/// Connects what is wanted by pipes and the rest to nothing.
result<void> connect(const command_terms& terms, child_ends& theirs, child_ends& ours) {
  const bool streams = !terms.terminal;
  const auto join = [&](bool wanted, unique_fd& child, unique_fd& parent, bool child_reads) -> result<void> {
    if (!wanted || !streams) {
      child.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
      if (child && child.get() <= report_descriptor)
        child.reset(::fcntl(child.get(), F_DUPFD_CLOEXEC, report_descriptor + 1));
      return child ? result<void>() : system_error("open /dev/null", errno);
    }
    auto pipe = make_pipe();
    if (!pipe) return std::move(pipe).error();
    child = std::move(child_reads ? pipe->read : pipe->write);
    parent = std::move(child_reads ? pipe->write : pipe->read);
    return {};
  };
  if (auto joined = join(terms.input, theirs.input, ours.input, true); !joined) return joined;
  if (auto joined = join(terms.output, theirs.output, ours.output, false); !joined) return joined;
  return join(terms.error_output, theirs.error_output, ours.error_output, false);
}

} // namespace

result<std::unique_ptr<command_process>> start_exec(const runtime_context& context,
                                                    const container_record& record, const json& process,
                                                    const command_terms& terms, const std::string& scratch) {
  const scratch_files files(scratch);
  files.remove();
  if (auto written = write_file_atomic(files.process, process.dump()); !written) return written.error();
  unique_fd listener;
  if (terms.terminal) {
    auto listening = listen_at(files.socket);
    if (!listening) {
      files.remove();
      return std::move(listening).error();
    }
    listener = std::move(*listening);
  }
  child_ends theirs;
  child_ends ours;
  auto connected = connect(terms, theirs, ours);
  const std::vector<std::string> argv = command_line(context, record, files, terms.terminal);
  const auto pid = connected ? start_child(argv, runtime_command(context.program, {}).environment,
                                           {.input = theirs.input.get(),
                                            .output = theirs.output.get(),
                                            .error_output = theirs.error_output.get(),
                                            .report = -1})
                             : result<pid_t>(connected.error());
  if (!pid) {
    files.remove();
    return pid.error();
  }
  auto running = std::make_unique<exec_process>(*pid, files);
  if (terms.terminal) {
    running->terminal = receive_terminal(listener.get(), running->ended.get());
    if (!running->terminal && !running->collect())
      return error{.kind = error_kind::timeout, .message = "the OCI runtime did not hand over a terminal"};
  }
  running->input = std::move(ours.input);
  running->output = std::move(ours.output);
  running->error_output = std::move(ours.error_output);
  return std::unique_ptr<command_process>(std::move(running));
}

} // namespace actord::runtime
