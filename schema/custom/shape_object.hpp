#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

#include <string>
#include <vector>

/// What a schema does to the shape of an object before anybody judges it.
///
///   sent or stored ──prune──▶ only what the schema knows ──drop_empty──▶ no null that nobody allowed
///                  ──read_metadata──▶ metadata is metadata, in embedded resources too ──fill_defaults──▶
///                  whole

namespace actord::schema::custom {

struct schema_node;

/// Removes members that the schema does not know, but none below x-kubernetes-preserve-unknown-fields, nor
/// apiVersion, kind and metadata of the object and of embedded resources. The paths of what went
/// ("spec.a[0].b"), sorted; of the three names at the root only what is known.
std::vector<std::string> prune(const schema_node& schema, json& object);
/// The same for a value inside an object ("default").
std::vector<std::string> prune_part(const schema_node& schema, json& value);

/// Removes nulls where the schema allows none and has no default to put there.
void drop_nulls(const schema_node& schema, json& object);

/// Puts defaults where members are missing, or null without being allowed to be.
void fill_defaults(const schema_node& schema, json& value);

enum class bad_metadata : std::uint8_t { refuse, drop };

/// Gives metadata of the object and of embedded resources the one form metadata has. The paths of members
/// that metadata has not ("metadata.bogus"); the object's own come first. What cannot be metadata is an error
/// in the words of Go's decoder, or with `drop` (for objects stored long ago) left out.
result<std::vector<std::string>> read_metadata(const schema_node& schema, json& object, bad_metadata how);

} // namespace actord::schema::custom
