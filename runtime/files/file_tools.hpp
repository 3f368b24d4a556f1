#pragma once

#include "runtime/files/unique_fd.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The few file operations of a node, each with its error as a value. Paths given here are ours; whatever
/// comes from an image or a volume is opened with `open_in_root`, which no symlink and no ".." leads out of.

namespace actord::runtime {

/// An `internal` error that says what was tried and why the system refused ("mount /x: No such device").
error system_error(std::string what, int error_number);

result<void> make_directories(const std::string& path, unsigned mode = 0755);

/// The whole file; files longer than `limit_bytes` are an error. Empty optional: it does not exist.
result<std::optional<std::string>> read_file(const std::string& path, std::size_t limit_bytes = 16 << 20);

enum class durability : bool { cached, synced };

/// Replaces the file in one step: readers see the old text or the new one. `synced` survives a power failure.
result<void> write_file_atomic(const std::string& path, std::string_view text, unsigned mode = 0600,
                               durability durable = durability::cached);

/// Opens `path` as if `root` were "/": symlinks and ".." stay inside, magic links are refused.
result<unique_fd> open_in_root(int root, const std::string& path, std::uint64_t flags,
                               std::uint64_t mode = 0);
result<unique_fd> open_directory(const std::string& path);

/// Reads a file below `root` with the rules of `open_in_root`. Empty optional: it does not exist.
result<std::optional<std::string>> read_file_in_root(const std::string& root, const std::string& path,
                                                     std::size_t limit_bytes = 1 << 20);

/// Removes the file or the whole tree, never following symlinks and never crossing into another mount.
/// Missing is success.
result<void> remove_tree(const std::string& path);

/// Names in a directory without "." and "..", sorted. A missing directory has none.
std::vector<std::string> directory_entries(const std::string& path);

/// The directories among them, by what the directory says of its entries: nothing is looked at singly.
std::vector<std::string> subdirectories(const std::string& path);

/// The mount points below or at `path` (as the kernel names them), deepest first.
std::vector<std::string> mount_points_below(const std::string& path);
/// Detaches every mount at or below `path`.
result<void> unmount_below(const std::string& path);

} // namespace actord::runtime
