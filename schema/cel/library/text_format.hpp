#pragma once

#include "schema/cel/functions.hpp"

namespace actord::schema::cel {

/// 'form'.format(items): %s of anything, %d of whole numbers, %f and %e (with a precision) of numbers, %b,
/// %o, %x and %X.
value formatted(std::string_view form, const value& items, spending& cost);

} // namespace actord::schema::cel
