#include "schema/view/namespace_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {

namespace_view parse_namespace(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  return {parse_meta(object), object["spec"]["finalizers"].texts(), object["status"]["phase"].text(),
          object["status"]["conditions"].list(parse_condition)};
}

} // namespace actord::schema
