#include "actors/api/request_body.hpp"

#include "schema/base/json.hpp"
#include "schema/codec/decode.hpp"

#include <simdjson.h>

namespace actord::actors {

std::string peek_name(std::string_view body, schema::body_format format) {
  if (format != schema::body_format::json) return {};
  thread_local simdjson::ondemand::parser parser;
  constexpr std::size_t kept_bytes = std::size_t{256} * 1024; // what a large body needed is not kept
  if (parser.capacity() > kept_bytes && body.size() < kept_bytes) parser = simdjson::ondemand::parser();
  const simdjson::padded_string padded(body);
  simdjson::ondemand::document document;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS) return {};
  std::string_view name;
  if (document["metadata"]["name"].get_string().get(name) != simdjson::SUCCESS) return {};
  return std::string(name);
}

result<std::string> delete_options_json(std::string_view body, schema::body_format format) {
  if (format == schema::body_format::json) return std::string(body);
  static const schema::body_kind kind =
      schema::options_kind("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions");
  auto decoded = schema::decode_object(kind, format, body, schema::field_validation::ignore);
  if (!decoded) return decoded.error();
  return decoded->object.dump();
}

} // namespace actord::actors
