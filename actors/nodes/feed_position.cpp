#include "actors/nodes/feed_position.hpp"

#include "schema/base/json.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/own_record.hpp"

namespace actord::actors {
namespace {

constexpr const char* name = "feed-position";

const schema::resource_type& row() {
  static const schema::resource_type made =
      schema::own_record(schema::node_record_id, "NodeRecord", "noderecords");
  return made;
}

} // namespace

object_key position_key() { return {schema::node_record_id, {}, name}; }

std::string encode_position(const net::feed_position& position) {
  return schema::encode_object(row(),
                               {{"metadata", {{"name", name}}},
                                {"cluster", position.cluster},
                                {"revision", position.at.value},
                                {"scope", position.scope}},
                               {});
}

std::optional<net::feed_position> decode_position(std::string_view bytes) {
  const auto view = schema::object_view::open(bytes);
  if (bytes.empty() || !view) return std::nullopt;
  const json object = json::parse(view->text(), nullptr, false);
  if (!object.is_object()) return std::nullopt;
  const json revision_there = object.value("revision", json());
  const json scope = object.value("scope", json());
  const json cluster = object.value("cluster", json());
  if (!revision_there.is_number_unsigned() || !scope.is_number_unsigned() || !cluster.is_string())
    return std::nullopt;
  return net::feed_position{cluster.get<std::string>(), revision{revision_there.get<std::uint64_t>()},
                            scope.get<std::uint32_t>()};
}

} // namespace actord::actors
