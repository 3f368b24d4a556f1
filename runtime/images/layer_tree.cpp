#include "runtime/images/layer_tree.hpp"

#include "runtime/files/file_tools.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace actord::runtime {
namespace {

constexpr const char* opaque_attribute = "trusted.overlay.opaque";

std::string directory_part(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string{} : path.substr(0, slash);
}

std::string name_part(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

bool is_whiteout(const struct stat& status) { return S_ISCHR(status.st_mode) && status.st_rdev == 0; }

std::string descriptor_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

} // namespace

result<int> layer_tree::parent_of(const std::string& path) {
  const std::string directory = directory_part(path);
  if (directory.empty()) return root_.get();
  if (parent_ && parent_path_ == directory) return parent_->get();
  auto opened = open_in_root(root_.get(), directory, O_PATH | O_DIRECTORY);
  if (!opened && opened.error().kind == error_kind::not_found) {
    if (auto made = make_parents(directory); !made) return made.error();
    opened = open_in_root(root_.get(), directory, O_PATH | O_DIRECTORY);
  }
  if (!opened) return std::move(opened).error();
  parent_ = std::move(*opened);
  parent_path_ = directory;
  return parent_->get();
}

result<void> layer_tree::make_parents(const std::string& path) {
  for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    const std::string above = directory_part(part);
    const auto parent = open_in_root(root_.get(), above.empty() ? "." : above, O_PATH | O_DIRECTORY);
    if (!parent) return parent.error();
    if (::mkdirat(parent->get(), name_part(part).c_str(), 0755) != 0 && errno != EEXIST)
      return system_error("create directory " + part, errno);
    if (end == std::string::npos) return {};
  }
}

result<void> layer_tree::clear_way(int parent, const std::string& name, bool keep_directory,
                                   bool& whiteout_removed) {
  struct stat status{};
  if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? result<void>{} : system_error("look at " + name, errno);
  if (S_ISDIR(status.st_mode) && keep_directory) return {};
  whiteout_removed = is_whiteout(status);
  // What this layer made the name mean may be what a cached parent descriptor went through.
  parent_path_.clear();
  if (S_ISDIR(status.st_mode)) return remove_tree(descriptor_path(parent) + "/" + name);
  if (::unlinkat(parent, name.c_str(), 0) != 0) return system_error("remove " + name, errno);
  return {};
}

result<unique_fd> layer_tree::create(const layer_entry& entry) {
  const auto found = parent_of(entry.path);
  if (!found) return found.error();
  // clear_way may forget the cached parent but never closes it: the descriptor is good until the next
  // parent_of.
  const int parent = *found;
  const std::string name = name_part(entry.path);
  const bool is_directory = entry.kind == layer_entry::form::directory;
  bool whiteout_removed = false;
  if (auto cleared = clear_way(parent, name, is_directory, whiteout_removed); !cleared)
    return cleared.error();
  auto file = place(parent, name, entry);
  if (!file) return file;
  if (entry.kind == layer_entry::form::symlink) parent_path_.clear();
  if (entry.kind != layer_entry::form::hard_link)
    if (auto set = set_properties(parent, name, entry); !set) return set.error();
  if (is_directory) {
    directory_times_.emplace_back(entry.path, entry.modified);
    // The layer deletes a file below and puts a directory in its place: it must not merge with one further
    // down.
    if (whiteout_removed)
      if (auto opaque = make_opaque(entry.path); !opaque) return opaque.error();
  }
  return file;
}

