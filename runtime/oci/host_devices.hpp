#pragma once

#include "runtime/oci/bundle.hpp"

#include <vector>

namespace actord::runtime {

/// The machine's device nodes, for privileged containers, which have them all; terminals and what a container
/// has of its own (pts, shm, mqueue, console) left out.
std::vector<host_device> list_host_devices();

} // namespace actord::runtime
