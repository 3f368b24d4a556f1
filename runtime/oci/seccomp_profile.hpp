#pragma once

#include "schema/base/json_fwd.hpp"

#include <set>
#include <string>

namespace actord::runtime {

/// RuntimeDefault: what programs use is allowed, what only manages the machine is refused with EPERM, and
/// what neither list knows "does not exist" (ENOSYS), so that programs fall back. The machine's own
/// architecture only: filters for 32-bit programs too take crun 20 ms to build for every container. A
/// capability that the container has opens the calls it is for ("CAP_SYS_ADMIN").
json default_seccomp_profile(const std::set<std::string>& capabilities);

} // namespace actord::runtime
