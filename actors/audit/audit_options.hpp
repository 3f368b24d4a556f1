#pragma once

#include "runtime/logs/rotating_file.hpp"

#include <string>

namespace actord::actors {

/// What the daemon's flags say about auditing.
struct audit_options {
  std::string policy_file; ///< empty: no audit
  std::string log_path;    ///< "-": standard output
  runtime::rotation_limits limits;
};

} // namespace actord::actors
