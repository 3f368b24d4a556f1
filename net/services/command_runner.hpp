#pragma once

#include "schema/base/result.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace actord::net {

struct command_outcome {
  int exit_code = 0; ///< 128 + signal when it was killed
  std::string output;
  std::string errors;
};

/// Runs the programs that program the kernel. An interface, so that tests see what would be run.
class command_runner {
public:
  virtual ~command_runner() = default;
  /// Blocks. `arguments[0]` is looked up in PATH; no shell is involved. Fails when the program cannot be
  /// started or takes longer than a minute.
  virtual result<command_outcome> run(const std::vector<std::string>& arguments, std::string_view input) = 0;
};

std::unique_ptr<command_runner> make_process_runner();

} // namespace actord::net
