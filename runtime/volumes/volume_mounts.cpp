#include "runtime/volumes/volume_mounts.hpp"

#include "runtime/files/file_tools.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

namespace actord::runtime {
namespace {

constexpr unsigned group_directory_bits = 02070;
constexpr unsigned host_path_directory_mode = 0755;
constexpr unsigned sub_path_directory_mode = 0750;

bool is_mount_point(const std::string& path) {
  const auto points = mount_points_below(path);
  return !points.empty() && points.back() == path;
}

std::string descriptor_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

result<void> give_directory(int directory, gid_t group, bool read_only);

/// One entry, by its parent's descriptor: a symlink is given itself, never what it points to.
result<void> give_entry(int parent, const char* name, gid_t group, bool read_only) {
  struct stat status{};
  if (::fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? result<void>{} : system_error(std::string("look at ") + name, errno);
  if (::fchownat(parent, name, static_cast<uid_t>(-1), group, AT_SYMLINK_NOFOLLOW) != 0)
    return system_error(std::string("give ") + name + " to its group", errno);
  if (S_ISLNK(status.st_mode)) return {};
  if (S_ISDIR(status.st_mode)) {
    const unique_fd directory(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory)
      return errno == ENOENT ? result<void>{} : system_error(std::string("open ") + name, errno);
    return give_directory(directory.get(), group, read_only);
  }
  const unique_fd file(::openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!file) return {};
  // chown has cleared set-id bits; the mode seen before has them.
  const unsigned mode = (status.st_mode & 07777U) | (read_only ? 0440U : 0660U);
  if (::chmod(descriptor_path(file.get()).c_str(), mode) != 0)
    return system_error(std::string("set mode of ") + name, errno);
  return {};
}

result<void> give_directory(int directory, gid_t group, bool read_only) {
  std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(::fcntl(directory, F_DUPFD_CLOEXEC, 3)),
                                              ::closedir);
  if (!entries) return system_error("read a volume's directory", errno);
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (auto given = give_entry(directory, name.c_str(), group, read_only); !given) return given;
  }
  struct stat status{};
  if (::fstat(directory, &status) != 0 || ::fchown(directory, static_cast<uid_t>(-1), group) != 0)
    return system_error("give a volume to its group", errno);
  const unsigned bits = read_only ? 02050U : group_directory_bits;
  if (::fchmod(directory, (status.st_mode & 07777U) | bits) != 0)
    return system_error("set mode of a volume", errno);
  return {};
}

result<void> create_file(const std::string& path) {
  if (const std::size_t slash = path.rfind('/'); slash != 0 && slash != std::string::npos) {
    struct stat parent{};
    if (::stat(path.substr(0, slash).c_str(), &parent) != 0) return system_error("create " + path, errno);
  }
  const unique_fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  return file ? result<void>{} : system_error("create " + path, errno);
}

std::string kind_name(unsigned mode) {
  switch (mode & S_IFMT) {
  case S_IFDIR:
    return "directory";
  case S_IFREG:
    return "file";
  case S_IFSOCK:
    return "socket";
  case S_IFCHR:
    return "character device";
  case S_IFBLK:
    return "block device";
  default:
    return "special file";
  }
}

/// Opens the sub path inside the volume, making what is missing, one component at a time.
result<unique_fd> open_sub_path(int volume, const std::string& sub_path) {
  auto found = open_in_root(volume, sub_path, O_PATH);
  if (found || found.error().kind != error_kind::not_found) return found;
  for (std::size_t end = sub_path.find('/');; end = sub_path.find('/', end + 1)) {
    const std::string part = sub_path.substr(0, end);
    const std::size_t slash = part.rfind('/');
    const auto parent = open_in_root(volume, slash == std::string::npos ? "." : part.substr(0, slash + 1),
                                     O_PATH | O_DIRECTORY);
    if (!parent) return parent.error();
    const std::string name = part.substr(slash == std::string::npos ? 0 : slash + 1);
    if (!name.empty() && ::mkdirat(parent->get(), name.c_str(), sub_path_directory_mode) != 0 &&
        errno != EEXIST)
      return system_error("create " + part + " in the volume", errno);
    if (end == std::string::npos) break;
  }
  return open_in_root(volume, sub_path, O_PATH);
}

bool leads_out(const std::string& sub_path) {
  if (sub_path.empty() || sub_path.front() == '/') return true;
  for (std::size_t start = 0; start <= sub_path.size();) {
    const std::size_t end = std::min(sub_path.find('/', start), sub_path.size());
    if (sub_path.compare(start, end - start, "..") == 0) return true;
    start = end + 1;
  }
  return false;
}

} // namespace

