#pragma once

#include "runtime/images/image_store.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What the JSON documents of an OCI archive say (image-spec 1.1), and of Docker's older archive form. Pure.

namespace actord::runtime {

struct content_descriptor {
  std::string media_type;
  std::string digest; ///< checked to be sha256
  std::int64_t size_bytes = 0;
  std::string reference_name; ///< the image name an exporter recorded, as it wrote it
  std::string architecture;   ///< of index entries; empty when not said
  std::string system;
};

struct image_index_document {
  std::vector<content_descriptor> manifests;
};

struct manifest_document {
  content_descriptor config;
  std::vector<content_descriptor> layers;
};

struct config_document {
  image_config config;
  std::vector<std::string> diff_ids; ///< digests of the uncompressed layers, lowest first
};

/// One element of docker-save's manifest.json; paths are names within the archive.
struct docker_manifest {
  std::string config_path;
  std::vector<std::string> layer_paths;
  std::vector<std::string> references;
};

bool is_index_media_type(std::string_view media_type);
bool is_manifest_media_type(std::string_view media_type);
/// True for the layers that are to be unpacked; false says that it is something else (an attestation).
bool is_layer_media_type(std::string_view media_type);

result<image_index_document> parse_index(std::string_view text);
result<manifest_document> parse_manifest(std::string_view text);
result<config_document> parse_config(std::string_view text);
result<std::vector<docker_manifest>> parse_docker_manifests(std::string_view text);

} // namespace actord::runtime
