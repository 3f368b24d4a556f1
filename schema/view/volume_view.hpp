#pragma once

#include "schema/view/container_view.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// The volumes of a pod.

namespace actord::schema {

/// One key of a ConfigMap or Secret and the file it becomes.
struct key_to_path {
  std::string key;
  std::string path;
  std::optional<std::int64_t> mode;

  bool operator==(const key_to_path&) const = default;
};

struct empty_dir_volume {
  bool in_memory = false; ///< medium "Memory"
  std::optional<std::int64_t> limit_bytes;

  bool operator==(const empty_dir_volume&) const = default;
};

/// Without `items` every key becomes a file.
struct config_map_volume {
  std::string name;
  std::vector<key_to_path> items;
  std::int64_t default_mode = 0644;
  bool optional = false;

  bool operator==(const config_map_volume&) const = default;
};

struct secret_volume {
  std::string name;
  std::vector<key_to_path> items;
  std::int64_t default_mode = 0644;
  bool optional = false;

  bool operator==(const secret_volume&) const = default;
};

struct downward_item {
  std::string path;
  std::optional<field_reference> field;
  std::optional<resource_field_reference> resource;
  std::optional<std::int64_t> mode;

  bool operator==(const downward_item&) const = default;
};

struct downward_api_volume {
  std::vector<downward_item> items;
  std::int64_t default_mode = 0644;

  bool operator==(const downward_api_volume&) const = default;
};

struct token_source {
  std::string audience; ///< empty: the API server's
  std::int64_t expiration_s = 3600;
  std::string path;

  bool operator==(const token_source&) const = default;
};

/// `default_mode` of the sources is that of the volume.
using projected_source = std::variant<config_map_volume, secret_volume, downward_api_volume, token_source>;

struct projected_volume {
  std::vector<projected_source> sources;
  std::int64_t default_mode = 0644;

  bool operator==(const projected_volume&) const = default;
};

struct host_path_volume {
  std::string path;
  std::string type; ///< "", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", ...

  bool operator==(const host_path_volume&) const = default;
};

struct claim_volume {
  std::string name; ///< of the PersistentVolumeClaim
  bool read_only = false;

  bool operator==(const claim_volume&) const = default;
};

/// A source this version does not mount (its member name in the API): a pod that has one cannot start.
struct unsupported_volume {
  std::string source;

  bool operator==(const unsupported_volume&) const = default;
};

struct volume_view {
  std::string name;
  std::variant<empty_dir_volume, config_map_volume, secret_volume, downward_api_volume, projected_volume,
               host_path_volume, claim_volume, unsupported_volume>
      source;

  bool operator==(const volume_view&) const = default;
};

volume_view parse_volume(read::value in);

} // namespace actord::schema