result<void> mount_memory_volume(const std::string& path, std::int64_t size_bytes, unsigned mode) {
  if (auto made = make_directories(path); !made) return made;
  if (is_mount_point(path)) return {};
  std::array<char, 64> options{};
  const int length = size_bytes > 0 ? std::snprintf(options.data(), options.size(), "mode=%o,size=%lld", mode,
                                                    static_cast<long long>(size_bytes))
                                    : std::snprintf(options.data(), options.size(), "mode=%o", mode);
  ALWAYS(length > 0 && length < static_cast<int>(options.size()));
  if (::mount("tmpfs", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.data()) != 0)
    return system_error("mount tmpfs at " + path, errno);
  return {};
}

result<void> make_scratch_volume(const std::string& path, std::optional<std::int64_t> group) {
  if (auto made = make_directories(path); !made) return made;
  if (::chmod(path.c_str(), 0777) != 0) return system_error("set mode of " + path, errno);
  return group ? give_to_group(path, *group, false) : result<void>{};
}

result<void> give_to_group(const std::string& path, std::int64_t group, bool read_only) {
  const auto directory = open_directory(path);
  if (!directory) return directory.error();
  return give_directory(directory->get(), static_cast<gid_t>(group), read_only);
}

result<void> check_host_path(const std::string& path, const std::string& type) {
  const std::array<std::pair<std::string_view, unsigned>, 7> known{{{"", 0},
                                                                    {"DirectoryOrCreate", S_IFDIR},
                                                                    {"Directory", S_IFDIR},
                                                                    {"FileOrCreate", S_IFREG},
                                                                    {"File", S_IFREG},
                                                                    {"Socket", S_IFSOCK},
                                                                    {"CharDevice", S_IFCHR}}};
  unsigned expected = type == "BlockDevice" ? S_IFBLK : ~0U;
  for (const auto& [name, mode] : known)
    if (name == type) expected = mode;
  if (expected == ~0U)
    return error{.kind = error_kind::invalid, .message = "unknown hostPath type \"" + type + "\""};
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) return system_error("look at host path " + path, errno);
    if (type == "DirectoryOrCreate") return make_directories(path, host_path_directory_mode);
    if (type == "FileOrCreate") return create_file(path);
    // Without a type nothing is checked, and container runtimes make a directory of what is missing.
    if (type.empty()) return make_directories(path, host_path_directory_mode);
    return error{.kind = error_kind::invalid,
                 .message = "hostPath type check failed: " + path + " does not exist"};
  }
  if (expected != 0 && (status.st_mode & S_IFMT) != expected)
    return error{.kind = error_kind::invalid,
                 .message = "hostPath type check failed: " + path + " is not a " + type + " but a " +
                            kind_name(status.st_mode)};
  return {};
}

result<void> bind_sub_path(const std::string& volume, const std::string& sub_path,
                           const std::string& target) {
  if (leads_out(sub_path))
    return error{.kind = error_kind::invalid,
                 .message = "subPath \"" + sub_path + "\" must be relative and without \"..\""};
  if (is_mount_point(target)) return {};
  const unique_fd root(::open(volume.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return system_error("open volume " + volume, errno);
  const auto source = open_sub_path(root.get(), sub_path);
  if (!source) return source.error();
  struct stat status{};
  if (::fstat(source->get(), &status) != 0) return system_error("look at " + sub_path, errno);
  if (S_ISDIR(status.st_mode)) {
    if (auto made = make_directories(target); !made) return made;
  } else {
    if (auto made = make_directories(target.substr(0, target.rfind('/'))); !made) return made;
    if (auto made = create_file(target); !made) return made;
  }
  if (::mount(descriptor_path(source->get()).c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) !=
      0)
    return system_error("bind " + sub_path + " to " + target, errno);
  return {};
}

result<void> remove_volumes(const std::string& path) {
  if (auto unmounted = unmount_below(path); !unmounted) return unmounted;
  return remove_tree(path);
}

} // namespace actord::runtime
