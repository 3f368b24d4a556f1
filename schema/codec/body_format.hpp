#pragma once

#include <cstdint>

namespace actord::schema {

/// How a body is written.
enum class body_format : std::uint8_t { json, yaml, protobuf };

/// What to do about unknown and duplicate fields of a body: say nothing, warn, or refuse it. They are dropped
/// anyway (of duplicates the last one counts).
enum class field_validation : std::uint8_t { ignore, warn, strict };

} // namespace actord::schema
