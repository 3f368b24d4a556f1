#include "actors/objects/plan_conversion.hpp"

#include "schema/custom/definition.hpp"
#include "schema/object/converted_object.hpp"
#include "schema/tables/custom_rows.hpp"

namespace actord::actors {

bool may_be_custom(resource_id resource) { return resource.value >= schema::first_stored_number; }

bool is_about_metadata(const write_command& command) {
  if (command.verb == write_verb::remove) return command.subresource.empty();
  const bool a_controllers = command.only_in_term.has_value() && command.verb == write_verb::patch &&
                             command.patch == schema::patch_format::merge_patch &&
                             command.subresource.empty();
  if (!a_controllers) return false;
  const json body = json::parse(command.body, nullptr, false);
  return body.is_object() && body.size() == 1 && body.contains("metadata");
}

schema::resource_handle row_as_written(const schema::resource_handle& type, std::string_view bytes) {
  if (bytes.empty()) return type;
  const auto view = schema::object_view::open_envelope(bytes);
  if (!view) return type;
  auto written = schema::written_row(*view, type);
  if (!written) return type;
  return std::move(*written);
}

bool is_outdated(std::string_view bytes, const schema::resource_type& type) {
  if (type.custom == nullptr || bytes.empty()) return false;
  return schema::written_version(bytes) != type.custom->definition->stored_row().version;
}

schema::resource_handle planned_versions::row(std::string_view api_version) const {
  const std::string_view group = type_->group;
  if (!api_version.starts_with(group) || api_version.size() <= group.size() ||
      api_version[group.size()] != '/')
    return nullptr;
  const schema::resource_type* row = type_->custom->definition->row(api_version.substr(group.size() + 1));
  return row == nullptr ? nullptr : schema::resource_handle(type_, row);
}

const schema::object_type* planned_versions::type(std::string_view api_version) const {
  const auto there = row(api_version);
  return there == nullptr ? nullptr : there->type;
}

const json* planned_versions::convert(std::string_view from, std::string_view to, const json& object) {
  const auto source = row(from);
  const auto target = row(to);
  return source == nullptr || target == nullptr ? nullptr : conversions_.tree(source, target, object);
}

} // namespace actord::actors
