#pragma once

#include "actors/controllers/plan.hpp"

#include <optional>
#include <string>
#include <vector>

/// Endpoints that somebody wrote by hand for a Service without a selector, shown as EndpointSlices: that is
/// what proxies read.

namespace actord::actors {

/// A slice this controller made, as it is stored.
struct mirrored_slice {
  json object;
  revision at;
};

struct mirror_state {
  object_key key;                     ///< of the Endpoints
  std::optional<json> endpoints;      ///< none when they are gone
  bool mirrors = false;               ///< their Service has no selector, and nobody else makes slices for it
  std::vector<mirrored_slice> slices; ///< managed by this controller
};

/// One slice for each subset and address family. Slices that fit are kept, those with the same addresses'
/// type are changed, the others replaced.
plan reconcile(const mirror_state& state);

/// Whether these Endpoints ask not to be mirrored.
bool refuses_mirror(const json& endpoints);

} // namespace actord::actors
