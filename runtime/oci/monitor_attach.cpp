#include "runtime/oci/monitor_attach.hpp"

#include "runtime/files/file_tools.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace actord::runtime {

result<unique_fd> attach_to_monitor(const std::string& directory) {
  // Through an open directory the path is short, however long the directory's own is.
  const unique_fd base(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!base) return system_error("open " + directory, errno);
  const std::string path = "/proc/self/fd/" + std::to_string(base.get()) + "/attach";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size());
  unique_fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return system_error("attach to the container's monitor", errno);
  return socket;
}

result<void> resize_by_monitor(const std::string& directory, window_size size) {
  const unique_fd control(::open((directory + "/ctl").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  if (!control) return system_error("open the monitor's control pipe", errno);
  const std::string line = "1 " + std::to_string(size.rows) + " " + std::to_string(size.columns) + "\n";
  if (::write(control.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    return system_error("write to the monitor's control pipe", errno);
  return {};
}

} // namespace actord::runtime
