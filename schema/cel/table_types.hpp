#pragma once

#include "schema/cel/type.hpp"

namespace actord::schema {
struct object_type;
}

namespace actord::schema::cel {

/// What expressions know of objects of a kind in the type table. The row must outlive the result.
type_ref table_type(const object_type& row);

} // namespace actord::schema::cel
