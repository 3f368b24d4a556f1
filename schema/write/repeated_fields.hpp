#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {

/// Members that a JSON text names twice in one object, each as `duplicate field "spec.containers[0].name"`,
/// in the order of the text. The text must be well formed and not too deep (parse_json has accepted it).
std::vector<std::string> repeated_fields(std::string_view text);

} // namespace actord::schema
