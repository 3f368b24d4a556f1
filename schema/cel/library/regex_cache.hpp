#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace actord::schema::cel {

/// The compiled expression, in Go's dialect; the last few hundred are kept. Matching takes time linear in the
/// text, and a bounded amount of memory. Not null, but perhaps not ok().
std::shared_ptr<const re2::RE2> compiled_pattern(std::string_view pattern);
/// What is wrong with it, as Go says it; empty when nothing is.
std::string complaint_of_pattern(std::string_view pattern);

} // namespace actord::schema::cel
