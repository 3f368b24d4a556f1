#pragma once

#include "schema/base/error.hpp"

#include <string>
#include <utility>

namespace actord::actors {

/// Why a plugin refuses. The chain names the object: `pods "x" is forbidden: ` comes before it.
inline error forbidden(std::string why) {
  return {.kind = error_kind::forbidden, .message = std::move(why), .causes = {}, .subject = {}};
}

} // namespace actord::actors
