#pragma once

#include "schema/base/result.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

/// Files only their owner may read. The one place in net/ that reads and writes files.

namespace actord::net {

/// Creates `directory` (and parents) and makes it mode 0700.
result<void> make_secret_directory(const std::filesystem::path& directory);

/// Replaces `file` by `content` so that a crash leaves the old or the new one, never a part: mode 0600 from
/// its first byte, synced, renamed into place.
result<void> write_secret_file(const std::filesystem::path& file, std::string_view content);

/// Nothing when there is no such file. Mends a mode that lets others read it.
result<std::optional<std::string>> read_secret_file(const std::filesystem::path& file);

} // namespace actord::net
