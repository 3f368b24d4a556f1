#include "actors/webhooks/review_object.hpp"

#include "schema/codec/decode.hpp"
#include "schema/custom/custom_kind.hpp"
#include "schema/object/version_views.hpp"
#include "schema/rules/kind_rules.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/write/complete_object.hpp"
#include "schema/write/scale.hpp"

namespace actord::actors {
namespace {

/// Bodies that are not the object itself.
bool is_posted(std::string_view subresource) {
  return subresource == "binding" || subresource == "eviction" || subresource == "token";
}

json converted(const schema::resource_type& from, const schema::resource_type& to, json object) {
  if (from.id == to.id) return object;
  if (to.custom == nullptr) {
    object = schema::from_stored_view(to, schema::to_stored_view(from, std::move(object)));
  } else {
    object = schema::custom::from_stored(*to.custom, from.custom->version, std::move(object));
  }
  object["apiVersion"] = to.api_version();
  object["kind"] = to.kind;
  return object;
}

} // namespace

json shown_object(const schema::resource_type& type, std::string_view subresource,
                  const schema::resource_type& as, const json& object) {
  if (object.is_null() || is_posted(subresource)) return object;
  if (subresource == "scale") return schema::scale_of(type, object);
  json shown = converted(type, as, object);
  if (as.type != nullptr) schema::complete_object(*as.type, shown);
  return shown;
}

result<json> taken_back(const schema::resource_type& type, std::string_view subresource,
                        const schema::resource_type& as, const json& before, const json& patched) {
  const auto kind = schema::body_kind_of(subresource == "scale" || is_posted(subresource) ? type : as,
                                         subresource == "scale" || is_posted(subresource) ? subresource : "");
  auto decoded = schema::decode_tree(kind, patched, schema::field_validation::ignore);
  if (!decoded) return decoded.error();
  if (is_posted(subresource)) return std::move(decoded->object);
  if (subresource == "scale") return schema::with_scale(type, before, decoded->object);
  json object = std::move(decoded->object);
  object["apiVersion"] = as.api_version();
  object["kind"] = as.kind;
  schema::set_defaults(as, object);
  return converted(as, type, std::move(object));
}

} // namespace actord::actors
