#pragma once

#include "schema/cel/expression.hpp"
#include "schema/cel/functions.hpp"

#include <span>

namespace actord::schema::cel {

/// What a checked expression yields with these values of its environment's variables, by slot. A failure says
/// why there is nothing ("no such key: a", "integer overflow", "divide by zero").
value evaluate(const node& root, std::span<const value> variables, spending& cost);

} // namespace actord::schema::cel
