#include "runtime/process/process_launcher.hpp"

#include "runtime/files/file_tools.hpp"
#include "runtime/process/child_process.hpp"
#include "schema/base/clock.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace actord::runtime {
namespace {

struct child_pipes {
  pipe_ends input;
  pipe_ends output;
  pipe_ends error_output;
  pipe_ends report;
};

result<pid_t> spawn(const command& what, const child_pipes& pipes) {
  const int output = pipes.output.write.get();
  child_descriptors given{.input = pipes.input.read.get(),
                          .output = output,
                          .error_output = what.join_output ? output : pipes.error_output.write.get(),
                          .report = -1};
  std::vector<std::string> environment = what.environment;
  if (!what.report_variable.empty()) {
    given.report = pipes.report.write.get();
    environment.push_back(what.report_variable + "=" + std::to_string(report_descriptor));
  }
  return start_child(what.argv, environment, given, what.directory);
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
    process_ = watch_child(pid);
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
    const child_end end = await_child(pid_);
    exited_ = true;
    outcome_.signal = end.signal;
    outcome_.exit_code = end.exit_code;
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
