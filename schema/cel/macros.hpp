#pragma once

#include "schema/cel/expression.hpp"

#include <string>

namespace actord::schema::cel {

/// Turns a call of `has`, `all`, `exists`, `exists_one`, `map`, `filter`, their likes over two variables,
/// `cel.bind`, `optMap` and `optFlatMap` into what it stands for; leaves every other call as it is. False
/// with what is wrong, and where, when such a call has the wrong form.
bool expand_macro(node& call, std::string& complaint, std::size_t& at);

} // namespace actord::schema::cel
