#pragma once

#include "schema/base/json.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace actord {

/// The member at the end of a path of names; null where there is none. The result is valid as long as the
/// object.
const json& json_member(const json& object, std::initializer_list<const char*> path);

/// A member that is a text; `otherwise` where there is none.
std::string text_member(const json& object, const char* name, std::string_view otherwise = {});
/// The texts of a member that is a list; what is no text is left out.
std::vector<std::string> text_members(const json& object, const char* name);

} // namespace actord
