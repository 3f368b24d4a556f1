#pragma once

#include <nlohmann/json_fwd.hpp>

namespace actord {
using json = nlohmann::json;
} // namespace actord
