#pragma once

#include "schema/base/result.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// Files and folders of this machine as a tar stream and back, for copies to and from containers. Streams of
/// any length: nothing is held but a piece.

namespace actord::runtime {

using archive_sink = std::function<result<void>(std::string_view piece)>;
/// The next piece; empty at the end.
using archive_source = std::function<result<std::string>()>;

struct archived_tree {
  std::size_t entries = 0;
  /// What was left out, with the reason: "x: a socket".
  std::vector<std::string> skipped = {};
};

/// Writes `path` and all below it, called `name` there. Symlinks stay symlinks.
result<archived_tree> write_tree_archive(const std::string& path, const std::string& name,
                                         const archive_sink& sink);

/// Unpacks the member `name` and all below it as `target`; an empty name means all members, below `target`.
/// Who packed it is not trusted: nothing is written outside of `target`, and links and devices are left out.
result<archived_tree> read_tree_archive(const archive_source& source, const std::string& name,
                                        const std::string& target);

/// "./a//b/" → "a/b"; what tools put into an archive for such a path, without a leading "/" and without
/// anything up to the last "..".
std::string archived_name(std::string_view path);

} // namespace actord::runtime
