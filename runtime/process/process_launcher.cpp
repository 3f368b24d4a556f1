#include "runtime/process/process_launcher.hpp"

#include "runtime/files/file_tools.hpp"
#include "runtime/files/unique_fd.hpp"
#include "schema/base/clock.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace actord::runtime {
namespace {

/// The report pipe's number in the child; pipes of ours are kept above it so that no dup2 overwrites another.
constexpr int report_number = 3;

struct pipe_ends {
  unique_fd read;
  unique_fd write;
};

result<pipe_ends> make_pipe() {
  std::array<int, 2> raw{};
  if (::pipe2(raw.data(), O_CLOEXEC) != 0) return system_error("create a pipe", errno);
  pipe_ends ends{unique_fd(raw[0]), unique_fd(raw[1])};
  if (ends.write.get() <= report_number)
    ends.write.reset(::fcntl(raw[1], F_DUPFD_CLOEXEC, report_number + 1));
  if (ends.read.get() <= report_number) ends.read.reset(::fcntl(raw[0], F_DUPFD_CLOEXEC, report_number + 1));
  if (!ends.read || !ends.write) return system_error("move a pipe", errno);
  return ends;
}

std::vector<char*> c_strings(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

struct child_pipes {
  pipe_ends input;
  pipe_ends output;
  pipe_ends error_output;
  pipe_ends report;
};

result<pid_t> spawn(const command& what, const child_pipes& pipes) {
  std::vector<std::string> arguments = what.argv;
  std::vector<std::string> environment = what.environment;
  if (!what.report_variable.empty())
    environment.push_back(what.report_variable + "=" + std::to_string(report_number));
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, pipes.input.read.get(), 0);
  posix_spawn_file_actions_adddup2(&actions, pipes.output.write.get(), 1);
  posix_spawn_file_actions_adddup2(
      &actions, what.join_output ? pipes.output.write.get() : pipes.error_output.write.get(), 2);
  if (!what.report_variable.empty())
    posix_spawn_file_actions_adddup2(&actions, pipes.report.write.get(), report_number);
  // A descriptor that some library opened without O_CLOEXEC must not reach a container.
  posix_spawn_file_actions_addclosefrom_np(&actions,
                                           what.report_variable.empty() ? report_number : report_number + 1);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  pid_t pid = -1;
  const int failure = ::posix_spawn(&pid, arguments.front().c_str(), &actions, &attributes,
                                    c_strings(arguments).data(), c_strings(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) return system_error("start " + arguments.front(), failure);
  return pid;
}

/// Reads what is there. Returns false at the end of the stream.
bool drain(int fd, std::string& into, std::size_t limit_bytes) {
  std::array<char, 16384> buffer;
  while (true) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN;
    if (count == 0) return false;
    const std::size_t room = limit_bytes - std::min(limit_bytes, into.size());
    into.append(buffer.data(), std::min(room, static_cast<std::size_t>(count)));
  }
}

/// The parent's side of one run: feeds input, collects output, until the child and its report are there or
/// time is up.
class conversation {
public:
  conversation(const command& what, child_pipes pipes, pid_t pid)
      : what_(what), pipes_(std::move(pipes)), pid_(pid) {
    pipes_.input.read.reset();
    pipes_.output.write.reset();
    pipes_.error_output.write.reset();
    pipes_.report.write.reset();
    for (const int fd : {pipes_.input.write.get(), pipes_.output.read.get(), pipes_.error_output.read.get(),
                         pipes_.report.read.get()})
      if (fd >= 0) ::fcntl(fd, F_SETFL, O_NONBLOCK);
    process_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    ALWAYS(process_);
    if (what_.input.empty()) pipes_.input.write.reset();
  }

