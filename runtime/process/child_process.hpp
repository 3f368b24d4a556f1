#pragma once

#include "runtime/files/unique_fd.hpp"
#include "schema/base/result.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

/// Starting programs, for those that do not wait until they end (who does: process_launcher).

namespace actord::runtime {

struct pipe_ends {
  unique_fd read;
  unique_fd write;
};

/// Both ends closed on exec, and their numbers above all that a child is given.
result<pipe_ends> make_pipe();

/// What a child gets as its descriptors 0, 1, 2 and, unless it is -1, 3.
struct child_descriptors {
  int input = -1;
  int output = -1;
  int error_output = -1;
  int report = -1;
};

inline constexpr int report_descriptor = 3;

/// posix_spawn: no fork of a large process. Leader of its own process group, no signal blocked or ignored, no
/// other descriptor. It works in `directory`, or where this process does.
result<pid_t> start_child(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                          const child_descriptors& descriptors, const std::string& directory = {});

struct child_end {
  int exit_code = 0; ///< meaningful when `signal` is 0
  int signal = 0;
};

/// How it ended, once; nothing while it runs.
std::optional<child_end> collect_child(pid_t pid);
/// Waits for it.
child_end await_child(pid_t pid);
/// Readable when the child has ended.
unique_fd watch_child(pid_t pid);

} // namespace actord::runtime
