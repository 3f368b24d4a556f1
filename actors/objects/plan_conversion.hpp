#pragma once

#include "actors/conversion/write_conversions.hpp"
#include "actors/objects/write_command.hpp"
#include "schema/patch/field_manager.hpp"
#include "schema/tables/resource_table.hpp"

#include <string>

/// What a plan does differently for custom kinds whose versions a webhook converts.

namespace actord::actors {

/// Whether commands for the key may need a webhook: numbers that built-in kinds have not.
bool may_be_custom(resource_id resource);

/// Whether the write changes nothing but metadata, which is the same in all versions: deletions, and what
/// controllers do to finalizers and owners. Such a write needs no webhook, so that a broken one does not keep
/// objects from going: it is planned, and stored, in the version the object was written in.
bool is_about_metadata(const write_command& command);

/// The row of the version that the stored bytes were written in, of the definition of `type`; `type` itself
/// where that cannot be told.
schema::resource_handle row_as_written(const schema::resource_handle& type, std::string_view bytes);

/// Whether an object of a custom kind lies there in another version than new ones do.
bool is_outdated(std::string_view bytes, const schema::resource_type& type);

/// The versions of `type` as field ownership asks for them. Must not outlive the conversions.
class planned_versions final : public schema::object_versions {
public:
  planned_versions(schema::resource_handle type, write_conversions& conversions)
      : type_(std::move(type)), conversions_(conversions) {}

  [[nodiscard]] const schema::object_type* type(std::string_view api_version) const override;
  const json* convert(std::string_view from, std::string_view to, const json& object) override;

private:
  [[nodiscard]] schema::resource_handle row(std::string_view api_version) const;

  const schema::resource_handle type_;
  write_conversions& conversions_;
};

} // namespace actord::actors
