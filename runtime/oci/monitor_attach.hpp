#pragma once

#include "runtime/command_process.hpp"
#include "schema/base/result.hpp"

#include <string>

/// Reaching a container's own streams through the conmon that holds them, by the files it keeps in the
/// container's directory.

namespace actord::runtime {

/// A packet socket; see container_runtime::attach.
result<unique_fd> attach_to_monitor(const std::string& directory);
result<void> resize_by_monitor(const std::string& directory, window_size size);

} // namespace actord::runtime
