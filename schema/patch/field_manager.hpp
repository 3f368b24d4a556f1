#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"
#include "schema/patch/field_set.hpp"
#include "schema/patch/managed_fields.hpp"

#include <string_view>

namespace actord::schema {

struct object_type;

/// Entries that update managers may have on one object before the oldest are merged into "ancient-changes".
inline constexpr std::size_t max_update_managers = 10;

/// The versions of a kind whose fields have other names in each: fields are tracked in the version they were
/// written in, so that what changed has to be seen in that version.
class object_versions {
public:
  virtual ~object_versions() = default;
  /// Null: the kind has no such version (any more).
  [[nodiscard]] virtual const object_type* type(std::string_view api_version) const = 0;
  /// `object`, of the version `from`, in the version `to`, without managedFields. Null: it is not known
  /// (yet), and what is being made is worth nothing.
  virtual const json* convert(std::string_view from, std::string_view to, const json& object) = 0;
};

/// The writer whose fields are tracked.
struct field_writer {
  const object_type& type;
  std::string_view manager; ///< "unknown" is recorded when it is empty
  std::string_view api_version;
  std::string_view subresource;
  wall_time now;
  /// Fields that a write of this (sub)resource cannot change; nobody comes to own them by it.
  const field_set& untouchable;
  object_versions* versions = nullptr; ///< null where fields have the same names in all versions

  [[nodiscard]] field_manager_id id(ownership operation) const;
};

/// Sets metadata.managedFields of `object`, an object that is about to replace `live`: added and changed
/// fields go to the writer, removed fields are taken from everybody. `live` is null on a create. What the
/// client sent in managedFields counts as the ownership so far; an empty list resets all of it. Ownership is
/// also given up when list items cannot be told apart.
void track_update(const field_writer& writer, const json* live, json& object);

/// The configuration that somebody applies, as sent and decoded (nothing defaulted), merged into `live`:
/// fields it mentions become the writer's, fields the writer applied before and left out now are removed
/// unless somebody else owns them. `live` is the zero object (with kind and apiVersion) when the apply
/// creates.
///   conflict     fields belong to others and `force` is false; a cause for each
///   bad_request  managedFields were sent
///   internal     the configuration is none of the type (unknown members, list items without keys)
/// The result carries managedFields. Defaults are the caller's business.
result<json> apply_configuration(const field_writer& writer, const json& live, const json& applied,
                                 bool force);

/// Whether the objects differ in more than metadata.resourceVersion and the times of managedFields.
bool differ_beyond_times(const json& before, const json& after);

} // namespace actord::schema
