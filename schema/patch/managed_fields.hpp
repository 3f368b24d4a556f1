#pragma once

#include "schema/base/json.hpp"
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

/// One entry of metadata.managedFields. Most writes leave most entries alone, so that the fields are kept as
/// they came until somebody wants to change them.
class managed_entry {
public:
  managed_entry(field_manager_id of, std::string at, json fields_v1);
  managed_entry(field_manager_id of, std::string at, field_set fields);

  field_manager_id id;
  std::string time; ///< RFC 3339 in whole seconds, or empty

  [[nodiscard]] bool empty() const;
  [[nodiscard]] bool overlaps(const field_set& set) const;
  [[nodiscard]] const field_set& fields() const;
  field_set& change_fields();
  [[nodiscard]] json fields_v1() const;

private:
  mutable std::optional<field_set> fields_; ///< decoded when it was first asked for
  json source_;                             ///< null once `fields_` was changed
};

using managed_entries = std::vector<managed_entry>;

/// Nothing when the value is no valid list of entries (of an operation, API version or fields type unknown).
/// What the server stored itself is `trusted`: its fields are not looked at before they are needed.
std::optional<managed_entries> decode_managed_fields(const json& value, bool trusted);
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
