#include "runtime/logs/log_reader.hpp"

#include "runtime/files/file_tools.hpp"
#include "schema/base/timestamp.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace actord::runtime {
namespace {

constexpr int follow_wait_ms = 500;
constexpr std::size_t block_bytes = 65'536;
/// A line without an end is passed on in parts of this size.
constexpr std::size_t longest_line_bytes = 1 << 20;

result<unique_fd> open_log(const std::string& path) {
  unique_fd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) {
    if (errno == ELOOP)
      return error{.kind = error_kind::forbidden, .message = "log " + path + " is a symbolic link"};
    return system_error("open log " + path, errno);
  }
  struct stat status{};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return error{.kind = error_kind::forbidden, .message = "log " + path + " is not a regular file"};
  return file;
}

bool same_file(int file, const std::string& path) {
  struct stat open_one{};
  struct stat named{};
  return ::fstat(file, &open_one) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
}

/// Where the last `count` lines of the file begin.
std::int64_t tail_offset(int file, std::int64_t count) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return 0;
  std::int64_t position = status.st_size;
  if (count <= 0) return position;
  std::array<char, block_bytes> block;
  std::int64_t lines = 0;
  bool last_byte = true;
  while (position > 0) {
    const std::int64_t start = std::max<std::int64_t>(0, position - static_cast<std::int64_t>(block.size()));
    const ssize_t size = ::pread(file, block.data(), static_cast<std::size_t>(position - start), start);
    if (size <= 0) return 0;
    for (ssize_t at = size - 1; at >= 0; --at) {
      if (block[static_cast<std::size_t>(at)] == '\n' && !last_byte && ++lines == count)
        return start + at + 1;
      last_byte = false;
    }
    position = start;
  }
  return 0;
}

/// Turns lines of the file into what the reader asked for.
class line_filter {
public:
  line_filter(const log_options& options, const log_sink& sink)
      : options_(options), sink_(sink), left_(options.limit_bytes) {}

  /// False: the reader has had enough.
  bool take(std::string_view line) {
    const auto parsed = parse_log_line(line);
    if (!parsed) return true;
    if (options_.which == log_options::stream::standard_output && parsed->stream != "stdout") return true;
    if (options_.which == log_options::stream::standard_error && parsed->stream != "stderr") return true;
    if (options_.since) {
      const auto time = schema::parse_time(parsed->time_text);
      if (time && *time < *options_.since) return true;
    }
    std::string text;
    // The parts of one long line get one time stamp, at its beginning.
    if (options_.timestamps && !continues_) text.append(parsed->time_text).append(" ");
    text.append(parsed->text);
    if (!parsed->partial) text += '\n';
    continues_ = parsed->partial;
    if (left_) {
      if (static_cast<std::int64_t>(text.size()) > *left_) text.resize(static_cast<std::size_t>(*left_));
      *left_ -= static_cast<std::int64_t>(text.size());
    }
    pending_ += text;
    const bool full = left_ && *left_ <= 0;
    if (full || pending_.size() >= block_bytes) return flush() && !full;
    return true;
  }

  bool flush() {
    if (pending_.empty()) return true;
    const bool wanted = sink_.more(pending_);
    pending_.clear();
    return wanted;
  }

private:
  const log_options& options_;
  const log_sink& sink_;
  std::optional<std::int64_t> left_;
  std::string pending_;
  bool continues_ = false;
};

class log_follower {
public:
  log_follower(std::string path, unique_fd file, line_filter& filter)
      : path_(std::move(path)), file_(std::move(file)), filter_(filter) {}

  void seek(std::int64_t offset) { ::lseek(file_.get(), offset, SEEK_SET); }

  /// Everything there is now. False: the reader has had enough.
  result<bool> read_to_end() {
    std::array<char, block_bytes> block;
    while (true) {
      const ssize_t size = ::read(file_.get(), block.data(), block.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) return system_error("read log " + path_, errno);
      if (size == 0) return filter_.flush();
      if (!take({block.data(), static_cast<std::size_t>(size)})) return false;
    }
  }

