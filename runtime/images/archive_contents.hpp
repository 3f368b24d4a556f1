#pragma once

#include "runtime/images/archive_intake.hpp"
#include "runtime/images/image_manifest.hpp"

#include <string>
#include <vector>

namespace actord::runtime {

/// An image found in an archive: every document and layer is there and has the digest it should have.
struct archived_image {
  std::string id;
  std::string digest;
  std::vector<std::string> references; ///< normalized
  config_document config;
  struct layer {
    std::string blob_path;
    std::string diff_id; ///< "sha256:..." that unpacking must arrive at
  };
  std::vector<layer> layers; ///< lowest first
};

/// Reads an OCI layout or a docker-save archive. Images for other machines are left out; an archive without
/// any image for `architecture` ("amd64") is an error.
result<std::vector<archived_image>> read_contents(const intake& files, const std::string& architecture);

/// This machine's name in image documents.
std::string machine_architecture();

} // namespace actord::runtime
