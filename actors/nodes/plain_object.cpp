#include "actors/nodes/plain_object.hpp"

#include "schema/base/json.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"

namespace actord::actors {

std::string plain_object(std::string_view bytes) {
  const auto view = schema::object_view::open(bytes);
  if (!view) return {};
  if (view->key_id() == 0) return std::string(bytes);
  const auto type = schema::resource_of(view->resource());
  if (type == nullptr) return {};
  std::string plain = schema::encode_object(*type, view->to_json(*type), view->cause());
  schema::stamp_revision(plain, view->at());
  return plain;
}

} // namespace actord::actors
