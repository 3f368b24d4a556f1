#include "runtime/images/archive_intake.hpp"

#include "runtime/files/file_tools.hpp"
#include "runtime/images/digest.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>

#include <cerrno>
#include <memory>
#include <vector>

namespace actord::runtime {
namespace {

constexpr std::size_t most_files = 100'000;

error unreadable(archive* from) {
  const char* text = archive_error_string(from);
  return error{.kind = error_kind::bad_request,
               .message = std::string("image archive: ") + (text == nullptr ? "cannot be read" : text)};
}

/// "./a/x/../b" → "a/b". Only a key to look things up by.
std::string key_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (part == ".." && !parts.empty())
      parts.pop_back();
    else if (!part.empty() && part != "." && part != "..")
      parts.push_back(part);
  }
  std::string key;
  for (const std::string_view part : parts) key.append(key.empty() ? "" : "/").append(part);
  return key;
}

result<intake_file> set_aside(archive* from, const std::string& path, std::int64_t& budget_bytes,
                              std::vector<char>& buffer) {
  const unique_fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return system_error("create " + path, errno);
  sha256_digest digest;
  intake_file taken{.path = path, .sha256 = {}, .size_bytes = 0};
  while (true) {
    const la_ssize_t count = archive_read_data(from, buffer.data(), buffer.size());
    if (count < 0) return unreadable(from);
    if (count == 0) break;
    budget_bytes -= count;
    if (budget_bytes < 0) return error{.kind = error_kind::too_large, .message = "image archive: too large"};
    digest.update({buffer.data(), static_cast<std::size_t>(count)});
    for (la_ssize_t done = 0; done < count;) {
      const ssize_t wrote = ::write(file.get(), buffer.data() + done, static_cast<std::size_t>(count - done));
      if (wrote < 0 && errno != EINTR) return system_error("write " + path, errno);
      if (wrote > 0) done += wrote;
    }
    taken.size_bytes += count;
  }
  taken.sha256 = digest.finish();
  return taken;
}

} // namespace

result<intake> take_in_archive(int from, const std::string& directory, std::int64_t limit_bytes) {
  const std::unique_ptr<archive, int (*)(archive*)> tar(archive_read_new(), archive_read_free);
  archive_read_support_filter_gzip(tar.get());
  archive_read_support_filter_zstd(tar.get());
  archive_read_support_format_tar(tar.get());
  if (archive_read_open_fd(tar.get(), from, 1 << 16) != ARCHIVE_OK) return unreadable(tar.get());
  intake files;
  std::map<std::string, std::string> links;
  std::vector<char> buffer(1 << 18);
  archive_entry* entry = nullptr;
  for (std::size_t number = 0;; ++number) {
    const int found = archive_read_next_header(tar.get(), &entry);
    if (found == ARCHIVE_EOF) break;
    if (found < ARCHIVE_WARN) return unreadable(tar.get());
    if (number == most_files)
      return error{.kind = error_kind::too_large, .message = "image archive: too many files"};
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr) continue;
    const std::string key = key_of(name);
    if (const char* target = archive_entry_hardlink(entry)) {
      links[key] = key_of(target);
    } else if (archive_entry_filetype(entry) == AE_IFLNK && archive_entry_symlink(entry) != nullptr) {
      links[key] = key_of(key.substr(0, key.rfind('/') + 1) + archive_entry_symlink(entry));
    } else if (archive_entry_filetype(entry) == AE_IFREG) {
      auto taken = set_aside(tar.get(), directory + "/" + std::to_string(number), limit_bytes, buffer);
      if (!taken) return std::move(taken).error();
      files[key] = std::move(*taken);
    }
  }
  for (const auto& [key, target] : links)
    if (const auto found = files.find(target); found != files.end()) files.emplace(key, found->second);
  return files;
}

} // namespace actord::runtime
