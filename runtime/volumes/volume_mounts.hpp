#pragma once

#include "schema/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// Directories and mounts behind a pod's volumes. All calls are idempotent. Blocks.

namespace actord::runtime {

/// A tmpfs at `path` (created): for Secrets and for emptyDir with medium Memory. 0 bytes: the kernel's
/// default.
result<void> mount_memory_volume(const std::string& path, std::int64_t size_bytes, unsigned mode = 0777);

/// A plain directory for emptyDir, open to all, owned by the group (set-group-id) when one is given.
result<void> make_scratch_volume(const std::string& path, std::optional<std::int64_t> group);

/// Gives the volume to the group as fsGroup asks: every file and directory in it, without following symlinks.
result<void> give_to_group(const std::string& path, std::int64_t group, bool read_only);

/// hostPath: checks or creates what its type asks ("", "DirectoryOrCreate", "Directory", "FileOrCreate",
/// "File", "Socket", "CharDevice", "BlockDevice"); an `invalid` error says what was found instead.
result<void> check_host_path(const std::string& path, const std::string& type);

/// Binds `sub_path` of the volume to `target`, which a container then mounts. The path is resolved inside the
/// volume whatever symlinks a container puts there meanwhile, and bound by descriptor. A missing one becomes
/// a directory.
result<void> bind_sub_path(const std::string& volume, const std::string& sub_path, const std::string& target);

/// Unmounts whatever is mounted at or below `path` and removes the tree.
result<void> remove_volumes(const std::string& path);

} // namespace actord::runtime
