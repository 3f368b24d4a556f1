#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/patch/field_set.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {

enum class ownership : std::uint8_t { update, apply };

/// Who an entry of metadata.managedFields belongs to. Applying is one identity in all API versions; updating
/// is one for each.
struct field_manager_id {
  std::string manager;
  ownership operation = ownership::update;
  std::string api_version;
  std::string subresource;

  [[nodiscard]] bool same_writer(const field_manager_id& other) const {
    return manager == other.manager && operation == other.operation && subresource == other.subresource &&
           (operation == ownership::apply || api_version == other.api_version);
  }
};

/// One entry of metadata.managedFields.
struct managed_entry {
  field_manager_id id;
  std::string time; ///< RFC 3339 in whole seconds, or empty
  field_set fields;
};

using managed_entries = std::vector<managed_entry>;

/// Null when the value is no valid list of entries (of an operation, API version or fields type unknown).
std::optional<managed_entries> decode_managed_fields(const json& value);
/// Sorts and encodes: appliers first, then by time, manager, API version, subresource.
json encode_managed_fields(managed_entries entries);

/// Writes the entries that own anything into metadata.managedFields; removes the member when there are none.
void store_managed_fields(json& object, managed_entries entries);
/// metadata.managedFields, or null.
const json& managed_fields_of(const json& object);
/// The entry of the same writer, or null.
managed_entry* find_entry(managed_entries& entries, const field_manager_id& id);

/// What the server itself writes or what names the object: nobody owns these.
const field_set& nobodys_fields();

/// A manager as it is named in a conflict: `"m2" with subresource "status" using apps/v1`.
std::string printed_manager(const field_manager_id& id);

} // namespace actord::schema
