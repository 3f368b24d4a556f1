#include "schema/tables/own_record.hpp"

namespace actord::schema {

resource_type own_record(resource_id id, std::string_view kind, std::string_view plural) {
  resource_type made;
  made.id = id;
  made.stored_as = id;
  made.group = "actord.dev";
  made.version = "v1";
  made.kind = kind;
  made.plural = plural;
  return made;
}

} // namespace actord::schema
