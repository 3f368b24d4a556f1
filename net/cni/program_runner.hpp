#pragma once

#include "schema/base/result.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace actord::net {

struct program_reply {
  bool succeeded = false;
  std::string output;
  std::string error_output;
};

/// Runs a program to its end. Declared here for plugins and iptables; processes are runtime/'s to start.
class program_runner {
public:
  virtual ~program_runner() = default;
  virtual result<program_reply> run(const std::vector<std::string>& argv,
                                    const std::vector<std::string>& environment, const std::string& input,
                                    std::chrono::milliseconds timeout) = 0;
};

} // namespace actord::net
