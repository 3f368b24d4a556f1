#include "runtime/images/image_manifest.hpp"

#include "runtime/images/digest.hpp"
#include "schema/base/json.hpp"

namespace actord::runtime {
namespace {

error malformed(std::string what) {
  return error{.kind = error_kind::bad_request, .message = "image archive: " + std::move(what)};
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::vector<std::string> texts_at(const json& object, const char* key) {
  std::vector<std::string> texts;
  if (const auto found = object.find(key); found != object.end() && found->is_array())
    for (const json& item : *found)
      if (item.is_string()) texts.push_back(item.get<std::string>());
  return texts;
}

result<json> parse_object(std::string_view text, const char* what) {
  json document = json::parse(text, nullptr, false);
  if (!document.is_object()) return malformed(std::string(what) + " is not a JSON object");
  return document;
}

result<content_descriptor> parse_descriptor(const json& value) {
  if (!value.is_object()) return malformed("a descriptor is not an object");
  content_descriptor descriptor;
  descriptor.media_type = text_at(value, "mediaType");
  descriptor.digest = text_at(value, "digest");
  if (digest_hex(descriptor.digest).empty())
    return malformed("digest \"" + descriptor.digest + "\" is not a sha256 digest");
  if (const auto size = value.find("size"); size != value.end() && size->is_number_integer())
    descriptor.size_bytes = size->get<std::int64_t>();
  if (const auto notes = value.find("annotations"); notes != value.end() && notes->is_object()) {
    descriptor.reference_name = text_at(*notes, "io.containerd.image.name");
    if (descriptor.reference_name.empty())
      descriptor.reference_name = text_at(*notes, "org.opencontainers.image.ref.name");
  }
  if (const auto platform = value.find("platform"); platform != value.end() && platform->is_object()) {
    descriptor.architecture = text_at(*platform, "architecture");
    descriptor.system = text_at(*platform, "os");
  }
  return descriptor;
}

image_config parse_run_settings(const json& settings) {
  image_config config;
  config.entrypoint = texts_at(settings, "Entrypoint");
  config.command = texts_at(settings, "Cmd");
  for (const std::string& pair : texts_at(settings, "Env"))
    if (const std::size_t equals = pair.find('='); equals != std::string::npos && equals > 0)
      config.env.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
  config.working_directory = text_at(settings, "WorkingDir");
  config.user = text_at(settings, "User");
  config.stop_signal = text_at(settings, "StopSignal");
  if (const auto volumes = settings.find("Volumes"); volumes != settings.end() && volumes->is_object())
    for (const auto& [path, ignored] : volumes->items()) config.volumes.push_back(path);
  return config;
}

} // namespace

bool is_index_media_type(std::string_view media_type) {
  return media_type == "application/vnd.oci.image.index.v1+json" ||
         media_type == "application/vnd.docker.distribution.manifest.list.v2+json";
}

bool is_manifest_media_type(std::string_view media_type) {
  return media_type == "application/vnd.oci.image.manifest.v1+json" ||
         media_type == "application/vnd.docker.distribution.manifest.v2+json" || media_type.empty();
}

bool is_layer_media_type(std::string_view media_type) {
  return media_type.starts_with("application/vnd.oci.image.layer.") ||
         media_type.starts_with("application/vnd.docker.image.rootfs.");
}

result<image_index_document> parse_index(std::string_view text) {
  auto document = parse_object(text, "index");
  if (!document) return std::move(document).error();
  const auto manifests = document->find("manifests");
  if (manifests == document->end() || !manifests->is_array()) return malformed("the index has no manifests");
  image_index_document index;
  for (const json& item : *manifests) {
    auto descriptor = parse_descriptor(item);
    if (!descriptor) return std::move(descriptor).error();
    index.manifests.push_back(std::move(*descriptor));
  }
  return index;
}

result<manifest_document> parse_manifest(std::string_view text) {
  auto document = parse_object(text, "manifest");
  if (!document) return std::move(document).error();
  if (!document->contains("config")) return malformed("the manifest names no configuration");
  auto config = parse_descriptor((*document)["config"]);
  if (!config) return std::move(config).error();
  manifest_document manifest{.config = std::move(*config), .layers = {}};
  const auto layers = document->find("layers");
  if (layers == document->end() || !layers->is_array()) return malformed("the manifest has no layers");
  for (const json& item : *layers) {
    auto layer = parse_descriptor(item);
    if (!layer) return std::move(layer).error();
    if (!is_layer_media_type(layer->media_type))
      return malformed("layers of type \"" + layer->media_type + "\" cannot be unpacked");
    manifest.layers.push_back(std::move(*layer));
  }
  return manifest;
}

result<config_document> parse_config(std::string_view text) {
  auto document = parse_object(text, "image configuration");
  if (!document) return std::move(document).error();
  config_document parsed;
  if (const auto settings = document->find("config"); settings != document->end() && settings->is_object())
    parsed.config = parse_run_settings(*settings);
  if (const auto root = document->find("rootfs"); root != document->end() && root->is_object())
    parsed.diff_ids = texts_at(*root, "diff_ids");
  for (const std::string& id : parsed.diff_ids)
    if (digest_hex(id).empty()) return malformed("diff_id \"" + id + "\" is not a sha256 digest");
  return parsed;
}

result<std::vector<docker_manifest>> parse_docker_manifests(std::string_view text) {
  const json document = json::parse(text, nullptr, false);
  if (!document.is_array()) return malformed("manifest.json is not a list");
  std::vector<docker_manifest> manifests;
  for (const json& item : document) {
    if (!item.is_object()) return malformed("manifest.json holds something that is not an object");
    manifests.push_back({text_at(item, "Config"), texts_at(item, "Layers"), texts_at(item, "RepoTags")});
  }
  return manifests;
}

} // namespace actord::runtime
