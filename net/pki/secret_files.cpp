#include "net/pki/secret_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>

namespace actord::net {

namespace {

error file_error(std::string_view doing, const std::filesystem::path& path, int code) {
  return error{.kind = error_kind::internal,
               .message = std::string(doing) + " " + path.string() + ": " + std::strerror(code)};
}

bool write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t count = ::write(descriptor, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

/// The rename itself must survive a crash too.
void sync_directory(const std::filesystem::path& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

} // namespace

result<void> make_secret_directory(const std::filesystem::path& directory) {
  std::error_code code;
  std::filesystem::create_directories(directory, code);
  if (code) return file_error("creating", directory, code.value());
  if (::chmod(directory.c_str(), S_IRWXU) != 0) return file_error("protecting", directory, errno);
  return {};
}

result<void> write_secret_file(const std::filesystem::path& file, std::string_view content) {
  std::filesystem::path draft = file;
  draft += ".new";
  ::unlink(draft.c_str());
  const int descriptor =
      ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  if (descriptor < 0) return file_error("creating", draft, errno);
  const bool written = write_all(descriptor, content) && ::fsync(descriptor) == 0;
  const int write_errno = errno;
  ::close(descriptor);
  if (!written) {
    ::unlink(draft.c_str());
    return file_error("writing", draft, write_errno);
  }
  if (::rename(draft.c_str(), file.c_str()) != 0) return file_error("replacing", file, errno);
  sync_directory(file.parent_path().empty() ? "." : file.parent_path());
  return {};
}

result<std::optional<std::string>> read_secret_file(const std::filesystem::path& file) {
  struct stat facts{};
  if (::stat(file.c_str(), &facts) != 0) {
    if (errno == ENOENT) return std::optional<std::string>();
    return file_error("reading", file, errno);
  }
  if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0 && ::chmod(file.c_str(), S_IRUSR | S_IWUSR) != 0) {
    return file_error("protecting", file, errno);
  }
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream content;
  content << stream.rdbuf();
  if (!stream) return file_error("reading", file, EIO);
  return std::optional<std::string>(std::move(content).str());
}

} // namespace actord::net
