#include "schema/view/network/service_range_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {

service_range_view parse_service_range(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  return {parse_meta(object), object["spec"]["cidrs"].texts(),
          object["status"]["conditions"].list(parse_condition)};
}

} // namespace actord::schema