  outcome finish() {
    const steady_time deadline = system_clock_source().steady_now() + what_.timeout;
    while (!exited_ || pipes_.report.read) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - system_clock_source().steady_now());
      if (left.count() <= 0) {
        outcome_.timed_out = true;
        if (!exited_) {
          ::kill(-pid_, SIGKILL);
          collect();
        }
        break;
      }
      step(static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    }
    if (pipes_.output.read) drain(pipes_.output.read.get(), outcome_.output, what_.output_limit_bytes);
    if (pipes_.error_output.read)
      drain(pipes_.error_output.read.get(), outcome_.error_output, what_.output_limit_bytes);
    return std::move(outcome_);
  }

private:
  void step(int wait_ms) {
    std::array<pollfd, 5> waits{{{exited_ ? -1 : process_.get(), POLLIN, 0},
                                 {pipes_.input.write.get(), POLLOUT, 0},
                                 {pipes_.output.read.get(), POLLIN, 0},
                                 {pipes_.error_output.read.get(), POLLIN, 0},
                                 {pipes_.report.read.get(), POLLIN, 0}}};
    if (::poll(waits.data(), waits.size(), wait_ms) <= 0) return;
    if (waits[1].revents != 0) feed();
    read_from(pipes_.output.read, waits[2].revents, outcome_.output);
    read_from(pipes_.error_output.read, waits[3].revents, outcome_.error_output);
    read_from(pipes_.report.read, waits[4].revents, outcome_.report);
    if (const std::size_t end = outcome_.report.find('\n'); end != std::string::npos) {
      outcome_.report.resize(end);
      pipes_.report.read.reset();
    }
    if (waits[0].revents != 0) collect();
  }

  void feed() {
    const ssize_t count =
        ::write(pipes_.input.write.get(), what_.input.data() + fed_, what_.input.size() - fed_);
    if (count > 0) fed_ += static_cast<std::size_t>(count);
    const bool broken = count < 0 && errno != EAGAIN && errno != EINTR;
    if (broken || fed_ == what_.input.size()) pipes_.input.write.reset();
  }

  void read_from(unique_fd& from, short events, std::string& into) const {
    if (events != 0 && !drain(from.get(), into, what_.output_limit_bytes)) from.reset();
  }

  void collect() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    exited_ = true;
    if (WIFSIGNALED(status))
      outcome_.signal = WTERMSIG(status);
    else
      outcome_.exit_code = WEXITSTATUS(status);
  }

  const command& what_;
  child_pipes pipes_;
  pid_t pid_;
  unique_fd process_;
  bool exited_ = false;
  std::size_t fed_ = 0;
  outcome outcome_;
};

class posix_launcher final : public process_launcher {
public:
  result<outcome> run(const command& what) override {
    ALWAYS(!what.argv.empty());
    // A child that closes its input early must not end us.
    static const bool ignored = ::signal(SIGPIPE, SIG_IGN) != SIG_ERR;
    ALWAYS(ignored);
    child_pipes pipes;
    for (pipe_ends* ends : {&pipes.input, &pipes.output, &pipes.error_output, &pipes.report}) {
      if (ends == &pipes.report && what.report_variable.empty()) continue;
      auto made = make_pipe();
      if (!made) return std::move(made).error();
      *ends = std::move(*made);
    }
    const auto pid = spawn(what, pipes);
    if (!pid) return pid.error();
    return conversation(what, std::move(pipes), *pid).finish();
  }
};

} // namespace

process_launcher& system_process_launcher() {
  static posix_launcher instance;
  return instance;
}

error describe_failure(const command& what, const outcome& how) {
  std::string text = what.argv.front().substr(what.argv.front().rfind('/') + 1);
  if (how.timed_out)
    text += " did not end within " + std::to_string(what.timeout.count()) + " ms";
  else if (how.signal != 0)
    text += " was ended by signal " + std::to_string(how.signal);
  else
    text += " failed with code " + std::to_string(how.exit_code);
  std::string said = how.error_output.empty() ? how.output : how.error_output;
  while (!said.empty() && said.back() == '\n') said.pop_back();
  constexpr std::size_t enough = 2000;
  if (said.size() > enough) said.erase(0, said.size() - enough);
  if (!said.empty()) text += ": " + said;
  return error{.kind = how.timed_out ? error_kind::timeout : error_kind::internal,
               .message = std::move(text)};
}

} // namespace actord::runtime
