#include "runtime/oci/host_devices.hpp"

#include "runtime/files/file_tools.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace actord::runtime {
namespace {

constexpr int deepest = 8;
constexpr std::array<std::string_view, 5> own_names{"/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/console",
                                                    "/dev/fd"};

void collect(const std::string& directory, int depth, std::vector<host_device>& devices) {
  for (const std::string& name : directory_entries(directory)) {
    const std::string path = std::string(directory).append("/").append(name);
    struct stat status{};
    if (std::find(own_names.begin(), own_names.end(), path) != own_names.end() ||
        ::lstat(path.c_str(), &status) != 0)
      continue;
    if (S_ISDIR(status.st_mode) && depth < deepest) collect(path, depth + 1, devices);
    if (!S_ISCHR(status.st_mode) && !S_ISBLK(status.st_mode)) continue;
    devices.push_back({.path = path,
                       .type = S_ISCHR(status.st_mode) ? 'c' : 'b',
                       .major = major(status.st_rdev),
                       .minor = minor(status.st_rdev),
                       .mode = status.st_mode & 07777U,
                       .user = status.st_uid,
                       .group = status.st_gid});
  }
}

} // namespace

std::vector<host_device> list_host_devices() {
  std::vector<host_device> devices;
  collect("/dev", 0, devices);
  return devices;
}

} // namespace actord::runtime
