#pragma once

#include "actors/cluster/daemon.hpp"

#include <optional>

namespace actord::cli {

struct daemon_arguments {
  actors::daemon_options options;
  bool reset = false; ///< remove what an earlier daemon left instead of starting one
  std::optional<int>
      exit_code; ///< set when there is nothing to run: help was asked for, or an argument is wrong
};

/// Reads the command line of actord (DESIGN section 10). Prints what is wrong with it to stderr.
daemon_arguments parse_daemon_arguments(int argc, char** argv);

} // namespace actord::cli
