#include "runtime/images/layer_unpacker.hpp"

#include "runtime/files/file_tools.hpp"
#include "runtime/images/digest.hpp"
#include "runtime/images/layer_tree.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <vector>

namespace actord::runtime {
namespace {

using archive_handle = std::unique_ptr<archive, int (*)(archive*)>;

error refused(std::string what) {
  return error{.kind = error_kind::bad_request, .message = "image layer: " + std::move(what)};
}

error archive_failure(archive* from, const std::string& what) {
  const char* text = archive_error_string(from);
  return refused(what + (text == nullptr ? "" : std::string(": ") + text));
}

/// The blob with its compression taken off, hashed on the way: what the tar reader reads is what diff_id is
/// about.
struct plain_stream {
  archive_handle outer{archive_read_new(), archive_read_free};
  sha256_digest digest;
  std::vector<char> buffer = std::vector<char>(1 << 18);
  std::string failure;

  la_ssize_t read(const void** into) {
    const la_ssize_t count = archive_read_data(outer.get(), buffer.data(), buffer.size());
    if (count < 0) {
      const char* text = archive_error_string(outer.get());
      failure = text == nullptr ? "cannot be decompressed" : text;
      return -1;
    }
    *into = buffer.data();
    digest.update({buffer.data(), static_cast<std::size_t>(count)});
    return count;
  }
};

la_ssize_t read_plain(archive*, void* data, const void** buffer) {
  return static_cast<plain_stream*>(data)->read(buffer);
}

result<void> open_plain(plain_stream& stream, const std::string& blob_path) {
  archive* outer = stream.outer.get();
  archive_read_support_filter_none(outer);
  archive_read_support_filter_gzip(outer);
  archive_read_support_filter_zstd(outer);
  archive_read_support_format_raw(outer);
  archive_read_support_format_empty(outer);
  archive_entry* only = nullptr;
  if (archive_read_open_filename(outer, blob_path.c_str(), 1 << 18) != ARCHIVE_OK)
    return archive_failure(outer, "cannot be opened");
  if (const int found = archive_read_next_header(outer, &only); found != ARCHIVE_OK && found != ARCHIVE_EOF)
    return archive_failure(outer, "cannot be decompressed");
  return {};
}

/// "./a//b/" → "a/b"; nothing for a name with "..", which no honest tool writes.
std::optional<std::string> clean_path(std::string_view path) {
  std::string clean;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (part.empty() || part == ".") continue;
    if (part == "..") return std::nullopt;
    if (!clean.empty()) clean += '/';
    clean += part;
  }
  return clean;
}

std::string_view text_of(const char* text) {
  return text == nullptr ? std::string_view{} : std::string_view(text);
}

/// libarchive gives a name in the locale's encoding, and none at all when that cannot express it: then as
/// UTF-8, which is what the archive has. Either way the bytes that were packed.
std::string_view first_of(const char* native, const char* utf8) {
  return text_of(native != nullptr ? native : utf8);
}
std::string_view path_of(archive_entry* entry) {
  return first_of(archive_entry_pathname(entry), archive_entry_pathname_utf8(entry));
}
std::string_view hard_link_of(archive_entry* entry) {
  return first_of(archive_entry_hardlink(entry), archive_entry_hardlink_utf8(entry));
}
std::string_view symlink_of(archive_entry* entry) {
  return first_of(archive_entry_symlink(entry), archive_entry_symlink_utf8(entry));
}

/// Overlayfs reads its own marks from the trusted namespace, so only what programs themselves use gets
/// through.
bool is_allowed_attribute(std::string_view name) {
  return name == "security.capability" || name.starts_with("user.");
}

result<std::optional<layer_entry::form>> form_of(archive_entry* entry) {
  if (!hard_link_of(entry).empty()) return std::optional(layer_entry::form::hard_link);
  switch (archive_entry_filetype(entry)) {
  case AE_IFREG:
    return std::optional(layer_entry::form::file);
  case AE_IFDIR:
    return std::optional(layer_entry::form::directory);
  case AE_IFLNK:
    return std::optional(layer_entry::form::symlink);
  case AE_IFCHR:
    return std::optional(layer_entry::form::character_device);
  case AE_IFBLK:
    return std::optional(layer_entry::form::block_device);
  case AE_IFIFO:
    return std::optional(layer_entry::form::fifo);
  case AE_IFSOCK:
    return std::optional<layer_entry::form>{};
  default:
    return refused("unknown kind of entry");
  }
}

class unpacker {
public:
  unpacker(layer_tree& tree, const unpack_limits& limits) : tree_(tree), limits_(limits) {}

