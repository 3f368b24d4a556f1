#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"

#include <string>
#include <string_view>

/// Stored objects of kinds whose versions only a webhook can convert. The object in another version is made
/// as bytes that look as if that version were the stored one, so that whoever renders, selects or prints
/// objects need not know of conversion:
///
///   bytes (v1) ── as_written ──▶ tree (v1) ── webhook ──▶ tree (v2) ── transcoded ──▶ bytes (v2)

namespace actord::schema {

/// Whether a webhook converts between the versions of the kind. A pointer test for built-in kinds.
bool converts(const resource_type& type);
/// Version of a custom kind in which a stored object was written; empty for built-in kinds and for what is no
/// object.
std::string written_version(std::string_view bytes);
/// Whether the bytes have to be converted before they can be shown as `type`.
bool needs_conversion(std::string_view bytes, const resource_type& type);

/// The row of the version the object was written in, of the definition of `type`.
///   internal  the definition has no such version (any more)
result<resource_handle> written_row(const object_view& object, const resource_handle& type);

/// The object as it was written, with kind and apiVersion, without resourceVersion: what is to be converted.
json as_written(const object_view& object, const resource_type& written);

/// `converted` is what the webhook made of `object`, of `type`. Revision and cause stay the object's own.
std::string transcoded(const object_view& object, const resource_type& type, const json& converted);

/// encode_object in the version of `type`, whichever the kind is stored in.
std::string encode_in_version(const resource_type& type, const json& object, const write_cause& cause);

} // namespace actord::schema
