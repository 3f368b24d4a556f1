#include "runtime/files/tree_archive.hpp"

#include "runtime/files/file_tools.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>

namespace actord::runtime {
namespace {

using archive_handle = std::unique_ptr<archive, int (*)(archive*)>;
using entry_handle = std::unique_ptr<archive_entry, void (*)(archive_entry*)>;

constexpr std::size_t piece_bytes = std::size_t{32} * 1024;
constexpr int depth_max = 256;

error failed(std::string what) { return {.message = std::move(what), .causes = {}, .subject = {}}; }

std::string reason_of(archive* from) {
  const char* text = archive_error_string(from);
  return text == nullptr ? "unknown reason" : text;
}

/// Packs one tree; what goes wrong in the sink stops it.
class tree_writer {
public:
  explicit tree_writer(const archive_sink& sink) : sink_(sink) {
    archive_write_set_format_gnutar(tar_.get());
    archive_write_set_bytes_per_block(tar_.get(), static_cast<int>(piece_bytes));
    archive_write_set_bytes_in_last_block(tar_.get(), 512);
    archive_write_open(tar_.get(), this, nullptr, put, nullptr);
  }

  result<void> add(const std::string& path, const std::string& name, int depth = 0) {
    if (depth > depth_max) return failed(path + ": is nested too deep");
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0) return system_error(path, errno);
    const bool folder = S_ISDIR(info.st_mode);
    if (!folder && !S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode)) {
      tree.skipped.push_back(path + ": is no file, folder or link");
      return {};
    }
    if (auto packed = add_entry(path, name, info); !packed) return packed;
    ++tree.entries;
    if (folder)
      for (const std::string& each : directory_entries(path))
        if (auto packed = add(path + "/" + each, name + "/" + each, depth + 1); !packed) return packed;
    return {};
  }

  result<void> finish() { return archive_write_close(tar_.get()) == ARCHIVE_OK ? result<void>() : failure(); }

  archived_tree tree;

private:
  static la_ssize_t put(archive*, void* self, const void* bytes, std::size_t count) {
    auto& writer = *static_cast<tree_writer*>(self);
    if (writer.stopped_) return -1;
    if (auto taken = writer.sink_({static_cast<const char*>(bytes), count}); !taken) {
      writer.stopped_ = taken.error();
      return -1;
    }
    return static_cast<la_ssize_t>(count);
  }

  result<void> failure() { return stopped_ ? *stopped_ : failed("packing: " + reason_of(tar_.get())); }

  result<void> add_entry(const std::string& path, const std::string& name, const struct stat& info) {
    const entry_handle entry(archive_entry_new(), archive_entry_free);
    archive_entry_copy_stat(entry.get(), &info);
    archive_entry_set_nlink(entry.get(), 1);
    archive_entry_copy_pathname(entry.get(), name.c_str());
    if (S_ISLNK(info.st_mode)) {
      std::array<char, 4096> target{};
      const ssize_t count = ::readlink(path.c_str(), target.data(), target.size() - 1);
      if (count < 0) return system_error(path, errno);
      archive_entry_copy_symlink(entry.get(), target.data());
    }
    unique_fd file;
    if (S_ISREG(info.st_mode)) {
      file.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
      if (!file) return system_error(path, errno);
    }
    if (archive_write_header(tar_.get(), entry.get()) < ARCHIVE_WARN) return failure();
    return file ? add_content(path, file.get(), info.st_size) : result<void>();
  }

  /// As much as the header says: what grows meanwhile is cut, what shrinks is filled up with zeros.
  result<void> add_content(const std::string& path, int file, off_t size) {
    std::array<char, piece_bytes> buffer;
    while (size > 0) {
      const ssize_t count = ::read(file, buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return system_error(path, errno);
      if (count == 0) break;
      if (archive_write_data(tar_.get(), buffer.data(), static_cast<std::size_t>(count)) < 0)
        return failure();
      size -= count;
    }
    return {};
  }

  const archive_sink& sink_;
  std::optional<error> stopped_;
  archive_handle tar_{archive_write_new(), archive_write_free};
};

/// Reads a stream of which the library wants the next piece when it likes.
struct piece_reader {
  const archive_source& source;
  std::string piece = {};
  std::optional<error> stopped = {};

  static la_ssize_t next(archive*, void* self, const void** bytes) {
    auto& reader = *static_cast<piece_reader*>(self);
    auto more = reader.source();
    if (!more) {
      reader.stopped = more.error();
      return -1;
    }
    reader.piece = std::move(*more);
    *bytes = reader.piece.data();
    return static_cast<la_ssize_t>(reader.piece.size());
  }
};

/// Where members go. What is below the target is opened so that no link leads out of it.
class tree_target {
public:
  explicit tree_target(std::string path) : path_(std::move(path)) {}

