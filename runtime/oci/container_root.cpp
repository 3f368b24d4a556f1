#include "runtime/oci/container_root.hpp"

#include "runtime/files/file_tools.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>

namespace actord::runtime {
namespace {

/// mount(2) takes one page of options.
constexpr std::size_t option_limit = 4000;

std::string overlay_options(const std::vector<std::string>& lowest_first, const std::string& writable) {
  std::string options = "lowerdir=";
  for (auto layer = lowest_first.rbegin(); layer != lowest_first.rend(); ++layer) {
    if (layer != lowest_first.rbegin()) options += ':';
    options += *layer;
  }
  return options + ",upperdir=" + writable + "/upper,workdir=" + writable + "/work";
}

} // namespace

result<void> mount_container_root(const std::vector<std::string>& layers, const std::string& writable,
                                  const std::string& target) {
  for (const std::string& directory : {writable + "/upper", writable + "/work", target})
    if (auto made = make_directories(directory); !made) return made;
  if (!mount_points_below(target).empty()) return {};
  std::vector<std::string> lowest_first = layers;
  // overlayfs wants a lower directory even under an image without layers.
  if (lowest_first.empty()) {
    lowest_first.push_back(writable + "/empty");
    if (auto made = make_directories(lowest_first.front()); !made) return made;
  }
  std::string options = overlay_options(lowest_first, writable);
  std::vector<unique_fd> held;
  if (options.size() > option_limit) {
    // Many layers: name them by descriptors, which are short.
    for (std::string& layer : lowest_first) {
      held.emplace_back(::open(layer.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
      if (!held.back()) return system_error("open layer " + layer, errno);
      layer = "/proc/self/fd/" + std::to_string(held.back().get());
    }
    options = overlay_options(lowest_first, writable);
  }
  if (::mount("overlay", target.c_str(), "overlay", MS_NODEV, options.c_str()) != 0)
    return system_error("mount overlay at " + target, errno);
  return {};
}

} // namespace actord::runtime
