#pragma once

#include "actors/aggregation/local_services.hpp"
#include "schema/discovery/openapi_added.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The documents by which clients learn what there is, with what extension servers add. Pure; JSON texts in
/// and out.
///
/// Groups stand by the highest priority any of their versions gives them, then by name; versions by theirs,
/// then as Kubernetes orders versions. What this server serves itself keeps its place.

namespace actord::actors {

/// A version of a group as discovery lists it.
struct listed_extension {
  std::string group;
  std::string version;
  service_priority priority;
  std::string resources; ///< see extension_report
  bool fresh = false;
  std::string openapi_v3;
  std::shared_ptr<const schema::discovery::openapi_v2_addition> openapi_v2 = nullptr;
};
using extension_list = std::vector<listed_extension>;

/// /apis
std::string groups_with(std::string_view local, std::span<const listed_extension> extensions);
/// /apis/GROUP. `local` is this server's own; none where it has no such group.
std::optional<std::string> group_with(const std::optional<std::string>& local, std::string_view group,
                                      std::span<const listed_extension> extensions);
/// /apis as APIGroupDiscoveryList.
std::string aggregated_with(std::string_view local, std::span<const listed_extension> extensions);
/// What is added to /openapi/v2.
std::vector<std::shared_ptr<const schema::discovery::openapi_v2_addition>>
openapi_v2_of(std::span<const listed_extension> extensions);
/// /openapi/v3
std::string openapi_index_with(std::string_view local, std::span<const listed_extension> extensions);

// What extension servers say. Nothing for what is none of it.

/// The resources of a version out of an APIGroupDiscoveryList.
std::optional<std::string> resources_of_aggregated(std::string_view document, std::string_view group,
                                                   std::string_view version);
/// The same made of an APIResourceList.
std::optional<std::string> resources_of_list(std::string_view document, std::string_view group,
                                             std::string_view version);
/// Where an index of /openapi/v3 lists the document of a version: a path below /openapi/v3/ of that version
/// and no other. Empty when it lists none.
std::string openapi_address_of(std::string_view index, std::string_view group, std::string_view version);

} // namespace actord::actors