  /// `below` is empty for the target itself.
  result<void> add_folder(const std::string& below) {
    if (auto made = make_directories(path_); !made) return made;
    if (!root_) {
      auto opened = open_directory(path_);
      if (!opened) return std::move(opened).error();
      root_ = std::move(*opened);
    }
    for (std::size_t end = below.find('/'); !below.empty(); end = below.find('/', end + 1)) {
      if (auto made = add_one_folder(below.substr(0, end)); !made) return made;
      if (end == std::string::npos) break;
    }
    return {};
  }

  result<unique_fd> add_file(const std::string& below, unsigned mode) {
    constexpr int how = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
    if (below.empty()) {
      unique_fd file(::open(path_.c_str(), how, mode));
      if (!file) return system_error(path_, errno);
      return file;
    }
    const std::size_t slash = below.rfind('/');
    if (auto made = add_folder(slash == std::string::npos ? "" : below.substr(0, slash)); !made)
      return made.error();
    return open_in_root(root_.get(), below, how, mode);
  }

private:
  result<void> add_one_folder(const std::string& below) {
    const std::size_t slash = below.rfind('/');
    auto parent = open_in_root(root_.get(), slash == std::string::npos ? "." : below.substr(0, slash),
                               O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!parent) return std::move(parent).error();
    const std::string last = slash == std::string::npos ? below : below.substr(slash + 1);
    if (::mkdirat(parent->get(), last.c_str(), 0777) != 0 && errno != EEXIST)
      return system_error(path_ + "/" + below, errno);
    return {};
  }

  const std::string path_;
  unique_fd root_;
};

/// What follows `name` in a member's path; none when the member is something else.
std::optional<std::string> below_name(const std::string& member, const std::string& name) {
  if (name.empty()) return member;
  if (!member.starts_with(name)) return {};
  if (member.size() == name.size()) return std::string();
  if (member[name.size()] != '/') return {};
  return member.substr(name.size() + 1);
}

result<void> copy_content(archive* tar, int file, const std::string& member) {
  std::array<char, piece_bytes> buffer;
  while (true) {
    const la_ssize_t count = archive_read_data(tar, buffer.data(), buffer.size());
    if (count < 0) return failed(member + ": " + reason_of(tar));
    if (count == 0) return {};
    for (la_ssize_t done = 0; done < count;) {
      const ssize_t moved = ::write(file, buffer.data() + done, static_cast<std::size_t>(count - done));
      if (moved < 0 && errno == EINTR) continue;
      if (moved < 0) return system_error(member, errno);
      done += moved;
    }
  }
}

result<void> unpack_member(archive* tar, archive_entry* entry, const std::string& name, tree_target& target,
                           archived_tree& tree) {
  const char* written = archive_entry_pathname(entry);
  const std::string member = archived_name(written == nullptr ? "" : written);
  const auto below = below_name(member, name);
  const auto skip = [&](const char* why) {
    tree.skipped.push_back(std::string(written == nullptr ? "" : written) + ": " + why);
    return result<void>();
  };
  if (!below) return skip("is not what was asked for");
  if (archive_entry_hardlink(entry) != nullptr) return skip("is a link");
  switch (archive_entry_filetype(entry)) {
  case AE_IFDIR:
    ++tree.entries;
    return target.add_folder(*below);
  case AE_IFREG: {
    const auto file = target.add_file(*below, archive_entry_perm(entry) & 0777U);
    if (!file) return file.error();
    ++tree.entries;
    return copy_content(tar, file->get(), member);
  }
  case AE_IFLNK:
    return skip("is a link");
  default:
    return skip("is no file, folder or link");
  }
}

} // namespace

result<archived_tree> write_tree_archive(const std::string& path, const std::string& name,
                                         const archive_sink& sink) {
  tree_writer writer(sink);
  if (auto packed = writer.add(path, name); !packed) return packed.error();
  if (auto finished = writer.finish(); !finished) return finished.error();
  return std::move(writer.tree);
}

result<archived_tree> read_tree_archive(const archive_source& source, const std::string& name,
                                        const std::string& target) {
  archived_tree tree;
  tree_target into(target);
  piece_reader reader{source};
  const archive_handle tar(archive_read_new(), archive_read_free);
  archive_read_support_format_tar(tar.get());
  archive_read_support_format_empty(tar.get());
  const auto failure = [&] {
    return reader.stopped ? *reader.stopped : failed("what came is no tar archive: " + reason_of(tar.get()));
  };
  if (archive_read_open(tar.get(), &reader, nullptr, piece_reader::next, nullptr) != ARCHIVE_OK)
    return failure();
  archive_entry* entry = nullptr;
  while (true) {
    const int found = archive_read_next_header(tar.get(), &entry);
    if (found == ARCHIVE_EOF) return tree;
    if (found < ARCHIVE_WARN) return failure();
    if (auto taken = unpack_member(tar.get(), entry, name, into, tree); !taken)
      return reader.stopped ? *reader.stopped : taken.error();
  }
}

std::string archived_name(std::string_view path) {
  std::string clean;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      clean.clear();
      continue;
    }
    if (!clean.empty()) clean += '/';
    clean += part;
  }
  return clean;
}

} // namespace actord::runtime
