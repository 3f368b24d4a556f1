#pragma once

#include <optional>
#include <string>
#include <string_view>

/// What the server says it serves, as JSON documents: made when first asked for and again when custom kinds
/// come or go.

namespace actord::schema::discovery {

/// /api. Clients in the cluster's network reach the server at `address` ("10.0.0.1:6443").
std::string core_versions(std::string_view address);
/// /apis
std::string group_list();
/// /apis/apps. Nothing when there is no such group.
std::optional<std::string> group(std::string_view name);
/// /api/v1 (empty group), /apis/apps/v1. Nothing when that version is not served.
std::optional<std::string> resource_list(std::string_view group, std::string_view version);

/// /api and /apis for clients that accept `g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`.
std::string aggregated_core();
std::string aggregated_groups();
inline constexpr std::string_view aggregated_content_type =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// /version
std::string_view version();

} // namespace actord::schema::discovery
