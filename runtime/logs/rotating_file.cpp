#include "runtime/logs/rotating_file.hpp"

#include "runtime/files/file_tools.hpp"
#include "schema/base/timestamp.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace actord::runtime {
namespace {

struct path_parts {
  std::string directory; ///< with the slash
  std::string stem;
  std::string extension; ///< with the dot
};

path_parts parts_of(const std::string& path) {
  path_parts parts;
  const std::size_t slash = path.rfind('/');
  parts.directory = slash == std::string::npos ? "./" : path.substr(0, slash + 1);
  parts.stem = slash == std::string::npos ? path : path.substr(slash + 1);
  const std::size_t dot = parts.stem.rfind('.');
  if (dot != std::string::npos && dot > 0) {
    parts.extension = parts.stem.substr(dot);
    parts.stem.resize(dot);
  }
  return parts;
}

constexpr std::size_t stamp_length = 23; // "2026-01-02T15-04-05.123"

/// Sorts as the times do.
std::string stamp_of(wall_time when) {
  std::string text = schema::format_time(when).substr(0, 19);
  std::ranges::replace(text, ':', '-');
  const auto sub = when.time_since_epoch() % std::chrono::seconds(1);
  return fmt::format("{}.{:03}", text, std::chrono::duration_cast<std::chrono::milliseconds>(sub).count());
}

/// When a closed file was closed, by its name; none for other names.
std::optional<std::string> stamp_in(const std::string& name, const path_parts& parts) {
  const std::string prefix = parts.stem + "-";
  if (name.size() != prefix.size() + stamp_length + parts.extension.size() || !name.starts_with(prefix) ||
      !name.ends_with(parts.extension))
    return std::nullopt;
  return name.substr(prefix.size(), stamp_length);
}

} // namespace

result<rotating_file> rotating_file::open(std::string path, rotation_limits limits,
                                          const clock_source& clock) {
  rotating_file file(std::move(path), limits, clock);
  if (auto begun = file.begin(); !begun) return begun.error();
  file.remove_old();
  return file;
}

result<void> rotating_file::begin() {
  const int descriptor = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return system_error("open " + path_, errno);
  file_ = unique_fd(descriptor);
  struct stat facts{};
  if (::fstat(descriptor, &facts) != 0) return system_error("stat " + path_, errno);
  size_ = static_cast<std::uint64_t>(facts.st_size);
  return {};
}

result<void> rotating_file::append(std::string_view lines) {
  while (!lines.empty()) {
    // Rotation falls between lines.
    std::size_t take = lines.size();
    if (size_ + take > limits_.file_bytes) {
      const std::uint64_t room = limits_.file_bytes > size_ ? limits_.file_bytes - size_ : 0;
      const std::size_t last = room == 0 ? std::string_view::npos : lines.rfind('\n', room - 1);
      if (last != std::string_view::npos) {
        take = last + 1;
      } else if (size_ > 0) {
        if (auto rotated = rotate(); !rotated) return rotated;
        continue;
      } else {
        take = std::min(lines.find('\n'), lines.size() - 1) + 1;
      }
    }
    std::string_view rest = lines.substr(0, take);
    while (!rest.empty()) {
      const ssize_t written = ::write(file_.get(), rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return system_error("write " + path_, errno);
      rest.remove_prefix(static_cast<std::size_t>(written));
      size_ += static_cast<std::uint64_t>(written);
    }
    lines.remove_prefix(take);
  }
  return {};
}

result<void> rotating_file::rotate() {
  const path_parts parts = parts_of(path_);
  wall_time when = clock_->wall_now();
  std::string closed;
  // Two within a millisecond take two names.
  do {
    closed = parts.directory + parts.stem + "-" + stamp_of(when) + parts.extension;
    when += std::chrono::milliseconds(1);
  } while (::access(closed.c_str(), F_OK) == 0);
  if (::rename(path_.c_str(), closed.c_str()) != 0) return system_error("rename " + path_, errno);
  if (auto begun = begin(); !begun) return begun;
  remove_old();
  return {};
}

void rotating_file::remove_old() const {
  const path_parts parts = parts_of(path_);
  std::vector<std::pair<std::string, std::string>> closed; ///< stamp, name
  for (const std::string& name : directory_entries(parts.directory))
    if (auto stamp = stamp_in(name, parts)) closed.emplace_back(std::move(*stamp), name);
  std::ranges::sort(closed, std::greater{});
  const std::string oldest =
      limits_.age.count() == 0 ? std::string() : stamp_of(clock_->wall_now() - limits_.age);
  for (std::size_t at = 0; at < closed.size(); ++at) {
    const bool too_many = limits_.backups > 0 && at >= limits_.backups;
    if (too_many || closed[at].first < oldest) ::unlink((parts.directory + closed[at].second).c_str());
  }
}

} // namespace actord::runtime
