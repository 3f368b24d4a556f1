#include "runtime/files/file_tools.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

namespace actord::runtime {
namespace {

result<std::string> read_all(int fd, const std::string& name, std::size_t limit_bytes) {
  std::string text;
  std::array<char, 16384> buffer;
  while (true) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("read " + name, errno);
    if (count == 0) return text;
    if (text.size() + static_cast<std::size_t>(count) > limit_bytes)
      return error{.kind = error_kind::too_large,
                   .message = name + " is longer than " + std::to_string(limit_bytes) + " bytes"};
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

result<void> write_all(int fd, const std::string& name, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("write " + name, errno);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

/// What is below `parent`/`name`, by descriptor, so that a symlink swapped in meanwhile is removed and not
/// followed.
result<void> remove_entry(int parent, const std::string& name) {
  if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR && errno != EPERM) return system_error("remove " + name, errno);
  const int raw = ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (raw < 0) return errno == ENOENT ? result<void>{} : system_error("open " + name, errno);
  std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(raw), ::closedir);
  if (!directory) {
    ::close(raw);
    return system_error("read directory " + name, errno);
  }
  struct stat outer{};
  struct stat inner{};
  if (::fstatat(parent, ".", &outer, AT_SYMLINK_NOFOLLOW) == 0 && ::fstat(raw, &inner) == 0 &&
      outer.st_dev != inner.st_dev)
    return error{.message = name + " is a mount point; not removing what is mounted there"};
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string child = entry->d_name;
    if (child == "." || child == "..") continue;
    if (auto removed = remove_entry(::dirfd(directory.get()), child); !removed) return removed;
  }
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
    return system_error("remove " + name, errno);
  return {};
}

/// mountinfo writes blanks, tabs, newlines and backslashes as octal.
std::string unescape_mount_path(std::string_view text) {
  std::string path;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 3 < text.size()) {
      path +=
          static_cast<char>(((text[at + 1] - '0') << 6) | ((text[at + 2] - '0') << 3) | (text[at + 3] - '0'));
      at += 3;
    } else {
      path += text[at];
    }
  }
  return path;
}

template <class Wanted>
std::vector<std::string> entries_where(const std::string& path, Wanted wanted) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  if (!directory) return names;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != ".." && wanted(entry->d_type)) names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

} // namespace

error system_error(std::string what, int error_number) {
  return error{.kind = error_number == ENOENT ? error_kind::not_found : error_kind::internal,
               .message = std::move(what) + ": " + std::generic_category().message(error_number)};
}

result<void> make_directories(const std::string& path, unsigned mode) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), mode) != 0 && errno != EEXIST)
      return system_error("create directory " + part, errno);
    if (end == std::string::npos) break;
  }
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return system_error("look at " + path, errno);
  if (!S_ISDIR(status.st_mode)) return error{.message = path + " is not a directory"};
  return {};
}

result<std::optional<std::string>> read_file(const std::string& path, std::size_t limit_bytes) {
  const unique_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>{};
    return system_error("open " + path, errno);
  }
  auto text = read_all(file.get(), path, limit_bytes);
  if (!text) return std::move(text).error();
  return std::optional(std::move(*text));
}

result<void> write_file_atomic(const std::string& path, std::string_view text, unsigned mode,
                               durability durable) {
  std::string temporary = path + ".XXXXXX";
  const unique_fd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) return system_error("create " + temporary, errno);
  auto written = write_all(file.get(), temporary, text);
  if (written && ::fchmod(file.get(), mode) != 0) written = system_error("set mode of " + temporary, errno);
  if (written && durable == durability::synced && ::fsync(file.get()) != 0)
    written = system_error("sync " + temporary, errno);
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0)
    written = system_error("rename to " + path, errno);
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  if (durable == durability::synced) {
    const auto directory = open_directory(path.substr(0, path.rfind('/')));
    if (!directory) return directory.error();
    if (::fsync(directory->get()) != 0) return system_error("sync the directory of " + path, errno);
  }
  return {};
}

result<unique_fd> open_in_root(int root, const std::string& path, std::uint64_t flags, std::uint64_t mode) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  while (true) {
    const long raw = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
    if (raw >= 0) return unique_fd(static_cast<int>(raw));
    // The kernel gives EAGAIN when something was renamed while ".." was resolved.
    if (errno != EAGAIN && errno != EINTR) return system_error("open " + path, errno);
  }
}

result<unique_fd> open_directory(const std::string& path) {
  unique_fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return system_error("open directory " + path, errno);
  return directory;
}

result<std::optional<std::string>> read_file_in_root(const std::string& root, const std::string& path,
                                                     std::size_t limit_bytes) {
  const auto directory = open_directory(root);
  if (!directory) return directory.error();
  // O_NONBLOCK: an image may put a FIFO where a file is expected.
  const auto file = open_in_root(directory->get(), path, O_RDONLY | O_NONBLOCK);
  if (!file) {
    if (file.error().kind == error_kind::not_found) return std::optional<std::string>{};
    return file.error();
  }
  struct stat status{};
  if (::fstat(file->get(), &status) != 0 || !S_ISREG(status.st_mode))
    return error{.message = path + " is not a regular file"};
  auto text = read_all(file->get(), path, limit_bytes);
  if (!text) return std::move(text).error();
  return std::optional(std::move(*text));
}

result<void> remove_tree(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  ALWAYS_WITH(slash != std::string::npos && slash + 1 < path.size(), path);
  const auto parent = open_directory(slash == 0 ? "/" : path.substr(0, slash));
  if (!parent) return parent.error().kind == error_kind::not_found ? result<void>{} : parent.error();
  return remove_entry(parent->get(), path.substr(slash + 1));
}

std::vector<std::string> directory_entries(const std::string& path) {
  return entries_where(path, [](unsigned char) { return true; });
}

std::vector<std::string> subdirectories(const std::string& path) {
  return entries_where(path, [](unsigned char type) { return type == DT_DIR; });
}

std::vector<std::string> mount_points_below(const std::string& path) {
  std::vector<std::string> points;
  const auto text = read_file("/proc/self/mountinfo", 64 << 20);
  if (!text || !*text) return points;
  std::string_view rest = **text;
  while (!rest.empty()) {
    const std::size_t line_end = rest.find('\n');
    std::string_view line = rest.substr(0, line_end);
    rest.remove_prefix(line_end == std::string_view::npos ? rest.size() : line_end + 1);
    for (int field = 0; field < 4 && !line.empty(); ++field)
      line.remove_prefix(std::min(line.find(' ') + 1, line.size()));
    const std::string point = unescape_mount_path(line.substr(0, line.find(' ')));
    if (point == path || (point.starts_with(path) && point.size() > path.size() && point[path.size()] == '/'))
      points.push_back(point);
  }
  // The kernel lists a mount after the one it stands on.
  std::reverse(points.begin(), points.end());
  return points;
}

result<void> unmount_below(const std::string& path) {
  for (const std::string& point : mount_points_below(path))
    if (::umount2(point.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL && errno != ENOENT)
      return system_error("unmount " + point, errno);
  return {};
}

} // namespace actord::runtime
