#pragma once

#include "actors/api/request_route.hpp"
#include "actors/objects/write_command.hpp"
#include "schema/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A request for an extension server, as this server sees it on its way through. Pure.

namespace actord::actors {

/// Where a path below /apis leads.
struct extension_path {
  std::string group;
  std::string version;                  ///< empty: the path names the group only
  std::optional<resource_route> target; ///< what is asked for; none: the version as a whole (its discovery)
};

/// None for paths that are not "/apis/GROUP...", and for those that an extension server might read in another
/// way than authorization here did: empty segments, "." and "..", slashes in disguise, broken escapes.
///
/// The rows of the route are made for this request: they say group, version and plural, namespaced or not,
/// and have no type behind them.
std::optional<extension_path> read_extension_path(std::string_view path);

/// Who asks, in the headers an extension server believes a front proxy: X-Remote-User, X-Remote-Uid,
/// X-Remote-Group, X-Remote-Extra-KEY. An error when something in it cannot be said in a header.
using header_fields = std::vector<std::pair<std::string, std::string>>;
result<header_fields> identity_headers(const caller_identity& caller);

} // namespace actord::actors
