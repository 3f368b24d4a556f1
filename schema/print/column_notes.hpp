#pragma once

#include <string_view>

namespace actord::schema::print {

/// One sentence on what a column shows, for Table.columnDefinitions.
std::string_view column_note(std::string_view column);

} // namespace actord::schema::print