  result<void> take(archive* tar, archive_entry* entry) {
    if (++entries_ > limits_.entries) return refused("too many entries");
    const std::string_view name = path_of(entry);
    if (name.empty()) return refused("an entry without a name");
    auto path = clean_path(name);
    if (!path) return refused("name \"" + std::string(name) + "\" leads out of it");
    const std::size_t slash = path->rfind('/');
    const std::string_view base = std::string_view(*path).substr(slash == std::string::npos ? 0 : slash + 1);
    const std::string above = slash == std::string::npos ? "" : path->substr(0, slash);
    if (base == ".wh..wh..opq") return tree_.make_opaque(above);
    if (base.starts_with(".wh..wh.")) return {};
    if (base.starts_with(".wh.")) {
      const std::string hidden(base.substr(4));
      if (hidden.empty() || hidden == "." || hidden == "..") return refused("bad whiteout \"" + *path + "\"");
      return tree_.white_out(above.empty() ? hidden : above + "/" + hidden);
    }
    return store(tar, entry, std::move(*path));
  }

  [[nodiscard]] std::int64_t size_bytes() const { return bytes_; }

private:
  result<void> store(archive* tar, archive_entry* entry, std::string path) {
    const auto form = form_of(entry);
    if (!form) return form.error();
    if (!*form) return {};
    layer_entry described = describe(entry, **form);
    if (described.kind == layer_entry::form::hard_link) {
      auto target = clean_path(described.target);
      if (!target || target->empty()) return refused("hard link \"" + path + "\" leads out of it");
      described.target = std::move(*target);
    }
    if (path.empty()) {
      if (described.kind != layer_entry::form::directory) return refused("its root is not a directory");
      path = ".";
    }
    const bool is_null_device = described.kind == layer_entry::form::character_device &&
                                described.device_major == 0 && described.device_minor == 0;
    if (is_null_device) return refused("device 0:0 at \"" + path + "\" would hide a file");
    described.path = std::move(path);
    auto file = tree_.create(described);
    if (!file) return std::move(file).error();
    return *file ? copy(tar, file->get(), described) : result<void>{};
  }

  static layer_entry describe(archive_entry* entry, layer_entry::form form) {
    layer_entry described;
    described.kind = form;
    described.target = form == layer_entry::form::hard_link ? hard_link_of(entry) : symlink_of(entry);
    described.mode = archive_entry_perm(entry);
    described.user = archive_entry_uid(entry);
    described.group = archive_entry_gid(entry);
    described.modified = {archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)};
    described.device_major = static_cast<unsigned>(archive_entry_rdevmajor(entry));
    described.device_minor = static_cast<unsigned>(archive_entry_rdevminor(entry));
    const char* key = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    archive_entry_xattr_reset(entry);
    while (archive_entry_xattr_next(entry, &key, &value, &size) == ARCHIVE_OK)
      if (is_allowed_attribute(text_of(key)))
        described.attributes.emplace_back(key, std::string(static_cast<const char*>(value), size));
    return described;
  }

  result<void> copy(archive* tar, int file, const layer_entry& entry) {
    std::array<char, 65536> buffer;
    while (true) {
      const la_ssize_t count = archive_read_data(tar, buffer.data(), buffer.size());
      if (count < 0) return archive_failure(tar, "cannot be read");
      if (count == 0) break;
      bytes_ += count;
      if (bytes_ > limits_.bytes) return refused("larger than " + std::to_string(limits_.bytes) + " bytes");
      for (la_ssize_t done = 0; done < count;) {
        const ssize_t wrote = ::write(file, buffer.data() + done, static_cast<std::size_t>(count - done));
        if (wrote < 0 && errno != EINTR) return system_error("write " + entry.path, errno);
        if (wrote > 0) done += wrote;
      }
    }
    return layer_tree::settle_file(file, entry);
  }

  layer_tree& tree_;
  const unpack_limits& limits_;
  std::int64_t entries_ = 0;
  std::int64_t bytes_ = 0;
};

} // namespace

result<unpacked_layer> unpack_layer(const std::string& blob_path, const std::string& target,
                                    const unpack_limits& limits) {
  plain_stream stream;
  if (auto opened = open_plain(stream, blob_path); !opened) return opened.error();
  auto root = open_directory(target);
  if (!root) return std::move(root).error();
  layer_tree tree(std::move(*root));
  unpacker into(tree, limits);
  const archive_handle tar(archive_read_new(), archive_read_free);
  archive_read_support_format_tar(tar.get());
  archive_read_support_format_empty(tar.get());
  if (archive_read_open(tar.get(), &stream, nullptr, read_plain, nullptr) != ARCHIVE_OK)
    return archive_failure(tar.get(), stream.failure.empty() ? "is not a tar" : stream.failure);
  archive_entry* entry = nullptr;
  while (true) {
    const int found = archive_read_next_header(tar.get(), &entry);
    if (found == ARCHIVE_EOF) break;
    if (found < ARCHIVE_WARN) return archive_failure(tar.get(), "cannot be read");
    if (auto taken = into.take(tar.get(), entry); !taken) return taken.error();
  }
  // The tar reader stops at its end mark; the digest covers the padding behind it too.
  const void* rest = nullptr;
  la_ssize_t more = 0;
  while ((more = stream.read(&rest)) > 0) {
  }
  if (more < 0) return refused(stream.failure);
  if (auto finished = tree.finish(); !finished) return finished.error();
  return unpacked_layer{.diff_id = "sha256:" + stream.digest.finish(), .size_bytes = into.size_bytes()};
}

} // namespace actord::runtime
