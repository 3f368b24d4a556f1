#pragma once

#include "runtime/files/unique_fd.hpp"
#include "schema/base/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace actord::runtime {

struct window_size {
  std::uint16_t columns = 0;
  std::uint16_t rows = 0;
};

/// A command to run in a running container, and which of its streams somebody wants.
struct command_terms {
  std::vector<std::string> command;
  bool input = false;
  bool output = false;
  bool error_output = false;
  bool terminal = false;                ///< one terminal instead of the streams
  std::optional<window_size> size = {}; ///< of the terminal, from the beginning
};

struct command_end {
  int exit_code = 0; ///< 128 and the signal, when one ended it
  /// Set when the command could not be started at all.
  std::optional<error> failure = {};
};

/// A command that runs in a container. Destroying it ends the command if it still runs, and leaves no zombie.
class command_process {
public:
  virtual ~command_process() = default;

  /// Our ends, for the taking; those that were not asked for are empty. With a terminal there is only that.
  unique_fd input;
  unique_fd output;
  unique_fd error_output;
  unique_fd terminal;
  /// Readable once it has ended.
  unique_fd ended;

  /// How it ended; nothing while it runs.
  virtual std::optional<command_end> collect() = 0;
  /// Tells it that its user is gone, as a terminal does.
  virtual void hang_up() = 0;
  /// Ends it and everything of its session.
  virtual void kill() = 0;
};

} // namespace actord::runtime
