#include "storage/kv/directory_lock.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace actord::storage::kv {

result<directory_lock> directory_lock::take(const std::string& directory) {
  const std::string path = directory + "/member.lock";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0)
    return error{error_kind::unavailable,
                 "cannot open the store in " + directory + ": " + std::strerror(errno),
                 {},
                 {},
                 0};
  directory_lock lock(file);
  if (::flock(file, LOCK_EX | LOCK_NB) != 0)
    return error{error_kind::conflict, "another process uses the store in " + directory, {}, {}, 0};
  return lock;
}

directory_lock::~directory_lock() {
  if (file_ >= 0) ::close(file_);
}

} // namespace actord::storage::kv
