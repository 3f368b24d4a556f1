#include "net/cni/pod_network.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>

namespace actord::net {
namespace {

constexpr long namespace_filesystem = 0x6e736673;

error failed(const std::string& what, const std::string& path) {
  return error{.message = what + " " + path + ": " + std::generic_category().message(errno)};
}

bool is_namespace(const std::string& path) {
  struct statfs status{};
  return ::statfs(path.c_str(), &status) == 0 && status.f_type == namespace_filesystem;
}

bool bring_loopback_up() {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const bool done = ::ioctl(socket, SIOCSIFFLAGS, &request) == 0;
  ::close(socket);
  return done;
}

/// Leaves the machine's network namespace, so it runs on a thread that ends afterwards.
result<void> create_on_this_thread(const std::string& path) {
  if (::unshare(CLONE_NEWNET) != 0) return failed("create a network namespace for", path);
  if (!bring_loopback_up()) return failed("bring up the loopback of", path);
  if (::mount("/proc/thread-self/ns/net", path.c_str(), nullptr, MS_BIND, nullptr) != 0)
    return failed("bind the network namespace to", path);
  return {};
}

} // namespace

result<void> create_network_namespace(const std::string& path) {
  if (is_namespace(path)) return {};
  const int file = ::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0400);
  if (file < 0) return failed("create", path);
  ::close(file);
  result<void> outcome;
  std::thread([&] { outcome = create_on_this_thread(path); }).join();
  if (!outcome) ::unlink(path.c_str());
  return outcome;
}

result<void> remove_network_namespace(const std::string& path) {
  if (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL && errno != ENOENT)
    return failed("unmount", path);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("remove", path);
  return {};
}

} // namespace actord::net
