#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"
#include "schema/base/rng.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What a write does to metadata whatever the kind.

namespace actord::schema {

struct resource_type;

/// Generated names are cut so that name and suffix are a DNS label.
inline constexpr std::size_t generated_name_prefix_max = 58;

/// The member of metadata as text; empty when it is absent.
std::string metadata_text(const json& object, const char* member);

/// Takes out what only the server sets on a new object: uid, times, selfLink.
void clear_system_metadata(json& object);

/// Fills in the namespace of the request path, or drops a namespace from a cluster-wide object. bad_request
/// when both name one and they differ.
result<void> settle_namespace(const resource_type& type, std::string_view request_space, json& object);

/// bad_request unless the object has the name of the request path.
result<void> check_request_name(const json& object, std::string_view request_name);

/// Removes owner references that are there twice; the warning for the client, or nothing.
std::string drop_repeated_owners(json& object, bool after_admission);

/// Gives a new object its uid, creation time and, if it asked for one, a generated name.
void fill_system_metadata(json& object, wall_time now, random_source& random);

/// Carries over what an update can neither set nor lose.
void keep_system_metadata(json& object, const json& current);

/// Conflict for metadata.uid or metadata.resourceVersion of an update that are not those of `current`;
/// invalid when the kind wants a resourceVersion and none was sent.
result<void> check_update_preconditions(const resource_type& type, const json& object, const json& current);

} // namespace actord::schema
