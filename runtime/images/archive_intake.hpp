#pragma once

#include "schema/base/result.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace actord::runtime {

/// A file of an archive, set aside under a name of ours.
struct intake_file {
  std::string path;
  std::string sha256; ///< hexadecimal, of its content
  std::int64_t size_bytes = 0;
};

/// What an archive holds, by the names it uses.
using intake = std::map<std::string, intake_file>;

/// Reads a tar (plain, gzip or zstd) from the descriptor to its end and sets its regular files aside in
/// `directory` as "0", "1", ...: no name from the archive becomes a path on the machine. Links to such files
/// are followed by name.
result<intake> take_in_archive(int from, const std::string& directory, std::int64_t limit_bytes);

} // namespace actord::runtime
