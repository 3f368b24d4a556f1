#pragma once

#include "schema/base/result.hpp"

#include <cstdint>
#include <string>

namespace actord::runtime {

struct unpack_limits {
  std::int64_t bytes = std::int64_t{64} << 30;
  std::int64_t entries = 5'000'000;
};

struct unpacked_layer {
  std::string diff_id;         ///< "sha256:..." of the uncompressed tar that was read
  std::int64_t size_bytes = 0; ///< of the files' contents
};

/// Unpacks one layer (tar, gzip or zstd, told by its first bytes) into the empty directory `target`, in the
/// form overlayfs reads: ".wh.NAME" becomes a character device 0:0, ".wh..wh..opq" the attribute
/// trusted.overlay.opaque.
///
/// The layer is hostile until proven otherwise: every path is resolved as if `target` were "/", names with
/// ".." are refused, and so are layers whose /dev, /proc or /sys is anything but a directory (a runtime
/// mounts there: CVE-2025-31133 and its kin). Extended attributes of the trusted namespace are dropped, they
/// steer overlayfs.
result<unpacked_layer> unpack_layer(const std::string& blob_path, const std::string& target,
                                    const unpack_limits& limits);

} // namespace actord::runtime
