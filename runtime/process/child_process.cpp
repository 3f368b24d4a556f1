#include "runtime/process/child_process.hpp"

#include "runtime/files/file_tools.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>

namespace actord::runtime {
namespace {

std::vector<char*> c_strings(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

child_end end_of(int status) {
  if (WIFSIGNALED(status)) return {.exit_code = 0, .signal = WTERMSIG(status)};
  return {.exit_code = WEXITSTATUS(status), .signal = 0};
}

} // namespace

result<pipe_ends> make_pipe() {
  std::array<int, 2> raw{};
  if (::pipe2(raw.data(), O_CLOEXEC) != 0) return system_error("create a pipe", errno);
  pipe_ends ends{unique_fd(raw[0]), unique_fd(raw[1])};
  // So that no dup2 in the child overwrites another one's source.
  if (ends.write.get() <= report_descriptor)
    ends.write.reset(::fcntl(raw[1], F_DUPFD_CLOEXEC, report_descriptor + 1));
  if (ends.read.get() <= report_descriptor)
    ends.read.reset(::fcntl(raw[0], F_DUPFD_CLOEXEC, report_descriptor + 1));
  if (!ends.read || !ends.write) return system_error("move a pipe", errno);
  return ends;
}

result<pid_t> start_child(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                          const child_descriptors& descriptors, const std::string& directory) {
  std::vector<std::string> arguments = argv;
  std::vector<std::string> assignments = environment;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, descriptors.input, 0);
  posix_spawn_file_actions_adddup2(&actions, descriptors.output, 1);
  posix_spawn_file_actions_adddup2(&actions, descriptors.error_output, 2);
  if (descriptors.report >= 0)
    posix_spawn_file_actions_adddup2(&actions, descriptors.report, report_descriptor);
  // A descriptor that some library opened without O_CLOEXEC must not reach a container.
  posix_spawn_file_actions_addclosefrom_np(&actions, descriptors.report >= 0 ? report_descriptor + 1
                                                                             : report_descriptor);
  if (!directory.empty()) posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
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
                                    c_strings(arguments).data(), c_strings(assignments).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) return system_error("start " + arguments.front(), failure);
  return pid;
}

std::optional<child_end> collect_child(pid_t pid) {
  int status = 0;
  pid_t found = 0;
  while ((found = ::waitpid(pid, &status, WNOHANG)) < 0 && errno == EINTR) {
  }
  if (found != pid) return std::nullopt;
  return end_of(status);
}

child_end await_child(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return end_of(status);
}

unique_fd watch_child(pid_t pid) { return unique_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

} // namespace actord::runtime
