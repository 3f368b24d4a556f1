#include "schema/view/workloads/revision_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {

revision_view parse_revision(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  return {parse_meta(object), object["revision"].number(), object["data"].raw()};
}

} // namespace actord::schema
