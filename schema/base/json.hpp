#pragma once

#include <nlohmann/json.hpp>

namespace actord {

/// The mutable tree used to build and patch objects. Its object type keeps keys sorted, which is the key
/// order of our canonical text. Include nlohmann/json_fwd.hpp and schema/base/json_fwd.hpp in headers where
/// possible.
using json = nlohmann::json;

} // namespace actord
