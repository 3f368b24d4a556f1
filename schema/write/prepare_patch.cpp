#include "schema/codec/decode.hpp"
#include "schema/patch/field_compare.hpp"
#include "schema/patch/field_manager.hpp"
#include "schema/rules/kind_rules.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/write/finish_write.hpp"
#include "schema/write/object_metadata.hpp"
#include "schema/write/patched_object.hpp"
#include "schema/write/prepare_scale.hpp"

#include <fmt/format.h>

namespace actord::schema {
namespace {

std::string resource_name(const resource_type& type) {
  return type.group.empty() ? std::string(type.plural) : fmt::format("{}.{}", type.plural, type.group);
}

error not_found(const versioned_context& context) {
  error refused{
      error_kind::not_found,
      fmt::format("{} \"{}\" not found", resource_name(context.type), context.name),
      {},
      error_subject{
          std::string(context.type.group), std::string(context.type.plural), std::string(context.name), {}},
      0};
  return refused;
}

/// Names as the request demands, for an object that a patch made.
result<void> settle_names(const versioned_context& context, json& object) {
  if (auto settled = settle_namespace(context.type, context.space, object); !settled) return settled;
  return check_request_name(object, context.name);
}

/// What is applied to when there is nothing: the object to which nothing was given.
json nothing_yet(const resource_type& type) {
  json object = zero_object(*type.type);
  object["kind"] = type.kind;
  object["apiVersion"] = type.api_version();
  return object;
}

error untyped(const versioned_context& context, std::string_view why) {
  return {error_kind::internal,
          fmt::format("failed to create typed patch object ({}/{}; {}, Kind={}): {}", context.space,
                      context.name, context.type.api_version(), context.type.kind, why),
          {},
          {},
          0};
}

result<prepared_write> create_by_apply(const versioned_context& context, json object,
                                       std::vector<std::string> warnings) {
  if (const std::string uid = metadata_text(object, "uid"); !uid.empty()) {
    error refused = not_found(context);
    refused.kind = error_kind::conflict;
    refused.message =
        fmt::format("Operation cannot be fulfilled on {} \"{}\": uid mismatch: the provided object specified "
                    "uid {}, and no existing object was found",
                    resource_name(context.type), context.name, uid);
    return refused;
  }
  return finish_create(context, std::move(object), std::move(warnings), ownership_state::tracked);
}

/// A configuration of another kind would be read by the wrong type.
result<void> check_applied_kind(const resource_type& type, const json& configuration) {
  const auto found = configuration.find("kind");
  if (found == configuration.end() || !found->is_string())
    return error{error_kind::bad_request, "Object 'Kind' is missing in the apply patch", {}, {}, 0};
  if (*found == type.kind) return {};
  return error{error_kind::bad_request,
               fmt::format("Incorrect kind specified in apply patch. Specified patch kind: {}, expected: {}",
                           found->get<std::string>(), type.kind),
               {},
               {},
               0};
}

result<prepared_write> prepare_apply(const versioned_context& context, std::string_view body,
                                     const json* current) {
  std::vector<std::string> warnings;
  const auto configuration = read_configuration(body, context.validation, warnings);
  if (!configuration) return configuration.error();
  if (auto same = check_applied_kind(context.type, *configuration); !same) return std::move(same).error();
  const json live = current != nullptr ? *current : nothing_yet(context.type);
  auto merged = apply_configuration(writer_of(context), live, *configuration, context.force);
  if (!merged) return std::move(merged).error();
  auto typed = decode_tree(body_kind_of(context.type), *merged, field_validation::ignore);
  if (!typed) return untyped(context, typed.error().message);
  json object = std::move(typed->object);
  set_defaults(context.type, object);
  if (auto settled = settle_names(context, object); !settled) return std::move(settled).error();
  if (current == nullptr) return create_by_apply(context, std::move(object), std::move(warnings));
  auto prepared =
      finish_update(context, std::move(object), *current, std::move(warnings), ownership_state::tracked);
  if (prepared && !configuration->contains(json::json_pointer("/metadata/resourceVersion")))
    prepared->expected_revision.clear();
  return prepared;
}

} // namespace

result<prepared_write> prepare_patch(const versioned_context& context, patch_format format,
                                     std::string_view body, const json* current) {
  if (current == nullptr && (format != patch_format::apply || !context.subresource.empty()))
    return not_found(context);
  if (context.subresource == "scale") return prepare_scale_patch(context, format, body, *current);
  if (format == patch_format::apply) return prepare_apply(context, body, current);
  auto patched = patch_object(body_kind_of(context.type, context.subresource), format, body, *current,
                              context.validation);
  if (!patched) return std::move(patched).error();
  set_defaults(context.type, patched->object);
  if (auto settled = settle_names(context, patched->object); !settled) return std::move(settled).error();
  auto prepared = finish_update(context, std::move(patched->object), *current, std::move(patched->warnings),
                                ownership_state::to_track);
  if (prepared && !patched->names_revision) prepared->expected_revision.clear();
  return prepared;
}

result<prepared_write> prepare_patch(const write_context& context, patch_format format, std::string_view body,
                                     const json* current) {
  return prepare_patch(versioned_context{context}, format, body, current);
}

} // namespace actord::schema
