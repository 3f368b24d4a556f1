#pragma once

#include "schema/base/result.hpp"

#include <string>
#include <vector>

namespace actord::runtime {

/// Mounts the image's layers (lowest first) with a writable directory over them at `target`; `writable` keeps
/// what the container changes. Both are created. Already mounted is success.
result<void> mount_container_root(const std::vector<std::string>& layers, const std::string& writable,
                                  const std::string& target);

} // namespace actord::runtime
