#pragma once

#include "schema/base/json_fwd.hpp"

#include <functional>
#include <string>

/// Recorded conversations with an API server: one case per line, {"id", "kind", "steps": [{"method", "path",
/// "contentType", "body", "status", "answer", "warnings"}]}. "*" in an answer stands for anything.

namespace actord::golden {

/// Calls `visit` with every case of an xz-compressed file; the error is what went wrong, empty when nothing
/// did.
std::string read_recordings(const std::string& path, const std::function<void(const json& recorded)>& visit);

} // namespace actord::golden
