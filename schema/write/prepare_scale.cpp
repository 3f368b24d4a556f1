#include "schema/write/prepare_scale.hpp"

#include "schema/codec/decode.hpp"
#include "schema/patch/field_manager.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/write/finish_write.hpp"
#include "schema/write/object_metadata.hpp"
#include "schema/write/patched_object.hpp"
#include "schema/write/scale.hpp"

namespace actord::schema {
namespace {

/// Entries for the scale subresource have no time in Kubernetes; clients that compare answers see the same
/// here.
void drop_scale_times(json& object) {
  const auto entries = object["metadata"].find("managedFields");
  if (entries == object["metadata"].end()) return;
  for (json& entry : *entries)
    if (entry.value("subresource", std::string()) == "scale") entry.erase("time");
}

/// Writes the scale into the object and finishes it as a write of the object itself; only ownership remembers
/// that it came through the subresource.
result<prepared_write> finish_scale(const versioned_context& context, const json& scale, const json& current,
                                    std::vector<std::string> warnings) {
  if (auto named = check_request_name(scale, context.name); !named) return std::move(named).error();
  auto scaled = with_scale(context.type, current, scale);
  if (!scaled) return std::move(scaled).error();
  json& metadata = (*scaled)["metadata"];
  metadata.erase("resourceVersion");
  for (const char* member : {"uid", "resourceVersion"})
    if (const std::string sent = metadata_text(scale, member); !sent.empty()) metadata[member] = sent;
  track_update(writer_of(context), &current, *scaled);
  drop_scale_times(*scaled);
  versioned_context whole = context;
  whole.subresource = {};
  return finish_update(whole, std::move(*scaled), current, std::move(warnings), ownership_state::tracked);
}

/// An apply to a Scale is an apply to the replicas of the object.
result<prepared_write> apply_scale(const versioned_context& context, std::string_view body,
                                   const json& current) {
  std::vector<std::string> warnings;
  const auto configuration = read_configuration(body, context.validation, warnings);
  if (!configuration) return configuration.error();
  if (auto named = check_request_name(*configuration, context.name); !named) return std::move(named).error();
  auto typed =
      decode_tree(*body_kind_of(context.type, "scale").type, *configuration, field_validation::ignore);
  if (!typed) return std::move(typed).error();
  auto checked = with_scale(context.type, current, typed->object);
  if (!checked) return std::move(checked).error();
  json replicas = {{"apiVersion", context.type.api_version()}, {"kind", context.type.kind}};
  const auto spec = typed->object.find("spec");
  if (spec != typed->object.end() && spec->contains("replicas"))
    set_replicas(context.type, replicas, (*spec)["replicas"]);
  auto merged = apply_configuration(writer_of(context), current, replicas, context.force);
  if (!merged) return std::move(merged).error();
  drop_scale_times(*merged);
  versioned_context whole = context;
  whole.subresource = {};
  return finish_update(whole, std::move(*merged), current, std::move(warnings), ownership_state::tracked);
}

} // namespace

result<prepared_write> prepare_scale_update(const versioned_context& context, body_format format,
                                            std::string_view body, const json& current) {
  auto read = decode_object(body_kind_of(context.type, "scale"), format, body, context.validation);
  if (!read) return std::move(read).error();
  if (auto settled = settle_namespace(context.type, context.space, read->object); !settled)
    return std::move(settled).error();
  if (context.validation != field_validation::warn) read->warnings.clear();
  return finish_scale(context, read->object, current, std::move(read->warnings));
}

result<prepared_write> prepare_scale_patch(const versioned_context& context, patch_format format,
                                           std::string_view body, const json& current) {
  if (format == patch_format::apply) return apply_scale(context, body, current);
  const json shown = scale_of(context.type, current);
  auto patched = patch_object(body_kind_of(context.type, "scale"), format, body, shown, context.validation);
  if (!patched) return std::move(patched).error();
  auto prepared = finish_scale(context, patched->object, current, std::move(patched->warnings));
  if (prepared && !patched->names_revision) prepared->expected_revision.clear();
  return prepared;
}

} // namespace actord::schema
