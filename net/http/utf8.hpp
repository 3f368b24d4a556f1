#pragma once

#include <string_view>

namespace actord::net {

/// Well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

} // namespace actord::net
