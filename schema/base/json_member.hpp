#pragma once

#include "schema/base/json.hpp"

#include <initializer_list>

namespace actord {

/// The member at the end of a path of names; null where there is none. The result is valid as long as the
/// object.
const json& json_member(const json& object, std::initializer_list<const char*> path);

} // namespace actord