result<unique_fd> layer_tree::place(int parent, const std::string& name, const layer_entry& entry) {
  const auto failed = [&] { return system_error("unpack " + entry.path, errno); };
  switch (entry.kind) {
  case layer_entry::form::file: {
    unique_fd file(
        ::openat(parent, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return failed();
    return file;
  }
  case layer_entry::form::directory:
    if (::mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST) return failed();
    return unique_fd{};
  case layer_entry::form::symlink:
    if (::symlinkat(entry.target.c_str(), parent, name.c_str()) != 0) return failed();
    return unique_fd{};
  case layer_entry::form::hard_link: {
    const std::string above = directory_part(entry.target);
    const auto source = open_in_root(root_.get(), above.empty() ? "." : above, O_PATH | O_DIRECTORY);
    if (!source) return source.error();
    if (::linkat(source->get(), name_part(entry.target).c_str(), parent, name.c_str(), 0) != 0)
      return failed();
    return unique_fd{};
  }
  case layer_entry::form::character_device:
  case layer_entry::form::block_device:
  case layer_entry::form::fifo: {
    const unsigned type = entry.kind == layer_entry::form::fifo           ? S_IFIFO
                          : entry.kind == layer_entry::form::block_device ? S_IFBLK
                                                                          : S_IFCHR;
    if (::mknodat(parent, name.c_str(), type | 0600, makedev(entry.device_major, entry.device_minor)) != 0)
      return failed();
    return unique_fd{};
  }
  }
  return error{.message = "unknown kind of entry"};
}

result<void> layer_tree::set_properties(int parent, const std::string& name, const layer_entry& entry) {
  const auto failed = [&] { return system_error("set owner and mode of " + entry.path, errno); };
  if (::fchownat(parent, name.c_str(), static_cast<uid_t>(entry.user), static_cast<gid_t>(entry.group),
                 AT_SYMLINK_NOFOLLOW) != 0)
    return failed();
  if (entry.kind == layer_entry::form::file) return {};
  // After the owner, which clears set-user-id bits.
  if (entry.kind != layer_entry::form::symlink &&
      ::fchmodat(parent, name.c_str(), entry.mode & 07777, 0) != 0)
    return failed();
  const std::string self = descriptor_path(parent) + "/" + name;
  for (const auto& [key, value] : entry.attributes)
    if (::lsetxattr(self.c_str(), key.c_str(), value.data(), value.size(), 0) != 0 && errno != ENOTSUP &&
        errno != EPERM)
      return system_error("set attribute " + key + " of " + entry.path, errno);
  const std::array<timespec, 2> times{entry.modified, entry.modified};
  ::utimensat(parent, name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW);
  return {};
}

result<void> layer_tree::settle_file(int file, const layer_entry& entry) {
  if (::fchmod(file, entry.mode & 07777) != 0) return system_error("set mode of " + entry.path, errno);
  for (const auto& [key, value] : entry.attributes)
    if (::fsetxattr(file, key.c_str(), value.data(), value.size(), 0) != 0 && errno != ENOTSUP)
      return system_error("set attribute " + key + " of " + entry.path, errno);
  const std::array<timespec, 2> times{entry.modified, entry.modified};
  ::futimens(file, times.data());
  return {};
}

result<void> layer_tree::white_out(const std::string& path) {
  const auto parent = parent_of(path);
  if (!parent) return parent.error();
  const std::string name = name_part(path);
  if (::mknodat(*parent, name.c_str(), S_IFCHR, 0) == 0) return {};
  if (errno != EEXIST) return system_error("white out " + path, errno);
  struct stat status{};
  if (::fstatat(*parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return system_error("look at " + path, errno);
  // A whiteout speaks of lower layers only: what this layer itself has there stays, and hides them.
  return S_ISDIR(status.st_mode) ? make_opaque(path) : result<void>{};
}

result<void> layer_tree::make_opaque(const std::string& path) {
  auto directory = open_in_root(root_.get(), path.empty() ? "." : path, O_RDONLY | O_DIRECTORY);
  if (!directory && directory.error().kind == error_kind::not_found) {
    if (auto made = make_parents(path); !made) return made;
    directory = open_in_root(root_.get(), path, O_RDONLY | O_DIRECTORY);
  }
  if (!directory) return directory.error();
  if (::fsetxattr(directory->get(), opaque_attribute, "y", 1, 0) != 0)
    return system_error("make " + path + " opaque", errno);
  return {};
}

result<void> layer_tree::finish() {
  for (auto at = directory_times_.rbegin(); at != directory_times_.rend(); ++at) {
    const auto directory =
        open_in_root(root_.get(), at->first.empty() ? "." : at->first, O_RDONLY | O_DIRECTORY);
    if (!directory) continue;
    const std::array<timespec, 2> times{at->second, at->second};
    ::futimens(directory->get(), times.data());
  }
  for (const char* name : {"dev", "proc", "sys"}) {
    struct stat status{};
    if (::fstatat(root_.get(), name, &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(status.st_mode) &&
        !is_whiteout(status))
      return error{.kind = error_kind::bad_request,
                   .message = std::string("the image's /") + name + " is not a directory"};
  }
  return {};
}

} // namespace actord::runtime
