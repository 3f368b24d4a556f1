#pragma once

#include "schema/base/json.hpp"

#include <span>

/// Pieces of OpenAPI documents. Only for sources of schema/discovery.

namespace actord::schema {
struct object_type;
struct resource_type;
} // namespace actord::schema

namespace actord::schema::discovery {

enum class openapi_dialect { swagger2, openapi3 };

/// Adds the type and all it refers to.
void add_definition(const object_type& type, openapi_dialect dialect, json& definitions);
/// The same for a custom kind, from the schema of its definition.
void add_custom_definition(const resource_type& row, openapi_dialect dialect, json& definitions);
/// {"$ref": ...}
json reference_to(const object_type& type, openapi_dialect dialect);
/// Adds the paths of a resource, and the definitions they refer to.
void add_paths(const resource_type& row, openapi_dialect dialect, json& paths, json& definitions);

/// A swagger2 document in the protobuf form of the gnostic library.
std::string swagger_protobuf(const json& document);
/// The same for an openapi3 document.
std::string openapi3_protobuf(const json& document);

} // namespace actord::schema::discovery
