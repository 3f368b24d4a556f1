#pragma once

#include "schema/base/json_fwd.hpp"

#include <string>

namespace actord::actors {

/// A document as YAML in block style. Texts are quoted as JSON wherever plain YAML could read them
/// differently.
std::string yaml_text(const json& document);

} // namespace actord::actors
