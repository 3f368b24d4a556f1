#pragma once

#include <optional>
#include <string>
#include <string_view>

/// The API's description for clients that check or explain manifests (kubectl), rendered from the type and
/// resource tables when first asked for, and again when custom kinds come, change or go.

namespace actord::schema::discovery {

/// /openapi/v3: which documents there are.
std::string openapi_v3_index();
/// One document ("api/v1", "apis/apps/v1"). Nothing when there is none of that name.
std::optional<std::string> openapi_v3(std::string_view name);
/// The same as protobuf, which Go clients may ask for (by a name with "@v1.0", which Go cannot read in an
/// answer).
std::optional<std::string> openapi_v3_protobuf(std::string_view name);
inline constexpr std::string_view openapi_v3_protobuf_type =
    "application/com.github.proto-openapi.spec.v3.v1.0+protobuf";

/// /openapi/v2 as JSON.
std::string openapi_v2();
/// The same as protobuf, which is what kubectl asks for.
std::string openapi_v2_protobuf();
inline constexpr std::string_view openapi_v2_protobuf_type =
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

} // namespace actord::schema::discovery
