#include "net/services/command_runner.hpp"

#include "schema/base/clock.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

extern char** environ;

namespace actord::net {

namespace {

constexpr auto time_limit = std::chrono::seconds(60);

/// A pipe end that closes itself.
class pipe_end {
public:
  pipe_end() = default;
  pipe_end(const pipe_end&) = delete;
  pipe_end& operator=(const pipe_end&) = delete;
  ~pipe_end() { reset(); }

  void reset(int descriptor = -1) {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = descriptor;
  }
  [[nodiscard]] int get() const { return descriptor_; }

private:
  int descriptor_ = -1;
};

struct child_pipe {
  pipe_end read;
  pipe_end write;

  bool open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read.reset(ends[0]);
    write.reset(ends[1]);
    return true;
  }
};

error system_error(const std::string& doing, int code) {
  return error{.kind = error_kind::internal, .message = doing + ": " + std::strerror(code)};
}

/// Takes what is there; closes the end at its end.
void drain(pipe_end& end, std::string& into) {
  std::array<char, 16 * 1024> buffer{};
  const ssize_t count = ::read(end.get(), buffer.data(), buffer.size());
  if (count > 0) {
    into.append(buffer.data(), static_cast<std::size_t>(count));
  } else if (count == 0 || errno != EINTR) {
    end.reset();
  }
}

void feed(pipe_end& end, std::string_view& input) {
  const ssize_t count = ::write(end.get(), input.data(), input.size());
  if (count > 0) input.remove_prefix(static_cast<std::size_t>(count));
  if (input.empty() || (count < 0 && errno != EINTR && errno != EAGAIN)) end.reset();
}

class process_runner final : public command_runner {
public:
  result<command_outcome> run(const std::vector<std::string>& arguments, std::string_view input) override {
    child_pipe in;
    child_pipe out;
    child_pipe err;
    if (!in.open() || !out.open() || !err.open()) return system_error("creating a pipe", errno);
    ::fcntl(in.write.get(), F_SETFL, O_NONBLOCK);
    const auto child = spawn(arguments, in.read.get(), out.write.get(), err.write.get());
    if (!child) return child.error();
    in.read.reset();
    out.write.reset();
    err.write.reset();
    command_outcome outcome;
    const bool in_time = converse(in.write, input, out.read, outcome.output, err.read, outcome.errors);
    if (!in_time) ::kill(*child, SIGKILL);
    int status = 0;
    while (::waitpid(*child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!in_time) return error{.kind = error_kind::timeout, .message = arguments.front() + " took too long"};
    outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return outcome;
  }

private:
  static result<pid_t> spawn(const std::vector<std::string>& arguments, int in, int out, int err) {
    std::vector<char*> argv;
    for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    pid_t child = 0;
    const int failure = ::posix_spawnp(&child, argv[0], &actions, &attributes, argv.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (failure != 0) return system_error("starting " + arguments.front(), failure);
    return child;
  }

  /// False when the time is up.
  static bool converse(pipe_end& in, std::string_view input, pipe_end& out, std::string& output,
                       pipe_end& err, std::string& errors) {
    const sigset_mask_guard no_sigpipe;
    const steady_time deadline = system_clock_source().steady_now() + time_limit;
    if (input.empty()) in.reset();
    while (out.get() >= 0 || err.get() >= 0) {
      std::array<pollfd, 3> waits{pollfd{in.get(), POLLOUT, 0}, pollfd{out.get(), POLLIN, 0},
                                  pollfd{err.get(), POLLIN, 0}};
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - system_clock_source().steady_now());
      if (left.count() <= 0) return false;
      if (::poll(waits.data(), waits.size(), static_cast<int>(left.count())) < 0 && errno != EINTR)
        return false;
      if (waits[0].revents != 0) feed(in, input);
      if (waits[1].revents != 0) drain(out, output);
      if (waits[2].revents != 0) drain(err, errors);
    }
    return true;
  }

  /// A child that ends before it read all its input must not end us: SIGPIPE is blocked for this thread, and
  /// taken back.
  class sigset_mask_guard {
  public:
    sigset_mask_guard() {
      sigemptyset(&pipe_);
      sigaddset(&pipe_, SIGPIPE);
      pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    sigset_mask_guard(const sigset_mask_guard&) = delete;
    sigset_mask_guard& operator=(const sigset_mask_guard&) = delete;
    ~sigset_mask_guard() {
      const timespec at_once{};
      if (sigismember(&before_, SIGPIPE) == 0) {
        while (sigtimedwait(&pipe_, nullptr, &at_once) > 0) {
        }
      }
      pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

  private:
    sigset_t pipe_{};
    sigset_t before_{};
  };
};

} // namespace

std::unique_ptr<command_runner> make_process_runner() { return std::make_unique<process_runner>(); }

} // namespace actord::net
