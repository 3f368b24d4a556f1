#include "schema/view/config_map_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {

namespace {

text_map decoded_map(const read::value& in) {
  text_map out;
  in.each_member([&](std::string_view key, read::value value) {
    out.emplace(key, read::base64_decoded(value.view()).value_or(std::string()));
  });
  return out;
}

} // namespace

config_map_view parse_config_map(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  return {parse_meta(object), object["data"].text_map(), decoded_map(object["binaryData"]),
          object["immutable"].flag()};
}

secret_view parse_secret(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  return {parse_meta(object), object["type"].text(), decoded_map(object["data"]), object["immutable"].flag()};
}

} // namespace actord::schema
