#include "runtime/volumes/content_volume.hpp"

#include "runtime/files/file_tools.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <string_view>

namespace actord::runtime {
namespace {

constexpr const char* data_link = "..data";
constexpr std::size_t longest_path = 4096;

error bad_path(const std::string& path) {
  return error{.kind = error_kind::invalid,
               .message = "invalid volume path \"" + path +
                          "\": it must be relative, without \"..\", and not begin with \"..\""};
}

/// The rules of Kubernetes for keys and item paths.
bool is_allowed(const std::string& path) {
  if (path.empty() || path.size() > longest_path || path.front() == '/' || path.starts_with("..") ||
      path.find('\0') != std::string::npos)
    return false;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view part = std::string_view(path).substr(start, end - start);
    if (part.empty() || part == "." || part == ".." || part.size() > 255) return false;
    start = end + 1;
  }
  return true;
}

std::string first_component(const std::string& path) { return path.substr(0, path.find('/')); }

/// The bits a group needs to read what the owner may read.
unsigned effective_mode(const volume_file& file, const std::optional<std::int64_t>& group) {
  return group ? file.mode | ((file.mode & 0400U) >> 3U) : file.mode;
}

bool is_current(const std::string& current, const std::vector<volume_file>& files,
                const std::optional<std::int64_t>& group) {
  for (const volume_file& file : files) {
    const std::string path = current + "/" + file.path;
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode) ||
        (status.st_mode & 07777U) != effective_mode(file, group))
      return false;
    if (group && status.st_gid != static_cast<gid_t>(*group)) return false;
    const auto text = read_file(path, file.bytes.size());
    if (!text || !*text || **text != file.bytes) return false;
  }
  return true;
}

/// Files below `directory`, by their relative paths.
void list_files(const std::string& directory, const std::string& prefix, std::set<std::string>& paths) {
  for (const std::string& name : directory_entries(directory)) {
    struct stat status{};
    if (::lstat((directory + "/" + name).c_str(), &status) == 0 && S_ISDIR(status.st_mode))
      list_files(directory + "/" + name, prefix + name + "/", paths);
    else
      paths.insert(prefix + name);
  }
}

result<void> write_files(const std::string& directory, const std::vector<volume_file>& files,
                         const std::optional<std::int64_t>& group) {
  for (const volume_file& file : files) {
    const std::string path = directory + "/" + file.path;
    const std::string parent = path.substr(0, path.rfind('/'));
    if (auto made = make_directories(parent); !made) return made;
    if (auto written = write_file_atomic(path, file.bytes, effective_mode(file, group)); !written)
      return written;
    if (!group) continue;
    if (::chown(path.c_str(), static_cast<uid_t>(-1), static_cast<gid_t>(*group)) != 0)
      return system_error("give " + path + " to its group", errno);
    // chown clears set-id bits.
    if (::chmod(path.c_str(), effective_mode(file, group)) != 0)
      return system_error("set mode of " + path, errno);
  }
  return {};
}

/// A symlink put in the place of whatever had the name.
result<void> replace_link(const std::string& target, const std::string& path) {
  const std::string temporary = path + "_tmp";
  ::unlink(temporary.c_str());
  if (::symlink(target.c_str(), temporary.c_str()) != 0) return system_error("link " + temporary, errno);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return system_error("rename to " + path, errno);
  return {};
}

std::string link_target(const std::string& path) {
  std::string target(longest_path, '\0');
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  target.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return target;
}

/// The visible names: one link for each first component, and none that has nothing behind it.
result<void> settle_names(const std::string& directory, const std::set<std::string>& names) {
  for (const std::string& name : names) {
    const std::string target = std::string(data_link) + "/" + name;
    if (link_target(directory + "/" + name) == target) continue;
    if (auto linked = replace_link(target, directory + "/" + name); !linked) return linked;
  }
  for (const std::string& name : directory_entries(directory)) {
    if (name.starts_with("..") || names.contains(name)) continue;
    if (auto removed = remove_tree(directory + "/" + name); !removed) return removed;
  }
  return {};
}

} // namespace

result<bool> write_content(const std::string& directory, const std::vector<volume_file>& files,
                           std::optional<std::int64_t> group) {
  std::set<std::string> names;
  std::set<std::string> wanted;
  for (const volume_file& file : files) {
    if (!is_allowed(file.path)) return bad_path(file.path);
    names.insert(first_component(file.path));
    wanted.insert(file.path);
  }
  if (auto made = make_directories(directory); !made) return made.error();
  const std::string current = link_target(directory + "/" + data_link);
  std::set<std::string> present;
  if (!current.empty()) list_files(directory + "/" + current, "", present);
  if (!current.empty() && present == wanted && is_current(directory + "/" + current, files, group)) {
    if (auto settled = settle_names(directory, names); !settled) return settled.error();
    return false;
  }
  std::string fresh = directory + "/..fresh_XXXXXX";
  if (::mkdtemp(fresh.data()) == nullptr) return system_error("create a directory in " + directory, errno);
  auto done = write_files(fresh, files, group);
  if (done && ::chmod(fresh.c_str(), 0755) != 0) done = system_error("set mode of " + fresh, errno);
  if (done) done = replace_link(fresh.substr(directory.size() + 1), directory + "/" + data_link);
  if (!done) {
    static_cast<void>(remove_tree(fresh));
    return done.error();
  }
  if (auto settled = settle_names(directory, names); !settled) return settled.error();
  // Earlier content, also of an update that a crash cut short.
  for (const std::string& name : directory_entries(directory))
    if (name.starts_with("..") && name != data_link && directory + "/" + name != fresh)
      if (auto removed = remove_tree(directory + "/" + name); !removed) return removed.error();
  return true;
}

} // namespace actord::runtime
