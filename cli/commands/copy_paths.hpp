#pragma once

#include "schema/base/result.hpp"

#include <string>
#include <string_view>

/// The words of `actctl cp`. Pure.

namespace actord::cli {

/// Here, or in a container when a pod is named.
struct copy_end {
  std::string space; ///< empty: the one of the command
  std::string pod;
  std::string path;

  [[nodiscard]] bool is_remote() const { return !pod.empty(); }
  bool operator==(const copy_end&) const = default;
};

/// "path", "pod:path" or "namespace/pod:path".
result<copy_end> parse_copy_end(const std::string& word);

/// "a/b/" → "b"; empty for "/" and ".".
std::string base_name(std::string_view path);
/// "a/b/" → "a", "/a" → "/", "a" → "".
std::string folder_name(std::string_view path);

/// What a container without tar makes of a copy; `complaint` is how the command failed.
std::string copy_failure(const std::string& complaint, int exit_code);

} // namespace actord::cli
