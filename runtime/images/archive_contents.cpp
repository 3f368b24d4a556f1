#include "runtime/images/archive_contents.hpp"

#include "runtime/files/file_tools.hpp"
#include "runtime/images/digest.hpp"

#include <sys/utsname.h>

namespace actord::runtime {
namespace {

constexpr std::size_t document_limit_bytes = 4 << 20;
constexpr int deepest_index = 3;

error bad_archive(std::string what) {
  return error{.kind = error_kind::bad_request, .message = "image archive: " + std::move(what)};
}

class contents_reader {
public:
  contents_reader(const intake& files, const std::string& architecture)
      : files_(files), architecture_(architecture) {}

  result<void> read_layout(const intake_file& index_file) {
    auto text = document(index_file);
    if (!text) return std::move(text).error();
    return read_index(*text, {}, 0);
  }

  result<void> read_docker(const intake_file& list) {
    auto text = document(list);
    if (!text) return std::move(text).error();
    auto manifests = parse_docker_manifests(*text);
    if (!manifests) return std::move(manifests).error();
    for (const docker_manifest& manifest : *manifests)
      if (auto added = add_docker(manifest); !added) return added;
    return {};
  }

  std::vector<archived_image> take() { return std::move(images_); }

private:
  static result<std::string> document(const intake_file& file) {
    auto text = read_file(file.path, document_limit_bytes);
    if (!text) return std::move(text).error();
    if (!*text) return bad_archive("a document vanished while it was read");
    return std::move(**text);
  }

  /// Null: the archive does not have it, which is no error for other machines' images.
  result<const intake_file*> blob(const std::string& digest) const {
    const std::string hex(digest_hex(digest));
    const auto found = files_.find("blobs/sha256/" + hex);
    if (found == files_.end()) return static_cast<const intake_file*>(nullptr);
    if (found->second.sha256 != hex)
      return bad_archive("the content of " + digest + " has the digest sha256:" + found->second.sha256);
    return &found->second;
  }

  [[nodiscard]] bool is_for_here(const content_descriptor& descriptor) const {
    return (descriptor.architecture.empty() || descriptor.architecture == architecture_) &&
           (descriptor.system.empty() || descriptor.system == "linux");
  }

  result<void> read_index(const std::string& text, const std::string& reference, int depth) {
    if (depth > deepest_index) return bad_archive("indexes nest too deeply");
    auto index = parse_index(text);
    if (!index) return std::move(index).error();
    for (const content_descriptor& entry : index->manifests) {
      if (!is_for_here(entry)) continue;
      const std::string& name = entry.reference_name.empty() ? reference : entry.reference_name;
      const auto file = blob(entry.digest);
      if (!file) return file.error();
      if (*file == nullptr) return bad_archive(entry.digest + " is missing");
      auto content = document(**file);
      if (!content) return std::move(content).error();
      if (is_index_media_type(entry.media_type)) {
        if (auto read = read_index(*content, name, depth + 1); !read) return read;
      } else if (is_manifest_media_type(entry.media_type)) {
        if (auto added = add_manifest(*content, entry.digest, name); !added) return added;
      }
    }
    return {};
  }

  result<void> add_manifest(const std::string& text, const std::string& digest,
                            const std::string& reference) {
    auto manifest = parse_manifest(text);
    if (!manifest) return std::move(manifest).error();
    const auto config_file = blob(manifest->config.digest);
    if (!config_file) return config_file.error();
    if (*config_file == nullptr) return bad_archive(manifest->config.digest + " is missing");
    std::vector<const intake_file*> layers;
    for (const content_descriptor& layer : manifest->layers) {
      const auto file = blob(layer.digest);
      if (!file) return file.error();
      if (*file == nullptr) return bad_archive("layer " + layer.digest + " is missing");
      layers.push_back(*file);
    }
    std::vector<std::string> references;
    if (!reference.empty()) references.push_back(reference);
    return add_image(**config_file, layers, digest, references);
  }

  result<void> add_docker(const docker_manifest& manifest) {
    const auto find = [&](const std::string& name) -> const intake_file* {
      const auto found = files_.find(name);
      return found == files_.end() ? nullptr : &found->second;
    };
    const intake_file* config = find(manifest.config_path);
    if (config == nullptr) return bad_archive("\"" + manifest.config_path + "\" is missing");
    std::vector<const intake_file*> layers;
    for (const std::string& path : manifest.layer_paths) {
      layers.push_back(find(path));
      if (layers.back() == nullptr) return bad_archive("\"" + path + "\" is missing");
    }
    // This form has no manifest whose digest could name the image; the configuration's does.
    return add_image(*config, layers, "sha256:" + config->sha256, manifest.references);
  }

  result<void> add_image(const intake_file& config_file, const std::vector<const intake_file*>& layers,
                         const std::string& digest, const std::vector<std::string>& references) {
    auto text = document(config_file);
    if (!text) return std::move(text).error();
    auto config = parse_config(*text);
    if (!config) return std::move(config).error();
    if (config->diff_ids.size() != layers.size())
      return bad_archive("the configuration names " + std::to_string(config->diff_ids.size()) +
                         " layers, the manifest " + std::to_string(layers.size()));
    archived_image image{.id = "sha256:" + config_file.sha256,
                         .digest = digest,
                         .references = {},
                         .config = std::move(*config),
                         .layers = {}};
    for (std::size_t at = 0; at < layers.size(); ++at)
      image.layers.push_back({layers[at]->path, image.config.diff_ids[at]});
    for (const std::string& reference : references) {
      auto normal = normalize_reference(reference);
      if (!normal) return std::move(normal).error();
      image.references.push_back(std::move(*normal));
    }
    images_.push_back(std::move(image));
    return {};
  }

  const intake& files_;
  const std::string& architecture_;
  std::vector<archived_image> images_;
};

} // namespace

result<std::vector<archived_image>> read_contents(const intake& files, const std::string& architecture) {
  contents_reader reader(files, architecture);
  result<void> read = bad_archive("it has neither index.json nor manifest.json");
  if (const auto index = files.find("index.json"); index != files.end())
    read = reader.read_layout(index->second);
  else if (const auto list = files.find("manifest.json"); list != files.end())
    read = reader.read_docker(list->second);
  if (!read) return read.error();
  auto images = reader.take();
  if (images.empty()) return bad_archive("it has no image for linux/" + architecture);
  return images;
}

std::string machine_architecture() {
  utsname names{};
  if (::uname(&names) != 0) return "amd64";
  const std::string machine = names.machine;
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return machine;
}

} // namespace actord::runtime
