#pragma once

#include "schema/base/ids.hpp"

namespace actord {

/// For maps of objects that every write asks. Not noexcept, on purpose: then the library keeps the hash
/// beside each key. It would compute those of the neighbours again in each search, 1 % of the instructions of
/// a create.
struct kept_key_hash {
  std::size_t operator()(const object_key& key) const { return std::hash<object_key>{}(key); }
};

} // namespace actord
