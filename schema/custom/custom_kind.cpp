#include "schema/custom/custom_kind.hpp"

#include "schema/base/always.hpp"
#include "schema/base/json.hpp"
#include "schema/custom/definition.hpp"
#include "schema/custom/shape_object.hpp"

#include <algorithm>

namespace actord::schema::custom {
namespace {

/// Shapes an object that is in the store: nothing in it is anybody's mistake now.
void shape_stored(const custom_kind& kind, json& object, bool with_defaults) {
  prune(kind.schema, object);
  drop_nulls(kind.schema, object);
  if (with_defaults) fill_defaults(kind.schema, object);
  (void)read_metadata(kind.schema, object, bad_metadata::drop);
}

json content_of(const json& object) {
  json content = object;
  content.erase("metadata");
  return content;
}

/// Takes over `old`'s member, or its absence.
void restore(json& object, const json& old, const char* name) {
  const auto found = old.find(name);
  if (found == old.end())
    object.erase(name);
  else
    object[name] = *found;
}

} // namespace

result<std::vector<std::string>> take_object(const custom_kind& kind, json& object,
                                             field_validation validation) {
  std::vector<std::string> pruned = prune(kind.schema, object);
  drop_nulls(kind.schema, object);
  auto metadata = read_metadata(kind.schema, object, bad_metadata::refuse);
  if (!metadata) return std::move(metadata).error();
  if (validation == field_validation::ignore) return std::vector<std::string>{};
  // The object's own metadata is read first, then the object, then what is embedded.
  const auto embedded = std::ranges::stable_partition(
      *metadata, [](const std::string& path) { return path.starts_with("metadata."); });
  std::vector<std::string> unknown(metadata->begin(), embedded.begin());
  unknown.insert(unknown.end(), pruned.begin(), pruned.end());
  unknown.insert(unknown.end(), embedded.begin(), embedded.end());
  for (std::string& path : unknown) path = "unknown field \"" + path + "\"";
  return unknown;
}

json from_stored(const custom_kind& kind, std::string_view stored_version, json object) {
  const custom_kind* written = kind.definition->version(stored_version);
  if (written == nullptr) written = &kind;
  shape_stored(*written, object, true);
  if (written != &kind && kind.definition->conversion() == nullptr) shape_stored(kind, object, false);
  return object;
}

json to_stored(const custom_kind& kind, json object) {
  const custom_kind& stored = *kind.definition->stored_row().custom;
  if (&stored == &kind) return object;
  ALWAYS_WITH(kind.definition->conversion() == nullptr, kind.definition->name());
  shape_stored(stored, object, false);
  return object;
}

void shape_converted(const custom_kind& kind, json& object) { shape_stored(kind, object, false); }

void prepare_create(json& object, const custom_kind& kind) {
  if (kind.has_status) object.erase("status");
  object["metadata"]["generation"] = 1;
}

void prepare_update(json& object, const json& old, const custom_kind& kind, std::string_view subresource) {
  if (subresource == "status") {
    json kept = old;
    restore(kept["metadata"], object["metadata"], "managedFields");
    restore(kept, object, "status");
    object = std::move(kept);
  } else if (kind.has_status) {
    restore(object, old, "status");
  }
  restore(object["metadata"], old.at("metadata"), "generation");
  if (subresource == "status" || content_of(object) == content_of(old)) return;
  object["metadata"]["generation"] = old.at("metadata").value("generation", std::int64_t{0}) + 1;
}

} // namespace actord::schema::custom
