#pragma once

#include "runtime/files/unique_fd.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace actord::runtime {

/// What a tar entry says about its file.
struct layer_entry {
  enum class form : std::uint8_t {
    file,
    directory,
    symlink,
    hard_link,
    character_device,
    block_device,
    fifo
  };

  form kind = form::file;
  std::string path;   ///< clean: relative, without "." and ".."
  std::string target; ///< of links; clean when it is a hard link's
  unsigned mode = 0;
  std::int64_t user = 0;
  std::int64_t group = 0;
  timespec modified{};
  unsigned device_major = 0;
  unsigned device_minor = 0;
  std::vector<std::pair<std::string, std::string>> attributes;
};

/// The directory a layer is written into. Every path is resolved by the kernel as if that directory were "/".
class layer_tree {
public:
  explicit layer_tree(unique_fd root) : root_(std::move(root)) {}

  /// Creates the entry, replacing what the layer put there before (a directory stays and takes the new mode).
  /// For a file, the descriptor to write its content to.
  result<unique_fd> create(const layer_entry& entry);
  /// To be called when a file's content is written, which clears set-user-id bits and capabilities and moves
  /// the time.
  static result<void> settle_file(int file, const layer_entry& entry);
  /// The file `path` of lower layers is gone.
  result<void> white_out(const std::string& path);
  /// Nothing of lower layers shows through the directory `path`.
  result<void> make_opaque(const std::string& path);
  /// Directory times, which creating entries in them has disturbed, and the rule for /dev, /proc and /sys.
  result<void> finish();

private:
  result<int> parent_of(const std::string& path);
  result<void> make_parents(const std::string& path);
  result<void> clear_way(int parent, const std::string& name, bool keep_directory, bool& whiteout_removed);
  result<unique_fd> place(int parent, const std::string& name, const layer_entry& entry);
  static result<void> set_properties(int parent, const std::string& name, const layer_entry& entry);

  unique_fd root_;
  std::string parent_path_;
  std::optional<unique_fd> parent_; ///< of `parent_path_`, since entries come directory by directory
  std::vector<std::pair<std::string, timespec>> directory_times_;
};

} // namespace actord::runtime
