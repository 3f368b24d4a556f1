#pragma once

#include "schema/cel/type.hpp"

#include <map>
#include <string>

namespace actord::schema::cel {

/// What the parameters of a signature stand for in one call.
using bindings = std::map<std::string, type_ref>;

/// Whether a value of the type `actual` may stand where `wanted` is asked for; binds parameters of `wanted`.
bool assignable(const type_ref& wanted, const type_ref& actual, bindings& bound);
/// With parameters replaced; those that stand for nothing are dynamic.
type_ref substituted(const type_ref& from, const bindings& bound);
/// A type for values of both.
type_ref joined(const type_ref& left, const type_ref& right);

} // namespace actord::schema::cel
