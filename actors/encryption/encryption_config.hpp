#pragma once

#include "schema/base/result.hpp"
#include "schema/base/rng.hpp"
#include "schema/crypt/key_ring.hpp"

#include <memory>
#include <string>
#include <string_view>

/// Which resources are encrypted at rest, with which keys: the EncryptionConfiguration of
/// apiserver.config.k8s.io/v1, of whose providers `aesgcm` (with keys of 32 bytes) and `identity` are served.

namespace actord::actors {

/// The ring a configuration describes. The first provider of a resource encrypts what is written from now on,
/// all keys of the file open what was written before. `file` is named in errors, which say which entry is
/// wrong.
result<std::shared_ptr<const schema::key_ring>> parse_encryption_config(std::string_view text,
                                                                        const std::string& file);

/// A configuration that encrypts Secrets with a key made now; what a data directory without one gets.
std::string new_encryption_config(random_source& random, std::string_view key_name);

} // namespace actord::actors
