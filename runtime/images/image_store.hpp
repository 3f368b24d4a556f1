#pragma once

#include "schema/base/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace actord::runtime {

/// The parts of an OCI image configuration that starting a container needs.
struct image_config {
  std::vector<std::string> entrypoint;
  std::vector<std::string> command;
  std::vector<std::pair<std::string, std::string>> env;
  std::string working_directory;
  std::string user;
  std::string stop_signal;
  std::vector<std::string> volumes;
};

struct image_info {
  std::string id;                      ///< "sha256:..." of the configuration
  std::string digest;                  ///< "sha256:..." of the manifest
  std::vector<std::string> references; ///< "docker.io/library/hello:1"
  std::int64_t size_bytes = 0;
  image_config config;
};

/// An OCI archive being loaded, in pieces. Dropping it aborts.
class image_archive_writer {
public:
  virtual ~image_archive_writer() = default;
  virtual result<void> write(std::string_view piece) = 0;
  virtual result<std::vector<image_info>> finish() = 0;
};

/// Images on this node: layers unpacked once each, by digest, mounted by overlayfs. Blocks; worker pool only.
class image_store {
public:
  virtual ~image_store() = default;

  /// Opens or creates the store below `directory`.
  static result<std::unique_ptr<image_store>> open(std::string directory);

  virtual std::unique_ptr<image_archive_writer> begin_load() = 0;
  /// By reference (any spelling a pod may use), digest or id. Empty when it is not here.
  [[nodiscard]] virtual std::optional<image_info> find(std::string_view name) = 0;
  [[nodiscard]] virtual std::vector<image_info> list() = 0;
  virtual result<void> remove(std::string_view id) = 0;

  /// Directories of the unpacked layers, lowest first, for an overlay mount.
  [[nodiscard]] virtual result<std::vector<std::string>> layers(std::string_view id) = 0;
};

/// "busybox" → "docker.io/library/busybox:latest": the one spelling references are kept in.
result<std::string> normalize_reference(std::string_view reference);

} // namespace actord::runtime
