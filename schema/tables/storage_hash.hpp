#pragma once

#include <string>

namespace actord::schema {

/// What discovery calls storageVersionHash: clients only compare it, to learn whether two resources show the
/// same stored objects. Base64 of the first eight bytes of SHA-256 over "group/version/kind".
std::string storage_hash(const std::string& group_version_kind);

} // namespace actord::schema