  /// Waits a while for more; then says whether the file has been replaced, and goes over to the new one.
  bool wait_and_check() {
    if (!notifier_) {
      notifier_.reset(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
      ::inotify_add_watch(notifier_.get(), path_.c_str(),
                          IN_MODIFY | IN_MOVE_SELF | IN_DELETE_SELF | IN_ATTRIB | IN_DONT_FOLLOW);
    }
    pollfd wait{notifier_.get(), POLLIN, 0};
    ::poll(&wait, 1, follow_wait_ms);
    std::array<char, 4096> events;
    while (::read(notifier_.get(), events.data(), events.size()) > 0) {
    }
    return same_file(file_.get(), path_);
  }

  void reopen() {
    if (auto fresh = open_log(path_)) {
      file_ = std::move(*fresh);
      notifier_.reset();
    }
  }

  /// A line that its writer never ended.
  bool finish() {
    if (!rest_.empty() && !filter_.take(rest_)) return false;
    rest_.clear();
    return filter_.flush();
  }

private:
  bool take(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      if (end == std::string_view::npos) {
        if (rest_.size() < longest_line_bytes) rest_ += bytes;
        return true;
      }
      std::string_view line = bytes.substr(0, end);
      if (!rest_.empty()) {
        rest_ += line;
        line = rest_;
      }
      if (!filter_.take(line)) return false;
      rest_.clear();
      bytes.remove_prefix(end + 1);
    }
    return true;
  }

  std::string path_;
  unique_fd file_;
  unique_fd notifier_;
  line_filter& filter_;
  std::string rest_; ///< the beginning of a line whose end is not written yet
};

} // namespace

std::optional<log_line> parse_log_line(std::string_view line) {
  log_line parsed;
  const std::size_t time_end = line.find(' ');
  if (time_end == std::string_view::npos) return std::nullopt;
  parsed.time_text = line.substr(0, time_end);
  line.remove_prefix(time_end + 1);
  const std::size_t stream_end = line.find(' ');
  if (stream_end == std::string_view::npos) return std::nullopt;
  parsed.stream = line.substr(0, stream_end);
  if (parsed.stream != "stdout" && parsed.stream != "stderr") return std::nullopt;
  line.remove_prefix(stream_end + 1);
  const std::size_t tag_end = std::min(line.find(' '), line.size());
  // Tags are separated by colons, the first says whether the line is whole.
  const std::string_view tag = line.substr(0, std::min(line.substr(0, tag_end).find(':'), tag_end));
  if (tag != "F" && tag != "P") return std::nullopt;
  parsed.partial = tag == "P";
  parsed.text = line.substr(std::min(tag_end + 1, line.size()));
  return parsed;
}

result<void> read_log(const std::string& path, const log_options& options, const log_sink& sink) {
  auto file = open_log(path);
  if (!file) return std::move(file).error();
  if (!sink.more({})) return {};
  line_filter filter(options, sink);
  const std::int64_t start = options.tail_lines ? tail_offset(file->get(), *options.tail_lines) : 0;
  log_follower follower(path, std::move(*file), filter);
  follower.seek(start);
  if (options.limit_bytes && *options.limit_bytes <= 0) return {};
  while (true) {
    // Asked before reading: what was written before the end is read after it.
    const bool more_to_come = options.follow && sink.running && sink.running();
    const auto wanted = follower.read_to_end();
    if (!wanted) return wanted.error();
    if (!*wanted) return {};
    if (!more_to_come) break;
    if (!follower.wait_and_check()) {
      const auto rest = follower.read_to_end();
      if (!rest) return rest.error();
      if (!*rest) return {};
      follower.reopen();
    }
  }
  static_cast<void>(follower.finish());
  return {};
}

} // namespace actord::runtime
