#pragma once

#include "schema/base/result.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace actord::runtime {

/// A program to run. There is never a shell between: argv goes to the program as it is.
struct command {
  std::vector<std::string> argv;        ///< argv[0] is an absolute path
  std::vector<std::string> environment; ///< "NAME=value"; nothing is inherited
  std::string input;                    ///< all of its standard input
  std::string directory;                ///< it works in; empty: where the daemon does
  std::chrono::milliseconds timeout{30'000};
  std::size_t output_limit_bytes = 1 << 20; ///< of each stream; what comes after is read and dropped
  bool join_output = false;                 ///< standard error goes where standard output goes
  /// When set, an environment variable of this name holds the number of a pipe, and `run` also waits for one
  /// line on it: how a program that daemonizes (conmon) says how it went.
  std::string report_variable;
};

struct outcome {
  int exit_code = 0; ///< meaningful when `signal` is 0
  int signal = 0;
  bool timed_out = false; ///< its process group got SIGKILL
  std::string output;
  std::string error_output;
  std::string report; ///< the line, without its end

  [[nodiscard]] bool succeeded() const { return exit_code == 0 && signal == 0 && !timed_out; }
};

/// Starts programs and waits for them. An error means that the program could not be started at all.
class process_launcher {
public:
  virtual ~process_launcher() = default;
  virtual result<outcome> run(const command& what) = 0;
};

/// posix_spawn: no fork of a large process. Only the descriptors 0, 1, 2 and the report pipe reach the child.
process_launcher& system_process_launcher();

/// The failure of a program as an error: which one, how it ended, and the last of what it said.
error describe_failure(const command& what, const outcome& how);

} // namespace actord::runtime
