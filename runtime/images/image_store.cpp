#include "runtime/images/image_store.hpp"

#include "runtime/files/file_tools.hpp"
#include "runtime/images/archive_contents.hpp"
#include "runtime/images/archive_intake.hpp"
#include "runtime/images/digest.hpp"
#include "runtime/images/image_records.hpp"
#include "runtime/images/layer_unpacker.hpp"

#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <thread>

namespace actord::runtime {
namespace {

constexpr std::int64_t archive_limit_bytes = std::int64_t{64} << 30;
constexpr unsigned unpack_threads = 4;

bool directory_exists(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// A layer unpacked beside its final place.
struct fresh_layer {
  std::string directory;
  std::int64_t size_bytes = 0;
};

/// On disk: images.json (the index), layers/<diff id in hex>, and below intake/ what is being loaded;
/// whatever is in intake/ or not named by the index when the store opens is left over from a crash and
/// removed.
class layered_image_store final : public image_store {
public:
  explicit layered_image_store(std::string directory) : directory_(std::move(directory)) {}

  result<void> load() {
    if (auto removed = remove_tree(directory_ + "/intake"); !removed) return removed;
    for (const char* part : {"", "/intake", "/layers"})
      if (auto made = make_directories(directory_ + part, 0700); !made) return made;
    auto text = read_file(index_path());
    if (!text) return std::move(text).error();
    if (*text) {
      auto records = image_records::parse(**text);
      if (!records) return std::move(records).error();
      records_ = std::move(*records);
    }
    return remove_unused_layers();
  }

  std::unique_ptr<image_archive_writer> begin_load() override;

  std::optional<image_info> find(std::string_view name) override {
    const std::lock_guard lock(mutex_);
    const image_record* record = records_.find(name);
    return record == nullptr ? std::nullopt : std::optional(record->info);
  }

  std::vector<image_info> list() override {
    const std::lock_guard lock(mutex_);
    std::vector<image_info> infos;
    for (const image_record& record : records_.all()) infos.push_back(record.info);
    return infos;
  }

  result<void> remove(std::string_view id) override {
    const std::lock_guard lock(mutex_);
    image_records changed = records_;
    if (!changed.remove(id)) return {};
    if (auto saved = save(changed); !saved) return saved;
    records_ = std::move(changed);
    return remove_unused_layers();
  }

  result<std::vector<std::string>> layers(std::string_view id) override {
    const std::lock_guard lock(mutex_);
    const image_record* record = records_.find(id);
    if (record == nullptr)
      return error{.kind = error_kind::not_found,
                   .message = "image " + std::string(id) + " is not on this node"};
    std::vector<std::string> directories;
    for (const std::string& layer : record->layers) directories.push_back(layer_path(layer));
    return directories;
  }

  std::string new_intake_directory() { return directory_ + "/intake/" + std::to_string(next_intake_++); }

  result<std::vector<image_info>> adopt(const std::vector<archived_image>& images,
                                        const std::string& scratch) {
    auto fresh = unpack_missing(images, scratch);
    if (!fresh) return std::move(fresh).error();
    const std::lock_guard lock(mutex_);
    for (const auto& [hex, layer] : *fresh)
      if (::rename(layer.directory.c_str(), layer_path(hex).c_str()) != 0 && errno != EEXIST &&
          errno != ENOTEMPTY)
        return system_error("put layer " + hex + " in its place", errno);
    image_records changed = records_;
    std::vector<image_info> infos;
    for (const archived_image& image : images) {
      auto record = record_of(image);
      if (!record) return std::move(record).error();
      changed.put(std::move(*record));
    }
    if (auto saved = save(changed); !saved) return saved.error();
    records_ = std::move(changed);
    for (const archived_image& image : images) infos.push_back(records_.find(image.id)->info);
    return infos;
  }

private:
  [[nodiscard]] std::string index_path() const { return directory_ + "/images.json"; }
  [[nodiscard]] std::string layer_path(const std::string& hex) const { return directory_ + "/layers/" + hex; }

  result<void> save(const image_records& records) const {
    return write_file_atomic(index_path(), records.text(), 0600, durability::synced);
  }

  result<void> remove_unused_layers() const {
    const std::set<std::string> used = records_.layers_in_use();
    for (const std::string& name : directory_entries(directory_ + "/layers"))
      if (!used.contains(name))
        if (auto removed = remove_tree(layer_path(name)); !removed) return removed;
    return {};
  }

  result<image_record> record_of(const archived_image& image) const {
    image_record record;
    record.info = {.id = image.id,
                   .digest = image.digest,
                   .references = image.references,
                   .size_bytes = 0,
                   .config = image.config.config};
    for (const archived_image::layer& layer : image.layers) {
      const std::string hex(digest_hex(layer.diff_id));
      struct stat blob{};
      if (::stat(layer.blob_path.c_str(), &blob) == 0) record.info.size_bytes += blob.st_size;
      if (!directory_exists(layer_path(hex)))
        return error{.kind = error_kind::unavailable,
                     .message = "layer " + layer.diff_id + " was removed while the image was loaded"};
      record.layers.push_back(hex);
    }
    return record;
  }

  /// Unpacks, in parallel and each once, the layers that are not here yet, and makes them durable.
  result<std::map<std::string, fresh_layer>> unpack_missing(const std::vector<archived_image>& images,
                                                            const std::string& scratch) const {
    std::map<std::string, std::string> blobs;
    for (const archived_image& image : images)
      for (const archived_image::layer& layer : image.layers)
        if (std::string hex(digest_hex(layer.diff_id)); !directory_exists(layer_path(hex)))
          blobs.emplace(std::move(hex), layer.blob_path);
    std::map<std::string, fresh_layer> fresh;
    if (blobs.empty()) return fresh;
    const std::vector<std::pair<std::string, std::string>> work(blobs.begin(), blobs.end());
    std::vector<result<fresh_layer>> outcomes(work.size(), error{});
    std::atomic<std::size_t> next = 0;
    const auto labour = [&] {
      for (std::size_t at = next++; at < work.size(); at = next++)
        outcomes[at] = unpack_one(work[at].first, work[at].second, scratch);
    };
    {
      std::vector<std::jthread> helpers;
      for (unsigned count = 1; count < std::min<std::size_t>(unpack_threads, work.size()); ++count)
        helpers.emplace_back(labour);
      labour();
    }
    for (std::size_t at = 0; at < work.size(); ++at) {
      if (!outcomes[at]) return outcomes[at].error();
      fresh.emplace(work[at].first, *outcomes[at]);
    }
    const auto filesystem = open_directory(scratch);
    if (!filesystem) return filesystem.error();
    if (::syncfs(filesystem->get()) != 0) return system_error("sync the unpacked layers", errno);
    return fresh;
  }

  static result<fresh_layer> unpack_one(const std::string& hex, const std::string& blob_path,
                                        const std::string& scratch) {
    const std::string target = scratch + "/layer-" + hex;
    if (auto made = make_directories(target); !made) return made.error();
    const auto unpacked = unpack_layer(blob_path, target, {});
    if (!unpacked) return unpacked.error();
    if (unpacked->diff_id != "sha256:" + hex)
      return error{.kind = error_kind::bad_request,
                   .message = "image archive: a layer unpacks to " + unpacked->diff_id +
                              " instead of sha256:" + hex};
    return fresh_layer{target, unpacked->size_bytes};
  }

  std::string directory_;
  std::mutex mutex_; ///< of records_ and of what is below layers/
  image_records records_;
  std::atomic<std::uint64_t> next_intake_ = 0;
};

/// Pieces go through a socket pair to a thread with the tar reader, so that an upload is never held in
/// memory.
class archive_loader final : public image_archive_writer {
public:
  explicit archive_loader(layered_image_store& store)
      : store_(store), scratch_(store.new_intake_directory()) {}

  archive_loader(const archive_loader&) = delete;
  archive_loader& operator=(const archive_loader&) = delete;
  ~archive_loader() override {
    input_.reset();
    if (reader_.joinable()) reader_.join();
    static_cast<void>(remove_tree(scratch_)); // What stays is removed when the store is next opened.
  }

  result<void> write(std::string_view piece) override {
    if (!reader_.joinable())
      if (auto started = start(); !started) return started;
    while (!piece.empty()) {
      const ssize_t count = ::send(input_.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;
      // The reader has gone: it says why when asked for its result.
      if (count < 0 && errno == EPIPE) return end_reading();
      if (count < 0) return system_error("pass on the image archive", errno);
      piece.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
  }

  result<std::vector<image_info>> finish() override {
    if (!reader_.joinable() && !ended_)
      return error{.kind = error_kind::bad_request, .message = "image archive: it is empty"};
    if (auto ended = end_reading(); !ended) return ended.error();
    const auto contents = read_contents(*taken_, machine_architecture());
    if (!contents) return contents.error();
    return store_.adopt(*contents, scratch_);
  }

private:
  result<void> start() {
    if (auto made = make_directories(scratch_, 0700); !made) return made;
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
      return system_error("create a socket pair", errno);
    input_.reset(ends[1]);
    reader_ = std::thread([this, source = std::make_shared<unique_fd>(ends[0])] {
      taken_ = take_in_archive(source->get(), scratch_, archive_limit_bytes);
      // Padding after the tar's end is swallowed, so that the sender is not cut off by it.
      std::array<char, 65536> rest;
      while (taken_ && ::read(source->get(), rest.data(), rest.size()) > 0) {
      }
      source->reset();
    });
    return {};
  }

  result<void> end_reading() {
    input_.reset();
    if (reader_.joinable()) reader_.join();
    ended_ = true;
    return taken_ ? result<void>{} : taken_.error();
  }

  layered_image_store& store_;
  std::string scratch_;
  unique_fd input_;
  bool ended_ = false;
  result<intake> taken_ = error{.message = "image archive: not read"};
  std::thread reader_;
};

std::unique_ptr<image_archive_writer> layered_image_store::begin_load() {
  return std::make_unique<archive_loader>(*this);
}

} // namespace

result<std::unique_ptr<image_store>> image_store::open(std::string directory) {
  auto store = std::make_unique<layered_image_store>(std::move(directory));
  if (auto loaded = store->load(); !loaded) return loaded.error();
  return std::unique_ptr<image_store>(std::move(store));
}

} // namespace actord::runtime
