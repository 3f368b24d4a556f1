#pragma once

#include "schema/base/result.hpp"
#include "schema/base/rng.hpp"

#include <string>
#include <string_view>

namespace actord::schema {

/// Encrypts the text of stamped bytes with the key that the current ring chooses for their resource. The
/// whole envelope (address, uid, revision, labels, ...) is bound to the text: moved to another object or
/// another revision, it does not open any more. False when the text stays as it is. Bytes whose text is
/// encrypted already are refused, for the envelope they were bound to is gone.
result<bool> protect_object(std::string& bytes, random_source& random);

} // namespace actord::schema
