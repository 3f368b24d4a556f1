#pragma once

#include "schema/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace actord::runtime {

/// A file of a ConfigMap, Secret, projected or downward volume.
struct volume_file {
  std::string
      path; ///< relative, may name subdirectories; ".." and leading ".." of the first component are refused
  unsigned mode = 0644;
  std::string bytes;
};

/// Makes `directory` show exactly these files, all at once: the files are in a dated directory, "..data"
/// points to it, and the visible names point through "..data", so one rename changes everything (as in
/// Kubernetes). Equal content changes nothing. The group, when given, owns the files and may read them.
/// Returns whether something changed.
result<bool> write_content(const std::string& directory, const std::vector<volume_file>& files,
                           std::optional<std::int64_t> group);

} // namespace actord::runtime
