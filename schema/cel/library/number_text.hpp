#pragma once

#include "schema/cel/value.hpp"

#include <optional>
#include <string>

namespace actord::schema::cel {

/// As Go's %g prints it: "1.5", "1e+21", "+Inf".
std::string number_text(double number);
/// Text of a library's value that has one.
std::optional<std::string> opaque_text(const opaque_value& of);

} // namespace actord::schema::cel
