#pragma once

#include "schema/base/unique_fd.hpp"

namespace actord::runtime {

using actord::unique_fd;

} // namespace actord::runtime
